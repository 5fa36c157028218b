"""Billing: a delivery from Stripe becomes a plan that is recomputed from what Stripe says now.

An event only says when to look. A ticket taken before Stripe is asked makes an older answer
unable to overwrite a newer one.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import stripe

from stats.billing_state import BillingState
from stats.errors import BillingUnavailable, InvalidInput
from stats.gateway import Gateway
from stats.plans import Plan, Subscription, read_subscription
from stats.references import read_reference
from stats.store import ORPHANS, Db, customer_key, run_kept, user_keys
from stats.text import as_text, check_id

log = logging.getLogger("stats.billing")

TOLERANCE = 300
DONE_KEPT = 35 * 86_400
KINDS = ("stats", "last_login", "days", "billing", "billing:ticket", "billing:done", "customers")
SUBSCRIPTION = "customer.subscription."
ACTED_ON = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    *(SUBSCRIPTION + what for what in ("created", "updated", "deleted", "paused", "resumed")),
    "customer.deleted",
    "invoice.paid",
    "invoice.payment_failed",
)
DISPUTE = "charge.dispute.created"


def verify(body: bytes, header: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Return the event in a delivery's raw body, signed with any of the secrets.

    Raises InvalidInput for a bad signature, one older than 300 s or from the future, and for a
    body that is no event; BillingUnavailable when no secret is set, so that Stripe tries again
    (https://docs.stripe.com/webhooks#verify-manually).
    """
    if not secrets:
        log.error("a Stripe event came, but STRIPE_WEBHOOK_SECRET is not set")
        raise BillingUnavailable("Webhooks are not set up here.")
    if not any(_signed(body, header, secret) for secret in secrets):
        raise InvalidInput("The signature is not valid.")
    try:
        event: dict[str, Any] = json.loads(body)
        event["id"], event["type"], event["data"]["object"].keys()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InvalidInput("The body is not an event.") from None
    return event


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
        stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
        # The library takes timestamps from the future.
        return len(stamps) == 1 and int(stamps[0]) <= time.time() + TOLERANCE
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        # TypeError: the library cannot compare a signature that is not ASCII.
        return False


def handle(
    db: Db, gateway: Gateway, event: Mapping[str, Any], reference_keys: Sequence[str], *, grace: int
) -> str:
    """Act on a verified event; return what was done, for the log.

    Returning means that Stripe need not send it again; anything unfinished raises.
    """
    kind = str(event.get("type"))
    if bool(event.get("livemode")) != gateway.livemode:
        log.error("event %s is of the other mode (live or test) than the key", event.get("id"))
        return "other mode"
    if kind == DISPUTE:
        log.error("a payment is disputed: event %s", event.get("id"))
        return "logged"
    if kind not in ACTED_ON and not kind.startswith(SUBSCRIPTION):
        return "ignored"
    found = event["data"]["object"]
    customer = _customer_of(kind, found)
    user_id = _resolve(db, customer, found, reference_keys)
    if user_id is None:
        return _orphan(db, event, customer, "no user")
    return sync(db, gateway, user_id, event=event, customer=customer, grace=grace)


def _customer_of(kind: str, found: Mapping[str, Any]) -> str | None:
    value = found.get("id") if kind == "customer.deleted" else found.get("customer")
    return value.get("id") if isinstance(value, Mapping) else value


def _resolve(
    db: Db, customer: str | None, found: Mapping[str, Any], keys: Sequence[str]
) -> str | None:
    """Return the user by the bound customer, else by metadata, else by the signed reference."""
    bound = db.get(customer_key(customer)) if customer else None
    if bound is not None:
        return as_text(bound)
    if found.get("object") == "subscription":
        named = (found.get("metadata") or {}).get("user_id")
        return _our_id(named)
    reference = found.get("client_reference_id")
    return read_reference(str(reference), keys) if reference else None


def _our_id(named: object) -> str | None:
    # Another product of the account's may have put anything into the metadata.
    try:
        return check_id(named)
    except InvalidInput:
        return None


def _orphan(db: Db, event: Mapping[str, Any], customer: str | None, why: str) -> str:
    kept = {"type": event.get("type"), "customer": customer, "at": int(time.time()), "why": why}
    db.hset(ORPHANS, str(event.get("id")), json.dumps(kept))
    log.error("event %s fits no user (%s)", event.get("id"), why)
    return "orphan"


def sync(
    db: Db,
    gateway: Gateway,
    user_id: str,
    *,
    grace: int,
    event: Mapping[str, Any] | None = None,
    customer: str | None = None,
) -> str:
    """Recompute a user's plan from all subscriptions as Stripe has them now.

    On a cluster a replica has the outcome on return, that of an event done already, too.
    Returns `applied`, `done already`, `overtaken` (a later question was answered first), `gone`
    (no such user) or `orphan` (the customer is another user's).
    Raises BillingUnavailable and StoreUnavailable.
    """
    event_id = str(event["id"]) if event else ""
    reply = run_kept(db, "billing_ticket", user_keys(user_id, KINDS), event_id)
    if reply is None:
        return "gone"
    if reply[0] == 0:
        return "done already"
    ticket, stored, *customers = reply
    if customer and customer not in {as_text(name) for name in customers}:
        if not bind(db, user_id, customer):
            return _orphan(db, event or {}, customer, "bound to another user")
        customers.append(customer)
    names = sorted(as_text(name) for name in customers)
    state = ask(gateway, names, BillingState.read(stored), user_id, grace)
    return _apply(db, user_id, ticket, event_id, state)


def bind(db: Db, user_id: str, customer: str) -> bool:
    """Bind a customer to a user, once and for good; False if it is another user's."""
    holder = run_kept(db, "claim", [customer_key(customer)], user_id)
    if holder is not None:
        log.error("customer %s is bound to another user", customer)
        return False
    run_kept(db, "add_customer", user_keys(user_id, KINDS), customer)
    return True


def ask(
    gateway: Gateway, customers: Iterable[str], before: BillingState, user_id: str, grace: int
) -> BillingState:
    """Return the state that all subscriptions of some customers make at Stripe now."""
    return make_state(gateway, subscriptions_of(gateway, customers), before, user_id, grace)


def subscriptions_of(gateway: Gateway, customers: Iterable[str]) -> list[dict[str, Any]]:
    """Return all subscriptions of some customers as Stripe has them now."""
    return [found for customer in customers for found in gateway.subscriptions(customer)]


def make_state(
    gateway: Gateway,
    listed: Iterable[Mapping[str, Any]],
    before: BillingState,
    user_id: str,
    grace: int,
) -> BillingState:
    """Return the state that the subscriptions which Stripe listed for a user make.

    A live subscription of ours whose product no setting maps keeps the plan it had, and one that
    stays unpaid from one period into the next gets no new patience.
    """
    found = []
    for stored in listed:
        subscription = read_subscription(stored, gateway.products, grace)
        ours = (stored.get("metadata") or {}).get("user_id") == user_id
        subscription = _with_first_patience(subscription, before)
        found.append(_with_last_plan(subscription, before, ours=ours))
    return BillingState(tuple(found))


def _with_first_patience(found: Subscription, before: BillingState) -> Subscription:
    known = [one.patience for one in before.subscriptions if one.id == found.id and one.patience]
    if found.patience is None or not known:
        return found
    return replace(found, patience=min(found.patience, *known))


def _with_last_plan(found: Subscription, before: BillingState, *, ours: bool) -> Subscription:
    if found.plan is not None or not found.is_live:
        return found
    known = {one.id: one.plan for one in before.subscriptions if one.plan}
    if found.id not in known and not ours:
        return found
    log.error("no setting maps the product of subscription %s; the plan stays", found.id)
    last = known.get(found.id) or before.plan(time.time())
    return replace(found, plan=None if last == Plan.FREE else last)


def _apply(db: Db, user_id: str, ticket: int, event_id: str, state: BillingState) -> str:
    now = int(time.time())
    written = run_kept(
        db,
        "billing_apply",
        user_keys(user_id, KINDS),
        *(ticket, event_id, now, now - DONE_KEPT, state.store(), state.paid()),
    )
    if len([found for found in state.live if found.plan]) > 1:
        log.error("user %s has several live subscriptions", user_id)
    return {None: "gone", 0: "overtaken"}.get(written, "applied")
