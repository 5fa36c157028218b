"""Reconciling: the subscriptions in Redis and at Stripe, compared both ways and mended."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stats.billing.gateway import UnknownCustomer
from stats.billing.stripe_gateway import StripeGateway
from stats.billing.sync import bind_customer, fetch_subscriptions, make_state, read_state, sync
from stats.errors import StatsError
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.subscription import read_subscription
from stats.snapshot import user_stats_exist
from stats.store.client import Db
from stats.store.keys import customer_key, user_ids

MAX_TAKEN_SHARE = 5


class TooManyTaken(StatsError):
    """Mending would take the plan from more than a fifth of the payers at once."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One way in which Redis and Stripe differ.

    `mendable` ones go away when the user is synchronised; the others need an operator.
    """

    what: str
    user_id: str
    detail: str
    mendable: bool = False
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The discrepancies, and how many users pay for a plan according to Redis."""

    findings: tuple[Discrepancy, ...]
    payers: int


def compare(
    db: Db, gateway: StripeGateway, *, grace: int, user_id: str | None = None
) -> Comparison:
    """Compare all users, or one, with Stripe. Changes nothing; raises BillingUnavailable."""
    findings: list[Discrepancy] = []
    payers = 0
    for name in [user_id] if user_id else user_ids(db):
        state, customers = read_state(db, name)
        payers += state.plan(time.time()) != Plan.FREE
        if customers or state.live:
            try:
                findings += _compare_user(gateway, name, state, customers, grace)
            except UnknownCustomer:
                findings.append(
                    Discrepancy("customer unknown to Stripe", name, " ".join(customers))
                )
    findings += _from_stripe(db, gateway, grace, user_id)
    return Comparison(tuple(findings), payers)


def _compare_user(
    gateway: StripeGateway, user_id: str, stored: BillingState, customers: list[str], grace: int
) -> Iterator[Discrepancy]:
    listed = fetch_subscriptions(gateway, customers)
    now, state = time.time(), make_state(gateway, listed, stored, user_id, grace)
    have, due = stored.plan(now), state.plan(now)
    if due.rank > have.rank:
        yield Discrepancy("money without plan", user_id, f"has {have}, pays {due}", mendable=True)
    elif have.rank > due.rank:
        yield Discrepancy("plan without money", user_id, f"has {have}, pays {due}", mendable=True)
    live = [subscription.id for subscription in state.live if subscription.plan]
    if len(live) > 1:
        yield Discrepancy("several live subscriptions", user_id, " ".join(live))
    known_ids = {subscription.id for subscription in stored.live}
    for subscription in (read_subscription(row, gateway.products, grace) for row in listed):
        if subscription.is_live and subscription.plan is None and subscription.id in known_ids:
            yield Discrepancy("unknown product", user_id, subscription.id)


def _from_stripe(
    db: Db, gateway: StripeGateway, grace: int, only: str | None
) -> Iterator[Discrepancy]:
    for stored in gateway.all_subscriptions():
        subscription = read_subscription(stored, gateway.products, grace)
        named = (stored.get("metadata") or {}).get("user_id")
        if not subscription.is_live or (subscription.plan is None and not named):
            continue
        if only is None or named == only:
            yield from _compare_subscription(db, stored, named)


def _compare_subscription(
    db: Db, stored: Mapping[str, Any], named: str | None
) -> Iterator[Discrepancy]:
    customer = stored["customer"]
    customer = str(customer["id"] if isinstance(customer, Mapping) else customer)
    bound = db.get(customer_key(customer))
    user_id = as_text(bound) if bound is not None else named
    detail = f"{stored['id']} of {customer}"
    if user_id is None or not user_stats_exist(db, user_id):
        yield Discrepancy("billed, but no such user", user_id or "unknown", detail)
    elif bound is None:
        yield Discrepancy("money without plan", user_id, detail, mendable=True, customer=customer)


def mend(
    db: Db,
    gateway: StripeGateway,
    report: Comparison,
    *,
    grace: int,
    on_mended: Callable[[Discrepancy], None],
    sure: bool = False,
) -> list[Discrepancy]:
    """Synchronise the users with mendable findings; return the findings that are left.

    `on_mended` is called with each of the others as soon as it is mended, whatever fails later.
    Raises TooManyTaken, having changed nothing, if more than a fifth of the payers would lose
    their plan (a wrong key looks like that) and the operator is not `sure`.
    """
    taken = [finding for finding in report.findings if finding.what == "plan without money"]
    if len(taken) * MAX_TAKEN_SHARE > report.payers and not sure:
        raise TooManyTaken(f"This would take the plan from {len(taken)} of {report.payers} payers.")
    left = []
    for finding in report.findings:
        if not finding.mendable or (
            finding.customer is not None
            and not bind_customer(db, finding.user_id, finding.customer)
        ):
            left.append(finding)
        else:
            sync(db, gateway, finding.user_id, grace=grace)
            on_mended(finding)
    return left
