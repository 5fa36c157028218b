"""The ways to Stripe and out of it: Checkout, the portal, and leaving for good."""

from collections.abc import Sequence

from stats.billing.client_reference import reference
from stats.billing.stripe_gateway import Gateway
from stats.billing.sync import ask, bind, state_of
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
    customers = state_of(db, user_id)[1]
    for customer in customers:
        state = ask(gateway, [customer], BillingState(), user_id, grace)
        live = next((found for found in state.live if found.plan), None)
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
    if not bind(db, user_id, customer):
        raise BillingUnavailable("Upgrading is not possible just now. We are looking into it.")
    return customer


def open_portal(db: Db, gateway: Gateway, user_id: str, *, back: str) -> str:
    """Return the address of the customer portal; raises InvalidInput for who never paid."""
    state, customers = state_of(db, user_id)
    if not customers:
        raise InvalidInput("There is nothing to manage yet.")
    for customer in customers if len(customers) > 1 and state.live else ():
        live = {found["id"] for found in gateway.subscriptions(customer)}
        if live & {found.id for found in state.live}:
            return gateway.portal(customer, None, back)
    return gateway.portal(customers[0], None, back)
