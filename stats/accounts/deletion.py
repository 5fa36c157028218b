"""Deleting an account and all that is stored of it."""

from stats.billing.gateway import Gateway
from stats.billing.sync import read_state
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import ALL_KINDS, customer_key, email_key, user_keys
from stats.store.scripts import run

ENDED_STATUSES = ("canceled", "incomplete_expired")


def close_account(db: Db, gateway: Gateway | None, user_id: str) -> None:
    """Cancel all live subscriptions of a user, then delete all that is stored.

    Raises BillingUnavailable, with nothing deleted, when Stripe cannot be reached or is not set
    up while the user has a customer there.
    """
    for customer in read_state(db, user_id)[1]:
        if gateway is None:
            raise BillingUnavailable("The subscription cannot be ended now. Nothing was deleted.")
        for subscription in gateway.subscriptions(customer):
            if subscription.get("status") not in ENDED_STATUSES:
                gateway.cancel(str(subscription["id"]))
    handle_account_deletion(db, user_id)


def handle_account_deletion(db: Db, user_id: str) -> None:
    """Delete everything that is stored about a user: one step, then the look-ups.

    A look-up left behind by a crash in between is harmless: it points to nobody, and the next
    sign-up with that address takes it over.
    """
    reply = run(db, "accounts/delete", user_keys(user_id, ("account", "customers", *ALL_KINDS)))
    address, customers = reply[0], reply[1:]
    if address is not None:
        run(db, "lookups/release", [email_key(as_text(address))], user_id)
    for customer in customers:
        run(db, "lookups/release", [customer_key(as_text(customer))], user_id)
