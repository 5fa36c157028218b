"""Checkout and the customer portal."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stats.billing.client_reference import reference
from stats.billing.gateways.gateway import Gateway
from stats.billing.ownership import customer_of, marked_user, sells_our_product
from stats.billing.sync import (
    bind_customer,
    check_account,
    fetch_subscriptions,
    make_state,
    read_state,
    sync,
    unbind_customer,
)
from stats.billing.unheard_sales import bind_link_buyers, note_link
from stats.errors import BillingUnavailable, InvalidInput
from stats.lib.messages import N_
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.price import Interval
from stats.plans.subscription import INCOMPLETE, Subscription
from stats.store.client import Db

# It may be under way at a bank, refused or never finished: Stripe gives up after 23 hours.
UNCONFIRMED = N_(
    "Your last payment is not confirmed. Once it is, your plan changes by itself; "
    "if it was refused, you can try again a day later."
)


def start_checkout(
    db: Db,
    gateway: Gateway,
    user_id: str,
    email: str,
    plan: Plan,
    *,
    keys: Sequence[str],
    back: str,
    grace: int,
    link: str | None = None,
    interval: Interval = Interval.MONTH,
) -> str:
    """Return the address at Stripe where the user can get a plan.

    With a live subscription that is or was ours it is the portal's update page, never a second
    subscription; else the Payment Link `link` if there is one, an open Checkout Session for the
    plan, or a new one. A customer that Stripe does not know is unbound, and a new one made. `back`
    is our own address; `interval` is how often a new subscription is paid for. A sale of which no
    event has come counts, too. Raises StripeRefused, and BillingUnavailable also while a payment is
    on its way.
    """
    seen = _look(db, gateway, user_id, grace)
    if not seen.live and bind_link_buyers(db, gateway, user_id, keys, seen.customers):
        sync(db, gateway, user_id, grace=grace)
        seen = _look(db, gateway, user_id, grace)
    if seen.live:
        subscription = max(seen.live, key=lambda one: one.worth(time.time()).rank)
        return gateway.portal(_payer(seen.listed, subscription.id), subscription.id, back)
    _check_nothing_pending(gateway, seen.listed, user_id)
    if link is not None:
        note_link(db, user_id)
        return f"{link}{'&' if '?' in link else '?'}client_reference_id={reference(user_id, keys)}"
    known = [customer for customer in seen.customers if customer not in seen.unknown]
    usable = [customer for customer in known if not gateway.is_deleted(customer)]
    customer = usable[0] if usable else _new_customer(db, gateway, user_id, email, seen.customers)
    # A test key knows no live customer, who may have something open.
    for name in seen.unknown if gateway.livemode else ():
        unbind_customer(db, user_id, name)
    session = gateway.open_session(customer, plan, interval) or gateway.checkout(
        customer, plan, reference(user_id, keys), user_id, back, interval
    )
    return _paid_meanwhile(db, gateway, user_id, customer, back, grace) or session


class _Seen(NamedTuple):
    """A user's customers, those that Stripe does not know, and their subscriptions."""

    customers: list[str]
    unknown: list[str]
    listed: list[dict[str, Any]]
    live: tuple[Subscription, ...]


def _look(db: Db, gateway: Gateway, user_id: str, grace: int) -> _Seen:
    before, customers = read_state(db, user_id)
    listed, unknown = fetch_subscriptions(gateway, customers)
    if before.subscriptions:
        check_account(gateway, unknown, customers, before)
    state = make_state(gateway, listed, before, user_id, grace)
    return _Seen(customers, unknown, listed, state.live)


def _check_nothing_pending(
    gateway: Gateway, listed: Sequence[Mapping[str, Any]], user_id: str
) -> None:
    # Checkout leaves one incomplete while a bank pays the first invoice, and so does a Payment
    # Link, which marks nothing
    # (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
    for one in listed:
        if one.get("status") == INCOMPLETE and (
            marked_user(one) == user_id
            or (sells_our_product(one, gateway.products) and gateway.is_of_session(one["id"]))
        ):
            raise BillingUnavailable(UNCONFIRMED)


def _paid_meanwhile(
    db: Db, gateway: Gateway, user_id: str, customer: str, back: str, grace: int
) -> str | None:
    """Return the portal's address for who paid in another tab between the look and the sale.

    None for all others. What is open is closed then, as it is for a user who is gone; raises
    BillingUnavailable for that one.
    """
    seen = _look(db, gateway, user_id, grace)
    if customer in seen.customers and not seen.live:
        return None
    gateway.expire_sessions(customer, user_id)
    if customer not in seen.customers:
        raise BillingUnavailable("Upgrading is not possible just now.")
    return gateway.portal(_payer(seen.listed, seen.live[0].id), seen.live[0].id, back)


def _payer(listed: Sequence[Mapping[str, Any]], subscription: str) -> str:
    return next(str(customer_of(stored)) for stored in listed if stored["id"] == subscription)


def _new_customer(
    db: Db, gateway: Gateway, user_id: str, email: str, replaced: Sequence[str]
) -> str:
    customer = gateway.create_customer(user_id, email, replaced)
    if not bind_customer(db, user_id, customer):
        raise BillingUnavailable("Upgrading is not possible just now. We are looking into it.")
    return customer


def close_sessions_of_payer(db: Db, gateway: Gateway, user_id: str) -> None:
    """Close the open Checkout Sessions of a user who pays already; raises BillingUnavailable."""
    state, customers = read_state(db, user_id)
    for customer in customers if state.live else ():
        gateway.expire_sessions(customer, user_id)


def open_portal(db: Db, gateway: Gateway, user_id: str, *, back: str) -> str:
    """Return the address of the customer portal; raises InvalidInput without a customer,
    StripeRefused and BillingUnavailable."""
    state, customers = read_state(db, user_id)
    if not customers:
        raise InvalidInput("There is nothing to manage yet.")
    customer = customers[0] if len(customers) == 1 else _payer_now(gateway, state, customers)
    return gateway.portal(customer, None, back)


def _payer_now(gateway: Gateway, state: BillingState, customers: Sequence[str]) -> str:
    """Return the one of several customers whose payment is overdue, else who pays for the plan,
    else who pays at all, else the first one that Stripe knows."""
    listed, unknown = fetch_subscriptions(gateway, customers)
    payers = {str(stored["id"]): str(customer_of(stored)) for stored in listed}
    now = time.time()
    for subscription in (state.overdue(now), state.best(now), *state.live):
        if subscription is not None and subscription.id in payers:
            return payers[subscription.id]
    known = (customer for customer in customers if customer not in unknown)
    return next(known, customers[0])
