"""Recomputing a plan from the subscriptions that Stripe has now, and writing it in one step."""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stats.billing.gateway import Gateway
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.subscription import Subscription, read_subscription
from stats.store.client import Db
from stats.store.keys import ORPHANS, PLAN_KINDS, customer_key, user_keys
from stats.store.scripts import run, run_replicated

log = logging.getLogger("stats.billing.webhook")
DONE_SECONDS = 35 * 86_400


def keep_orphan(db: Db, event: Mapping[str, Any], customer: str | None, why: str) -> str:
    """Store and log an event that belongs to no user, with the reason; return "orphan"."""
    orphan = {"type": event.get("type"), "customer": customer, "at": int(time.time()), "why": why}
    db.hset(ORPHANS, str(event.get("id")), json.dumps(orphan))
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
    reply = run_replicated(db, "billing/take_ticket", user_keys(user_id, PLAN_KINDS), event_id)
    if reply is None:
        return "gone"
    if reply[0] == 0:
        return "done already"
    ticket, stored, *customers = reply
    if customer and customer not in {as_text(name) for name in customers}:
        if not bind_customer(db, user_id, customer):
            return keep_orphan(db, event or {}, customer, "bound to another user")
        customers.append(customer)
    names = sorted(as_text(name) for name in customers)
    state = fetch_state(gateway, names, BillingState.read(stored), user_id, grace)
    return _apply(db, user_id, ticket, event_id, state)


def bind_customer(db: Db, user_id: str, customer: str) -> bool:
    """Bind a customer to a user, once and for good; False if it is another user's."""
    holder = run_replicated(db, "lookups/claim", [customer_key(customer)], user_id)
    if holder is not None:
        log.error("customer %s is bound to another user", customer)
        return False
    run_replicated(db, "billing/add_customer", user_keys(user_id, PLAN_KINDS), customer)
    return True


def fetch_state(
    gateway: Gateway, customers: Iterable[str], before: BillingState, user_id: str, grace: int
) -> BillingState:
    """Return the state that all subscriptions of some customers make at Stripe now."""
    return make_state(gateway, fetch_subscriptions(gateway, customers), before, user_id, grace)


def fetch_subscriptions(gateway: Gateway, customers: Iterable[str]) -> list[dict[str, Any]]:
    """Return all subscriptions of some customers as Stripe has them now."""
    return [item for customer in customers for item in gateway.subscriptions(customer)]


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
    subscriptions = []
    for stored in listed:
        subscription = read_subscription(stored, gateway.products, grace)
        ours = (stored.get("metadata") or {}).get("user_id") == user_id
        subscription = _with_first_patience(subscription, before)
        subscriptions.append(_with_last_plan(subscription, before, ours=ours))
    return BillingState(tuple(subscriptions))


def _with_first_patience(current: Subscription, before: BillingState) -> Subscription:
    same = (earlier for earlier in before.subscriptions if earlier.id == current.id)
    deadlines = [earlier.patience for earlier in same if earlier.patience]
    if current.patience is None or not deadlines:
        return current
    return replace(current, patience=min(current.patience, *deadlines))


def _with_last_plan(current: Subscription, before: BillingState, *, ours: bool) -> Subscription:
    if current.plan is not None or not current.is_live:
        return current
    plans = {earlier.id: earlier.plan for earlier in before.subscriptions if earlier.plan}
    if current.id not in plans and not ours:
        return current
    log.error("no setting maps the product of subscription %s; the plan stays", current.id)
    last = plans.get(current.id) or before.plan(time.time())
    return replace(current, plan=None if last == Plan.FREE else last)


def _apply(db: Db, user_id: str, ticket: int, event_id: str, state: BillingState) -> str:
    now = int(time.time())
    reply = run_replicated(
        db,
        "billing/apply",
        user_keys(user_id, PLAN_KINDS),
        *(ticket, event_id, now, now - DONE_SECONDS, state.store(), state.paid()),
    )
    if len([subscription for subscription in state.live if subscription.plan]) > 1:
        log.error("user %s has several live subscriptions", user_id)
    return {None: "gone", 0: "overtaken"}.get(reply, "applied")


def read_state(db: Db, user_id: str) -> tuple[BillingState, list[str]]:
    """Return what was stored about a user's subscriptions, and the user's Stripe customers."""
    stored, customers = run(db, "billing/read_state", user_keys(user_id, PLAN_KINDS))
    return BillingState.read(stored), sorted(as_text(name) for name in customers)
