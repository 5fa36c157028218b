"""Sales of which no event has come yet: found at Stripe by the reference that we signed."""

import time
from collections.abc import Container, Mapping, Sequence
from typing import Any

from stats.billing.client_reference import read_reference
from stats.billing.customers import bind_customer, buys_from_us, read_state
from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.ownership import customer_of
from stats.billing.sync import sync
from stats.plans.purchase import Outcome, Purchase, read_purchase
from stats.store.client import Db
from stats.store.keys import PLAN_KINDS, user_key, user_keys
from stats.store.scripts import run_replicated

# A session is open for a day, and Stripe sends its event again for three more
# (https://docs.stripe.com/webhooks#retries).
LOOK_BACK = 4 * 86_400
CLOCK_SKEW = 300


def note_link(db: Db, user_id: str) -> None:
    """Note that a user is sent to a Payment Link: whoever pays there is no customer of ours yet."""
    keys = user_keys(user_id, PLAN_KINDS)
    run_replicated(db, "billing/note_link", keys, int(time.time()))


def bind_link_buyers(
    db: Db, gateway: Gateway, user_id: str, keys: Sequence[str], known: Container[str]
) -> bool:
    """Bind the customers that a user became at Payment Links; return whether any is not `known`.

    Looks at the last days alone. Raises BillingUnavailable.
    """
    opened = link_opened(db, user_id)
    if opened is None:
        return False
    since = max(opened, int(time.time()) - LOOK_BACK) - CLOCK_SKEW
    sessions = [
        session
        for session in gateway.completed_sessions(since)
        if is_of(session, user_id, keys) and customer_of(session) not in known
    ]
    bound = [_bind_buyer(db, gateway, user_id, session) for session in sessions]
    return any(bound)


def sync_session(
    db: Db, gateway: Gateway, user_id: str, session_id: str, *, keys: Sequence[str], grace: int
) -> Purchase:
    """Sync with what a Checkout Session has sold to a user; return what became of it.

    The id may come from anywhere: nothing is done unless Stripe says that the session carries the
    reference that we signed for this user. Raises BillingUnavailable.
    """
    session = gateway.session(session_id)
    if session is None:
        return Purchase(Outcome.WAITING)
    if not is_of(session, user_id, keys):
        return Purchase(Outcome.FOREIGN)
    if _bind_buyer(db, gateway, user_id, session):
        sync(db, gateway, user_id, grace=grace)
    elif session.get("status") == "complete":
        return Purchase(Outcome.WAITING)
    return read_purchase(session, read_state(db, user_id)[0], gateway.products)


def link_opened(db: Db, user_id: str) -> int | None:
    """Return when (s) a user was first sent to a Payment Link, None if that never was."""
    opened = db.hget(user_key(user_id, "billing"), "link_at")
    return None if opened is None else int(opened)


def is_of(session: Mapping[str, Any], user_id: str, keys: Sequence[str]) -> bool:
    """Return whether a Checkout Session carries the reference that we signed for a user."""
    reference = session.get("client_reference_id")
    return bool(reference) and read_reference(str(reference), keys) == user_id


def _bind_buyer(db: Db, gateway: Gateway, user_id: str, session: Mapping[str, Any]) -> bool:
    customer = customer_of(session)
    if session.get("status") != "complete" or customer is None:
        return False
    try:
        return buys_from_us(gateway, customer) and bind_customer(db, user_id, customer)
    except UnknownCustomer:
        # Deleted since.
        return False
