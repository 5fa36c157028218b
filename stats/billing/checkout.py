"""Checkout and the customer portal."""

import time
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from stats.billing.client_reference import reference
from stats.billing.customers import bind_customer, read_state, unbind_customer
from stats.billing.gateways.gateway import Gateway
from stats.billing.open_sales import close_link_sessions, close_sessions
from stats.billing.ownership import customer_of, is_ours, marked_user
from stats.billing.sync import check_account, fetch_subscriptions, make_state, sync
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
    plan, or a new one; what is open in another tab is closed. A customer that Stripe does not know
    is unbound, and a new one made. `back` is our own address; `interval` is how often a new
    subscription is paid for. A sale of which no event has come counts, too. Raises StripeRefused,
    and BillingUnavailable also while a payment is on its way.
    """
    buyer = _Buyer(db, gateway, user_id, email, keys, back, grace)
    seen = _look_for_sales(buyer)
    if not seen.live and _is_pending(gateway, seen, user_id):
        raise BillingUnavailable(UNCONFIRMED)
    if seen.live or link is not None:
        close_sessions(gateway, user_id, seen.known)
    close_link_sessions(db, gateway, user_id, keys)
    if seen.live:
        return _update_page(gateway, seen, back)
    return _link_page(buyer, link) if link is not None else _session(buyer, seen, plan, interval)


class _Buyer(NamedTuple):
    """Who wants a plan, and what a sale to them needs."""

    db: Db
    gateway: Gateway
    user_id: str
    email: str
    keys: Sequence[str]
    back: str
    grace: int


class _Seen(NamedTuple):
    """A user's customers, those that Stripe does not know, and their subscriptions.

    `known_ids` are those that were ours when they were seen last.
    """

    customers: list[str]
    unknown: list[str]
    listed: list[dict[str, Any]]
    live: tuple[Subscription, ...]
    known_ids: Container[str]

    @property
    def known(self) -> list[str]:
        """The customers that Stripe knows."""
        return [customer for customer in self.customers if customer not in self.unknown]


def _look_for_sales(buyer: _Buyer) -> _Seen:
    """Look at what Stripe has, also at what was sold by a link and not heard of yet."""
    db, gateway, user_id = buyer.db, buyer.gateway, buyer.user_id
    seen = _look(db, gateway, user_id, buyer.grace)
    if not seen.live and bind_link_buyers(db, gateway, user_id, buyer.keys, seen.customers):
        sync(db, gateway, user_id, grace=buyer.grace)
        seen = _look(db, gateway, user_id, buyer.grace)
    return seen


def _link_page(buyer: _Buyer, link: str) -> str:
    note_link(buyer.db, buyer.user_id)
    signed = reference(buyer.user_id, buyer.keys)
    return f"{link}{'&' if '?' in link else '?'}client_reference_id={signed}"


def _session(buyer: _Buyer, seen: _Seen, plan: Plan, interval: Interval) -> str:
    """Return the address of the one Checkout Session that is open for a plan."""
    gateway, user_id = buyer.gateway, buyer.user_id
    usable = [customer for customer in seen.known if not gateway.is_deleted(customer)]
    customer = usable[0] if usable else _new_customer(buyer, seen.customers)
    # A test key knows no live customer, who may have something open.
    for name in seen.unknown if gateway.livemode else ():
        unbind_customer(buyer.db, user_id, name)
    close_sessions(gateway, user_id, usable[1:])
    address = gateway.keep_one_session(customer, plan, interval, user_id) or gateway.checkout(
        customer, plan, reference(user_id, buyer.keys), user_id, buyer.back, interval
    )
    return _paid_meanwhile(buyer, customer) or address


def _look(db: Db, gateway: Gateway, user_id: str, grace: int) -> _Seen:
    before, customers = read_state(db, user_id)
    listed, unknown = fetch_subscriptions(gateway, customers)
    if before.subscriptions:
        check_account(gateway, unknown, customers, before)
    state = make_state(gateway, listed, before, user_id, grace)
    return _Seen(customers, unknown, listed, state.live, before.plans)


def _is_pending(gateway: Gateway, seen: _Seen, user_id: str) -> bool:
    """Return whether a first payment is on its way.

    Checkout leaves one incomplete while a bank pays the first invoice, and so does a Payment Link,
    which marks nothing
    (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
    """
    return any(
        marked_user(one) == user_id
        or (
            is_ours(one, gateway.products, seen.known_ids, user_id)
            and gateway.is_of_session(one["id"])
        )
        for one in seen.listed
        if one.get("status") == INCOMPLETE
    )


def _paid_meanwhile(buyer: _Buyer, customer: str) -> str | None:
    """Return the portal's address for who paid in another tab between the look and the sale.

    None for all others. What is open is closed then, as it is for a user who is gone and while a
    bank pays; raises BillingUnavailable for these two.
    """
    gateway, user_id = buyer.gateway, buyer.user_id
    seen = _look(buyer.db, gateway, user_id, buyer.grace)
    is_gone, is_pending = customer not in seen.customers, _is_pending(gateway, seen, user_id)
    if not (is_gone or is_pending or seen.live):
        return None
    gateway.expire_sessions(customer, user_id)
    if is_gone:
        raise BillingUnavailable("Upgrading is not possible just now.")
    if not seen.live:
        raise BillingUnavailable(UNCONFIRMED)
    return _update_page(gateway, seen, buyer.back)


def _update_page(gateway: Gateway, seen: _Seen, back: str) -> str:
    """Return the address of the portal's update page for the best live subscription."""
    best = max(seen.live, key=lambda one: one.worth(time.time()).rank)
    payer = next(str(customer_of(stored)) for stored in seen.listed if stored["id"] == best.id)
    return gateway.portal(payer, best.id, back)


def _new_customer(buyer: _Buyer, replaced: Sequence[str]) -> str:
    customer = buyer.gateway.create_customer(buyer.user_id, buyer.email, replaced)
    if not bind_customer(buyer.db, buyer.user_id, customer):
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
