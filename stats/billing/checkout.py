"""Checkout and the customer portal."""

from collections.abc import Sequence

from stats.billing.client_reference import reference
from stats.billing.gateway import Gateway
from stats.billing.sync import bind_customer, fetch_state, read_state
from stats.errors import BillingUnavailable, InvalidInput
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
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
) -> str:
    """Return the address at Stripe where the user can get a plan.

    With a live subscription that is the portal's update page, never a second subscription; else
    the Payment Link `link` if there is one, an open Checkout Session for the plan, or a new one.
    `back` is our own address. Raises BillingUnavailable.
    """
    customers = read_state(db, user_id)[1]
    for customer in customers:
        state = fetch_state(gateway, [customer], BillingState(), user_id, grace)
        live = next((subscription for subscription in state.live if subscription.plan), None)
        if live is not None:
            return gateway.portal(customer, live.id, back)
    if link is not None:
        return f"{link}{'&' if '?' in link else '?'}client_reference_id={reference(user_id, keys)}"
    usable = [customer for customer in customers if not gateway.is_deleted(customer)]
    customer = usable[0] if usable else _new_customer(db, gateway, user_id, email, len(customers))
    return gateway.open_session(customer, plan) or gateway.checkout(
        customer, plan, reference(user_id, keys), user_id, back
    )


def _new_customer(db: Db, gateway: Gateway, user_id: str, email: str, earlier: int) -> str:
    customer = gateway.create_customer(user_id, email, earlier)
    if not bind_customer(db, user_id, customer):
        raise BillingUnavailable("Upgrading is not possible just now. We are looking into it.")
    return customer


def open_portal(db: Db, gateway: Gateway, user_id: str, *, back: str) -> str:
    """Return the address of the customer portal; raises InvalidInput without a customer."""
    state, customers = read_state(db, user_id)
    if not customers:
        raise InvalidInput("There is nothing to manage yet.")
    for customer in customers if len(customers) > 1 and state.live else ():
        live = {subscription["id"] for subscription in gateway.subscriptions(customer)}
        if live & {subscription.id for subscription in state.live}:
            return gateway.portal(customer, None, back)
    return gateway.portal(customers[0], None, back)
