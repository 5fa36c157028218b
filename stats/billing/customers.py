"""A user's customers at Stripe: bound once and for good, read with what was stored of their
subscriptions, told of a changed address."""

import logging
from collections.abc import Iterable

from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.ownership import sells_our_product
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.subscription import LIVE
from stats.store.client import Db
from stats.store.keys import PLAN_KINDS, customer_key, user_keys
from stats.store.scripts import run, run_replicated

log = logging.getLogger("stats.billing.webhook")
# As in lua/shared/customers.lua.
CLAIM = "claim:"


def read_state(db: Db, user_id: str) -> tuple[BillingState, list[str]]:
    """Return what was stored about a user's subscriptions, and the user's Stripe customers."""
    stored, customers = run(db, "billing/read_state", user_keys(user_id, PLAN_KINDS))
    return BillingState.read(stored), held_customers(db, user_id, customers)


def held_customers(db: Db, user_id: str, names: Iterable[str | bytes]) -> list[str]:
    """Return a user's customers, also those that were claimed just before a crash."""
    texts = {as_text(name) for name in names}
    claims = {name for name in texts if name.startswith(CLAIM)}
    holders = {name: db.get(customer_key(name.removeprefix(CLAIM))) for name in claims}
    held = {
        name.removeprefix(CLAIM)
        for name, holder in holders.items()
        if holder is not None and as_text(holder) == user_id
    }
    return sorted((texts - claims) | held)


def bind_customer(db: Db, user_id: str, customer: str) -> bool:
    """Bind a customer to a user, once and for good.

    Returns False if it is another user's, or the user is gone.
    """
    keys = user_keys(user_id, PLAN_KINDS)
    if not run_replicated(db, "billing/note_claim", keys, customer):
        return False
    holder = run_replicated(db, "lookups/claim", [customer_key(customer)], user_id)
    if holder is not None:
        run_replicated(db, "billing/forget_claim", keys, customer)
        log.error("customer %s is bound to another user", customer)
        return False
    if run_replicated(db, "billing/add_customer", keys, customer):
        return True
    run_replicated(db, "lookups/release", [customer_key(customer)], user_id)
    return False


def unbind_customer(db: Db, user_id: str, customer: str) -> None:
    """Forget a customer of a user's that Stripe does not know."""
    run_replicated(db, "billing/remove_customer", user_keys(user_id, PLAN_KINDS), customer)
    run_replicated(db, "lookups/release", [customer_key(customer)], user_id)
    log.error("customer %s of user %s is unbound", customer, user_id)


def buys_from_us(gateway: Gateway, customer: str) -> bool:
    """Return whether a customer has or had a subscription to a product of ours.

    What Stripe lists counts: the payer of any application can put our reference into its links.
    """
    listed = gateway.subscriptions(customer)
    return any(sells_our_product(subscription, gateway.products) for subscription in listed)


def pays_us(gateway: Gateway, customer: str) -> bool:
    """Return whether a customer has a live subscription to a product of ours at present."""
    try:
        listed = gateway.subscriptions(customer)
    except UnknownCustomer:
        return False
    return any(
        one.get("status") in LIVE and sells_our_product(one, gateway.products) for one in listed
    )


def change_customer_email(db: Db, gateway: Gateway | None, user_id: str, email: str) -> None:
    """Tell Stripe a user's new address, for all their customers there.

    The address has changed here already, so a Stripe that cannot be told is only logged
    (https://docs.stripe.com/api/customers/update).
    """
    if gateway is None:
        return
    for customer in read_state(db, user_id)[1]:
        try:
            gateway.change_email(customer, email)
        except BillingUnavailable:
            log.error("Stripe was not told the new address of user %s (%s)", user_id, customer)
