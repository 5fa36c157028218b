"""Recomputing a plan from the subscriptions that Stripe has now, and writing it in one step."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stats.billing.customers import held_customers
from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.gateways.practice_gateway import PREFIX
from stats.billing.ownership import is_ours
from stats.errors import BillingUnavailable
from stats.plans.billing_state import BillingState
from stats.plans.invoices import last_payment, overdue_since, paid_for
from stats.plans.plan import Plan
from stats.plans.stripe_objects import part
from stats.plans.subscription import (
    OVERDUE,
    PAYING,
    Subscription,
    last_paid,
    period_start,
    read_subscription,
    with_paid,
)
from stats.store.client import Db
from stats.store.keys import PLAN_KINDS, user_keys
from stats.store.scripts import run_replicated

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
    listed = _subscriptions_now(gateway, held_customers(db, user_id, customers), before)
    state = make_state(gateway, listed, before, user_id, grace, event)
    return _apply(db, user_id, ticket, event_id, state)


def is_real_money(
    gateway: Gateway, before: BillingState, listed: Iterable[Mapping[str, Any]] | None = None
) -> bool:
    """Return whether something may be paid in live mode, and the key is of test mode.

    A key sees the objects of its own mode alone (https://docs.stripe.com/keys#test-live-modes), so
    what it `listed`, if it was asked, is none of that. What may still be paid counts, too.
    """
    if gateway.livemode:
        return False
    seen = None if listed is None else {str(stored["id"]) for stored in listed}
    return any(
        row.livemode or (row.livemode is None and seen is not None and row.id not in seen)
        for row in before.subscriptions
    )


def is_test_money(gateway: Gateway, before: BillingState) -> bool:
    """Return whether all that is paid was paid in test mode, and the key is of live mode."""
    return gateway.livemode and before.is_of_mode(livemode=False)


def is_other_account(
    gateway: Gateway, unknown: Sequence[str], customers: Sequence[str], before: BillingState
) -> bool:
    """Return whether Stripe knows none of a user's customers, and what is paid is not known.

    That is what the key of another account looks like. Test mode and practice pay for nothing.
    """
    made = [name for name in unknown if not name.startswith(PREFIX)]
    knows_none = bool(made) and len(unknown) == len(customers)
    return knows_none and not is_test_money(gateway, before)


def check_account(
    gateway: Gateway, unknown: Sequence[str], customers: Sequence[str], before: BillingState
) -> None:
    """Raise UnknownCustomer if the key is another account's."""
    if is_other_account(gateway, unknown, customers, before):
        raise UnknownCustomer("Stripe does not know you. We are looking into it.")


def _subscriptions_now(
    gateway: Gateway, customers: list[str], before: BillingState
) -> list[dict[str, Any]]:
    listed, unknown = fetch_subscriptions(gateway, customers)
    check_account(gateway, unknown, customers, before)
    return listed


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
    event: Mapping[str, Any] | None = None,
) -> BillingState:
    """Return the state that those of the subscriptions which Stripe listed for a user make that
    are ours, or were; `event` is what told of a change.

    A subscription of ours whose product no setting maps keeps the plan it had. Raises
    BillingUnavailable, also with a key of test mode for who pays in live mode.
    """
    listed = list(listed)
    if is_real_money(gateway, before, listed):
        # A test key knows nothing of it, and must neither take the plan nor sell another.
        raise BillingUnavailable("Stripe does not know you. We are looking into it.")
    plans, rows = before.plans, {row.id: row for row in before.subscriptions}
    return BillingState(
        tuple(
            _read(gateway, stored, rows.get(str(stored["id"])), plans, grace, event)
            for stored in listed
            if is_ours(stored, gateway.products, plans, user_id)
        )
    )


def _read(
    gateway: Gateway,
    stored: Mapping[str, Any],
    row: Subscription | None,
    plans: Mapping[str, Plan],
    grace: int,
    event: Mapping[str, Any] | None,
) -> Subscription:
    """Return what Stripe says of a subscription, beside what was stored of it (`row`)."""
    is_overdue, was_overdue = stored.get("status") == OVERDUE, row and row.status == OVERDUE
    invoices = gateway.invoices(str(stored["id"])) if is_overdue or was_overdue else []
    since = _overdue_since(invoices, row, _change_to_overdue(event, stored)) if is_overdue else None
    current = read_subscription(stored, gateway.products, grace, since)
    current = _with_last_plan(current, stored, plans)
    money = last_payment(invoices) or (row.last_payment if row else None)
    began, paid = period_start(stored), last_paid(row) if row else None
    if is_overdue:
        paid = paid_for(invoices, paid, began, gateway.products)
    return with_paid(replace(current, last_payment=money), paid, began, grace)


def _overdue_since(
    invoices: Iterable[Mapping[str, Any]], row: Subscription | None, changed: int | None
) -> int:
    """Return when a subscription became past due: by its invoices, else when that was seen.

    A bank may refuse an invoice after days: what `changed` the status, or was seen to, is later.
    """
    seen = row.overdue_since if row else None
    known = [moment for moment in (overdue_since(invoices), seen, changed) if moment is not None]
    return max(known, default=int(time.time()))


def _change_to_overdue(event: Mapping[str, Any] | None, stored: Mapping[str, Any]) -> int | None:
    """Return when an event says that a subscription has become past due (s), None if it does not.

    https://docs.stripe.com/api/events/object#event_object-data-previous_attributes
    """
    data = event["data"] if event else {}
    before = part(data, "previous_attributes").get("status")
    became = part(data, "object")
    is_change = before in PAYING and became.get("status") == OVERDUE
    return int(event["created"]) if event and is_change and became["id"] == stored["id"] else None


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
