"""Checkout and the customer portal."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from stats.billing.client_reference import reference
from stats.billing.gateway import Gateway
from stats.billing.ownership import customer_of
from stats.billing.sync import (
    bind_customer,
    fetch_subscriptions,
    make_state,
    read_state,
    unbind_customer,
)
from stats.errors import BillingUnavailable, InvalidInput
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.price import Interval
from stats.store.client import Db


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
    is our own address; `interval` is how often a new subscription is paid for. Raises
    StripeRefused and BillingUnavailable.
    """
    before, customers = read_state(db, user_id)
    listed, unknown = fetch_subscriptions(gateway, customers)
    live = make_state(gateway, listed, before, user_id, grace).live
    if live:
        subscription = max(live, key=lambda one: one.worth(time.time()).rank)
        return gateway.portal(_payer(listed, subscription.id), subscription.id, back)
    if link is not None:
        return f"{link}{'&' if '?' in link else '?'}client_reference_id={reference(user_id, keys)}"
    known = [customer for customer in customers if customer not in unknown]
    usable = [customer for customer in known if not gateway.is_deleted(customer)]
    customer = usable[0] if usable else _new_customer(db, gateway, user_id, email, customers)
    for name in unknown:
        unbind_customer(db, user_id, name)
    return gateway.open_session(customer, plan, interval) or gateway.checkout(
        customer, plan, reference(user_id, keys), user_id, back, interval
    )


def _payer(listed: Sequence[Mapping[str, Any]], subscription: str) -> str:
    return next(str(customer_of(stored)) for stored in listed if stored["id"] == subscription)


def _new_customer(
    db: Db, gateway: Gateway, user_id: str, email: str, replaced: Sequence[str]
) -> str:
    customer = gateway.create_customer(user_id, email, replaced)
    if not bind_customer(db, user_id, customer):
        raise BillingUnavailable("Upgrading is not possible just now. We are looking into it.")
    return customer


def open_portal(db: Db, gateway: Gateway, user_id: str, *, back: str) -> str:
    """Return the address of the customer portal; raises InvalidInput without a customer,
    StripeRefused and BillingUnavailable."""
    state, customers = read_state(db, user_id)
    if not customers:
        raise InvalidInput("There is nothing to manage yet.")
    customer = customers[0] if len(customers) == 1 else _payer_now(gateway, state, customers)
    return gateway.portal(customer, None, back)


def _payer_now(gateway: Gateway, state: BillingState, customers: Sequence[str]) -> str:
    """Return the one of several customers who pays, else the first one that Stripe knows."""
    listed, unknown = fetch_subscriptions(gateway, customers)
    live = {subscription.id for subscription in state.live}
    paying = (str(customer_of(stored)) for stored in listed if stored["id"] in live)
    known = (customer for customer in customers if customer not in unknown)
    return next(paying, None) or next(known, customers[0])
