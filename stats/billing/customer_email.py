"""The e-mail address of a user's customers at Stripe, to which it sends receipts."""

import logging

from stats.billing.gateways.gateway import Gateway
from stats.billing.sync import read_state
from stats.errors import BillingUnavailable
from stats.store.client import Db

log = logging.getLogger("stats.billing.webhook")


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
