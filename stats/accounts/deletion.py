"""Deleting an account and all that is stored of it."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress

from stats.accounts.email_address import is_sample
from stats.billing.customers import read_state
from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.open_sales import close_link_sessions
from stats.billing.ownership import is_bundle, is_ours
from stats.billing.sync import is_real_money
from stats.billing.unheard_sales import bind_link_buyers
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.subscription import ENDED
from stats.store.client import Db
from stats.store.keys import ALL_KINDS, SAMPLES, customer_key, email_key, user_keys
from stats.store.scripts import run

log = logging.getLogger("stats.billing.webhook")


def close_account(db: Db, gateway: Gateway | None, user_id: str, keys: Sequence[str]) -> None:
    """End what Stripe may charge a user for, then delete all that is stored.

    Open Checkout Sessions are closed and subscriptions ended that are or were ours; those of other
    products stay, also where another application sells ours along with them. A customer that Stripe
    does not know has none. What was paid at a Payment Link and not heard of yet is found by the
    reference that `keys` signed. Raises BillingUnavailable, with nothing deleted, when Stripe
    cannot be reached or is not set up while the user has a customer, and when the key is of test
    mode while something is paid in live mode.
    """
    state, customers = read_state(db, user_id)
    if customers if gateway is None else is_real_money(gateway, state):
        raise BillingUnavailable("The subscription cannot be ended now. Nothing was deleted.")
    if gateway is None:
        _delete(db, user_id)
        return
    # Closed first: what is paid for meanwhile is among the completed ones then.
    close_link_sessions(db, gateway, user_id, keys)
    if bind_link_buyers(db, gateway, user_id, keys, customers):
        customers = read_state(db, user_id)[1]
    for customer in customers:
        with suppress(UnknownCustomer):
            _end_billing(gateway, state, user_id, customer)
    _end_late_billing(gateway, state, user_id, _delete(db, user_id))


def _end_late_billing(
    gateway: Gateway, state: BillingState, user_id: str, customers: Iterable[str]
) -> None:
    # Another tab may have bought meanwhile; the account is gone whether that ends or not.
    for customer in customers:
        try:
            _end_billing(gateway, state, user_id, customer)
        except BillingUnavailable:
            log.error("customer %s of a deleted user may still be charged", customer)


def _end_billing(gateway: Gateway, state: BillingState, user_id: str, customer: str) -> None:
    # Sessions first: what is paid for meanwhile is among the subscriptions then.
    gateway.expire_sessions(customer, user_id)
    for stored in gateway.subscriptions(customer):
        is_sold_by_us = is_ours(stored, gateway.products, state.plans, user_id)
        if (
            stored.get("status") not in ENDED
            and is_sold_by_us
            and not is_bundle(stored, gateway.products)
        ):
            gateway.cancel(str(stored["id"]))


def handle_account_deletion(db: Db, user_id: str) -> None:
    """Delete everything that is stored about a user: one step, then the look-ups.

    A look-up left behind by a crash in between is harmless: it points to nobody, and the next
    sign-up with that address takes it over.
    """
    _delete(db, user_id)


def _delete(db: Db, user_id: str) -> list[str]:
    """Delete everything that is stored about a user; return the user's Stripe customers."""
    reply = run(db, "accounts/delete", user_keys(user_id, ("account", "customers", *ALL_KINDS)))
    address, customers = reply[0], [as_text(customer) for customer in reply[1:]]
    if address is not None:
        if is_sample(as_text(address)):
            db.zrem(SAMPLES, user_id)
        run(db, "lookups/release", [email_key(as_text(address))], user_id)
    for customer in customers:
        run(db, "lookups/release", [customer_key(customer)], user_id)
    return customers
