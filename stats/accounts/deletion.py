"""Deleting an account and all that is stored of it."""

from contextlib import suppress

from stats.accounts.email_address import is_sample
from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.ownership import is_bundle, is_ours
from stats.billing.sync import is_real_money, read_state
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.subscription import ENDED
from stats.store.client import Db
from stats.store.keys import ALL_KINDS, SAMPLES, customer_key, email_key, user_keys
from stats.store.scripts import run


def close_account(db: Db, gateway: Gateway | None, user_id: str) -> None:
    """End what Stripe may charge a user for, then delete all that is stored.

    Open Checkout Sessions are closed and subscriptions ended that are or were ours; those of other
    products stay, also where another application sells ours along with them. A customer that Stripe
    does not know has none. Raises BillingUnavailable, with nothing deleted, when Stripe cannot be
    reached or is not set up while the user has a customer, and when the key is of test mode while
    something is paid in live mode.
    """
    state, customers = read_state(db, user_id)
    if gateway is not None and is_real_money(gateway, state):
        raise BillingUnavailable("The subscription cannot be ended now. Nothing was deleted.")
    for customer in customers:
        if gateway is None:
            raise BillingUnavailable("The subscription cannot be ended now. Nothing was deleted.")
        with suppress(UnknownCustomer):
            _end_billing(gateway, state, user_id, customer)
    handle_account_deletion(db, user_id)
    if gateway is not None:
        _close_late_sessions(gateway, user_id, customers)


def _close_late_sessions(gateway: Gateway, user_id: str, customers: list[str]) -> None:
    # Another tab may have opened one meanwhile; the account is gone whether that closes or not.
    for customer in customers:
        with suppress(BillingUnavailable):
            gateway.expire_sessions(customer, user_id)


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
    reply = run(db, "accounts/delete", user_keys(user_id, ("account", "customers", *ALL_KINDS)))
    address, customers = reply[0], reply[1:]
    if address is not None:
        if is_sample(as_text(address)):
            db.zrem(SAMPLES, user_id)
        run(db, "lookups/release", [email_key(as_text(address))], user_id)
    for customer in customers:
        run(db, "lookups/release", [customer_key(as_text(customer))], user_id)
