"""What became of what a Checkout Session was to sell, as the return page tells it."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan, highest
from stats.plans.stripe_objects import listed, part
from stats.plans.subscription import INCOMPLETE


class Outcome(StrEnum):
    """`waiting` is what is not known yet, `foreign` what is not this user's."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    FOREIGN = "foreign"
    UNPAID = "unpaid"
    PENDING = "pending"
    REFUSED = "refused"
    ENDED = "ended"


class Purchase(NamedTuple):
    """An outcome and the plan: what was sold or, arrived, what it gives now; None if unknown."""

    outcome: Outcome
    plan: Plan | None = None


def read_purchase(
    session: Mapping[str, Any], state: BillingState, products: Mapping[str, Plan]
) -> Purchase:
    """Return what became of a user's session; `state` was read from Stripe after it.

    Nothing is stored of a subscription that has ended. A payment that a bank makes is pending
    until then (https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-payment-methods).
    """
    sold = _sold(session, products)
    if session.get("status") != "complete":
        return Purchase(Outcome.UNPAID, sold)
    rows = [row for row in state.subscriptions if row.id == session.get("subscription")]
    worth = highest(row.worth(time.time()) for row in rows)
    if worth != Plan.FREE:
        return Purchase(Outcome.ARRIVED, worth)
    if any(row.status == INCOMPLETE for row in rows):
        return Purchase(Outcome.PENDING, sold)
    is_refused = session.get("payment_status") == "unpaid"
    return Purchase(Outcome.REFUSED if is_refused else Outcome.ENDED, sold)


def _sold(session: Mapping[str, Any], products: Mapping[str, Plan]) -> Plan | None:
    lines = listed(session, "line_items")
    names = [str(part(line, "price").get("product")) for line in lines]
    plans = [products[name] for name in names if name in products]
    return highest(plans) if plans else None
