"""The practice checkout's stand-in for Stripe: embedded mode without a Stripe key only.

Subscriptions look as Stripe's do and are kept with the user; no money moves. What is done with one
becomes an event that is signed, verified and acted on as Stripe's own are.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

import stripe

from stats.errors import InvalidInput
from stats.lib.text import as_text
from stats.plans.plan import Plan
from stats.plans.price import Interval
from stats.plans.subscription import LIVE
from stats.store.client import Db
from stats.store.keys import PRACTICE_KINDS, user_keys
from stats.store.scripts import run

MONTH = 30 * 86_400
PREFIX = "cus_practice_"
PRODUCTS: Mapping[str, Plan] = {
    "prod_practice_plus": Plan.PLUS,
    "prod_practice_premium": Plan.PREMIUM,
}
ACTIONS = ("pay", "change", "end", "resume", "finish")


def practice_secret(secret_key: str) -> str:
    """Return the webhook secret of practice events, which nobody but this instance knows."""
    return "whsec_" + hashlib.sha256(f"practice:{secret_key}".encode()).hexdigest()


class PracticeGateway:
    """Answers what Stripe would, from what the practice checkout has stored."""

    livemode = False
    products = PRODUCTS

    def __init__(self, db: Db) -> None:
        self._db = db

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        """Return all subscriptions of a practice customer as they stand now."""
        _, subscriptions = self._read(_user(customer))
        return [_at(subscription, time.time()) for subscription in subscriptions]

    def invoices(self, subscription: str) -> list[dict[str, Any]]:
        """Practice has no invoices."""
        return []

    def create_customer(self, user_id: str, email: str, replaced: Sequence[str]) -> str:
        """Return the practice customer of a user."""
        return PREFIX + user_id

    def change_email(self, customer: str, email: str) -> None:
        """Practice customers have no address."""

    def is_deleted(self, customer: str) -> bool:
        """Practice customers go with their users."""
        return False

    def session(self, session_id: str) -> dict[str, Any] | None:
        """Practice keeps no sessions."""
        return None

    def completed_sessions(self, since: int) -> list[dict[str, Any]]:
        """Practice keeps no sessions."""
        return []

    def open_sessions(self, since: int) -> list[dict[str, Any]]:
        """Practice keeps no sessions."""
        return []

    def is_of_session(self, subscription: str) -> bool:
        """Practice keeps no sessions."""
        return False

    def keep_one_session(
        self, customer: str, plan: Plan, interval: Interval, user_id: str
    ) -> str | None:
        """Practice keeps no sessions."""
        return None

    def checkout(
        self,
        customer: str,
        plan: Plan,
        reference: str,
        user_id: str,
        back: str,
        interval: Interval,
    ) -> str:
        """Return the address of the practice checkout."""
        return f"{back}/billing/practice?plan={plan}"

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """Practice keeps no sessions."""

    def expire_session(self, session_id: str) -> None:
        """Practice keeps no sessions."""

    def portal(self, customer: str, subscription: str | None, back: str) -> str:
        """Return the address of the practice portal, which is the same page."""
        return f"{back}/billing/practice"

    def cancel(self, subscription: str) -> None:
        """Nothing is charged, so there is nothing to end: the data goes with the account."""

    def live(self, user_id: str) -> dict[str, Any] | None:
        """Return the user's live practice subscription, if there is one."""
        return _find_live(self.subscriptions(PREFIX + user_id))

    def act(self, user_id: str, action: str, plan: Plan) -> bytes:
        """Carry out an action of the practice page; return its event, unsigned.

        Raises InvalidInput for an action that does not fit the subscriptions as they stand.
        """
        stored, subscriptions = self._read(user_id)
        now = int(time.time())
        subscriptions = [_at(subscription, now) for subscription in subscriptions]
        live = _find_live(subscriptions)
        if (action == "pay") == (live is not None) or plan == Plan.FREE:
            raise InvalidInput("That does not fit your plan any more. Look at it again.", "action")
        if live is None:
            live = _subscription(user_id, plan, now)
            subscriptions.append(live)
        else:
            _change(live, action, plan, now)
        self._write(user_id, stored, subscriptions)
        return _event(_kind(action), live, now)

    def _read(self, user_id: str) -> tuple[str, list[dict[str, Any]]]:
        stored = self._db.get(user_keys(user_id, PRACTICE_KINDS)[-1])
        text = "" if stored is None else as_text(stored)
        return text, json.loads(text or "[]")

    def _write(self, user_id: str, stored: str, subscriptions: list[dict[str, Any]]) -> None:
        keys = user_keys(user_id, PRACTICE_KINDS)
        if not run(self._db, "billing/write_practice", keys, stored, json.dumps(subscriptions)):
            raise InvalidInput("That was done in another tab. Look at it again.", "action")


def _find_live(subscriptions: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((one for one in subscriptions if one["status"] in LIVE), None)


def _user(customer: str) -> str:
    return customer.removeprefix(PREFIX)


def _subscription(user_id: str, plan: Plan, now: int) -> dict[str, Any]:
    return {
        "id": f"sub_practice_{secrets.token_hex(8)}",
        "object": "subscription",
        "status": "active",
        "customer": PREFIX + user_id,
        "cancel_at_period_end": False,
        "cancel_at": None,
        "metadata": {"user_id": user_id},
        "items": {"object": "list", "data": [_item(plan, now, now + MONTH)]},
    }


def _item(plan: Plan, start: int, end: int) -> dict[str, Any]:
    product = next(name for name, product_plan in PRODUCTS.items() if product_plan == plan)
    return {
        "object": "subscription_item",
        "price": {"object": "price", "product": product},
        "current_period_start": start,
        "current_period_end": end,
    }


def _at(subscription: dict[str, Any], now: float) -> dict[str, Any]:
    """Return a subscription as the clock has made it: renewed, or ended."""
    item = subscription["items"]["data"][0]
    if subscription["status"] not in LIVE or now < item["current_period_end"]:
        return subscription
    if subscription["cancel_at_period_end"]:
        return {**subscription, "status": "canceled"}
    missed = int(now - item["current_period_end"]) // MONTH + 1
    start = item["current_period_end"] + (missed - 1) * MONTH
    renewed = {**item, "current_period_start": start, "current_period_end": start + MONTH}
    return {**subscription, "items": {"object": "list", "data": [renewed]}}


def _change(live: dict[str, Any], action: str, plan: Plan, now: int) -> None:
    if action == "change":
        item = live["items"]["data"][0]
        period = item["current_period_start"], item["current_period_end"]
        live["items"]["data"] = [_item(plan, *period)]
    elif action == "finish":
        live["status"] = "canceled"
        live["ended_at"] = now
    else:
        live["cancel_at_period_end"] = action == "end"


def _kind(action: str) -> str:
    kinds = {"pay": "created", "finish": "deleted"}
    return f"customer.subscription.{kinds.get(action, 'updated')}"


def _event(kind: str, subscription: dict[str, Any], now: int) -> bytes:
    event = {
        "id": f"evt_practice_{secrets.token_hex(8)}",
        "object": "event",
        "type": kind,
        "created": now,
        "livemode": False,
        "data": {"object": subscription},
    }
    return json.dumps(event).encode()


def sign(body: bytes, secret: str) -> str:
    """Return the signature header of an event, made as Stripe makes it."""
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret))
