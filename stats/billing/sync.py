"""Recomputing a plan from the subscriptions that Stripe has now, and writing it in one step."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.ownership import is_ours
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.subscription import OVERDUE, Subscription, overdue_since, read_subscription
from stats.store.client import Db
from stats.store.keys import PLAN_KINDS, customer_key, user_keys
from stats.store.scripts import run, run_replicated

log = logging.getLogger("stats.billing.webhook")
DONE_SECONDS = 35 * 86_400


def sync(
    db: Db,
    gateway: Gateway,
    user_id: str,
    *,
    grace: int,
    event: Mapping[str, Any] | None = None,
    customer: str = "",
) -> str:
    """Recompute a user's plan from all subscriptions as Stripe has them now.

    `event` is what told of a change, `customer` one that is bound to the user.

    On a cluster a replica has the outcome on return, that of an event done already, too.
    Returns `applied`, `done already`, `overtaken` (a later question was answered first) or `gone`
    (no such user). Raises BillingUnavailable, UnknownCustomer and StoreUnavailable.
    """
    event_id = str(event["id"]) if event else ""
    keys = user_keys(user_id, PLAN_KINDS)
    reply = run_replicated(db, "billing/take_ticket", keys, event_id, customer)
    if reply is None:
        return "gone"
    if reply[0] == 0:
        return "done already"
    ticket, stored, *customers = reply
    before = BillingState.read(stored)
    listed = _subscriptions_now(gateway, sorted(as_text(name) for name in customers), before)
    state = make_state(gateway, listed, before, user_id, grace)
    return _apply(db, user_id, ticket, event_id, state)


def is_real_money(gateway: Gateway, before: BillingState) -> bool:
    """Return whether something is paid in live mode, and the key is of test mode.

    A key sees the objects of its own mode alone (https://docs.stripe.com/keys#test-live-modes).
    """
    return not gateway.livemode and any(one.livemode for one in before.live)


def is_test_money(gateway: Gateway, before: BillingState) -> bool:
    """Return whether all that is paid was paid in test mode, and the key is of live mode."""
    return gateway.livemode and before.is_of_mode(livemode=False)


def _subscriptions_now(
    gateway: Gateway, customers: list[str], before: BillingState
) -> list[dict[str, Any]]:
    listed, unknown = fetch_subscriptions(gateway, customers)
    if unknown and unknown == customers and not is_test_money(gateway, before):
        # That is what the key of another account looks like: what is paid is not known.
        raise UnknownCustomer("Stripe does not know you. We are looking into it.")
    return listed


def bind_customer(db: Db, user_id: str, customer: str) -> bool:
    """Bind a customer to a user, once and for good.

    Returns False if it is another user's, or the user is gone.
    """
    holder = run_replicated(db, "lookups/claim", [customer_key(customer)], user_id)
    if holder is not None:
        log.error("customer %s is bound to another user", customer)
        return False
    if run_replicated(db, "billing/add_customer", user_keys(user_id, PLAN_KINDS), customer):
        return True
    run_replicated(db, "lookups/release", [customer_key(customer)], user_id)
    return False


def unbind_customer(db: Db, user_id: str, customer: str) -> None:
    """Forget a customer of a user's that Stripe does not know."""
    run_replicated(db, "billing/remove_customer", user_keys(user_id, PLAN_KINDS), customer)
    run_replicated(db, "lookups/release", [customer_key(customer)], user_id)
    log.error("customer %s of user %s is unbound", customer, user_id)


def fetch_subscriptions(
    gateway: Gateway, customers: Iterable[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all subscriptions of some customers as Stripe has them now, of whichever product,
    and the customers that Stripe does not know."""
    listed, unknown = [], []
    for customer in customers:
        try:
            listed += gateway.subscriptions(customer)
        except UnknownCustomer:
            unknown.append(customer)
    return listed, unknown


def make_state(
    gateway: Gateway,
    listed: Iterable[Mapping[str, Any]],
    before: BillingState,
    user_id: str,
    grace: int,
) -> BillingState:
    """Return the state that those of the subscriptions which Stripe listed for a user make that
    are ours, or were.

    A subscription of ours whose product no setting maps keeps the plan it had. Raises
    BillingUnavailable, also with a key of test mode for who pays in live mode.
    """
    if is_real_money(gateway, before):
        # A test key knows nothing of it, and must neither take the plan nor sell another.
        raise BillingUnavailable("Stripe does not know you. We are looking into it.")
    plans, subscriptions = before.plans, []
    for stored in listed:
        if is_ours(stored, gateway.products, plans, user_id):
            since = _overdue_since(gateway, stored, before)
            subscription = read_subscription(stored, gateway.products, grace, since)
            subscriptions.append(_with_last_plan(subscription, stored, plans))
    return BillingState(tuple(subscriptions))


def _overdue_since(gateway: Gateway, stored: Mapping[str, Any], before: BillingState) -> int | None:
    """Return when a subscription became past due: by its invoices, else when that was seen."""
    if stored.get("status") != OVERDUE:
        return None
    since = overdue_since(gateway.invoices(str(stored["id"])))
    seen = (one.overdue_since for one in before.subscriptions if one.id == stored["id"])
    return since or next(filter(None, seen), int(time.time()))


def _with_last_plan(
    current: Subscription, stored: Mapping[str, Any], plans: Mapping[str, Plan]
) -> Subscription:
    """Return a subscription with the plan it had or, never seen before, was sold as."""
    if current.plan is not None or current.has_ended:
        return current
    log.error("no setting maps the product of subscription %s; the plan stays", current.id)
    return replace(current, plan=plans.get(current.id) or Plan(stored["metadata"]["plan"]))


def _apply(db: Db, user_id: str, ticket: int, event_id: str, state: BillingState) -> str:
    now = int(time.time())
    reply = run_replicated(
        db,
        "billing/apply",
        user_keys(user_id, PLAN_KINDS),
        *(ticket, event_id, now, now - DONE_SECONDS, state.store(), state.paid()),
    )
    if len(state.live) > 1:
        log.error("user %s has several live subscriptions", user_id)
    return {None: "gone", 0: "overtaken"}.get(reply, "applied")


def read_state(db: Db, user_id: str) -> tuple[BillingState, list[str]]:
    """Return what was stored about a user's subscriptions, and the user's Stripe customers."""
    stored, customers = run(db, "billing/read_state", user_keys(user_id, PLAN_KINDS))
    return BillingState.read(stored), sorted(as_text(name) for name in customers)
