"""The ways to Stripe and out of it: Checkout, the portal, and leaving for good."""

from collections.abc import Sequence

from stats.billing import KINDS, ask, bind
from stats.billing_state import BillingState
from stats.errors import BillingUnavailable, InvalidInput
from stats.gateway import Gateway
from stats.lifecycle import handle_account_deletion
from stats.plans import Plan
from stats.references import reference
from stats.store import Db, run, user_keys
from stats.text import as_text

ENDED = ("canceled", "incomplete_expired")


def state_of(db: Db, user_id: str) -> tuple[BillingState, list[str]]:
    """Return what was stored about a user's subscriptions, and the user's Stripe customers."""
    stored, customers = run(db, "billing_state", user_keys(user_id, KINDS))
    return BillingState.read(stored), sorted(as_text(name) for name in customers)


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


def close_account(db: Db, gateway: Gateway | None, user_id: str) -> None:
    """Cancel all live subscriptions of a user, then delete all that is stored.

    Raises BillingUnavailable, with nothing deleted, when Stripe cannot be reached or is not set
    up while the user has a customer there.
    """
    for customer in state_of(db, user_id)[1]:
        if gateway is None:
            raise BillingUnavailable("The subscription cannot be ended now. Nothing was deleted.")
        for found in gateway.subscriptions(customer):
            if found.get("status") not in ENDED:
                gateway.cancel(str(found["id"]))
    handle_account_deletion(db, user_id)
