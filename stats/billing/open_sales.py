"""Closing what a user could still pay for in another tab, so that nothing is sold twice."""

import time
from collections.abc import Iterable, Sequence

from stats.billing.customers import read_state
from stats.billing.gateways.gateway import Gateway, StripeRefused
from stats.billing.sync import log
from stats.billing.unheard_sales import CLOCK_SKEW, is_of, link_opened
from stats.store.client import Db

# https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-expires_at
SESSION_SECONDS = 86_400


def close_sessions_of_payer(db: Db, gateway: Gateway, user_id: str) -> None:
    """Close the open Checkout Sessions of a user who pays already; raises BillingUnavailable."""
    state, customers = read_state(db, user_id)
    if state.live:
        close_sessions(gateway, user_id, customers)


def close_sessions(gateway: Gateway, user_id: str, customers: Iterable[str]) -> None:
    """Close the open Checkout Sessions of a user's customers; raises BillingUnavailable.

    What Stripe refuses to close is logged: a payment is credited all the same.
    """
    for customer in customers:
        try:
            gateway.expire_sessions(customer, user_id)
        except StripeRefused:
            log.error("the open Checkout Sessions of customer %s stay open", customer)


def close_link_sessions(db: Db, gateway: Gateway, user_id: str, keys: Sequence[str]) -> None:
    """Close the open sessions of Payment Links that carry a user's reference.

    They name no customer before they are paid. What Stripe refuses is logged; raises
    BillingUnavailable.
    """
    if link_opened(db, user_id) is None:
        return
    try:
        for session in gateway.open_sessions(int(time.time()) - SESSION_SECONDS - CLOCK_SKEW):
            if is_of(session, user_id, keys):
                gateway.expire_session(str(session["id"]))
    except StripeRefused:
        log.error("the open sessions of user %s at Payment Links stay open", user_id)
