"""Reconciling: what Redis and Stripe say of each other, compared both ways and mended."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stats.billing.stripe_gateway import StripeGateway, UnknownCustomer
from stats.billing.sync import bind, make_state, state_of, subscriptions_of, sync
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
class Finding:
    """One way in which Redis and Stripe differ.

    `mendable` findings go away when the user is synchronised; the others need an operator.
    """

    what: str
    user_id: str
    detail: str
    mendable: bool = False
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and how many users paid for a plan as far as Redis knew."""

    findings: tuple[Finding, ...]
    payers: int


def compare(db: Db, gateway: StripeGateway, *, grace: int, user_id: str | None = None) -> Report:
    """Compare all users, or one, with Stripe. Changes nothing; raises BillingUnavailable."""
    findings: list[Finding] = []
    payers = 0
    for name in [user_id] if user_id else user_ids(db):
        state, customers = state_of(db, name)
        payers += state.plan(time.time()) != Plan.FREE
        if customers or state.live:
            try:
                findings += _compare_user(gateway, name, state, customers, grace)
            except UnknownCustomer:
                findings.append(Finding("customer unknown to Stripe", name, " ".join(customers)))
    findings += _from_stripe(db, gateway, grace, user_id)
    return Report(tuple(findings), payers)


def _compare_user(
    gateway: StripeGateway, user_id: str, stored: BillingState, customers: list[str], grace: int
) -> Iterator[Finding]:
    listed = subscriptions_of(gateway, customers)
    now, state = time.time(), make_state(gateway, listed, stored, user_id, grace)
    have, due = stored.plan(now), state.plan(now)
    if due.rank > have.rank:
        yield Finding("money without plan", user_id, f"has {have}, pays {due}", mendable=True)
    elif have.rank > due.rank:
        yield Finding("plan without money", user_id, f"has {have}, pays {due}", mendable=True)
    live = [found.id for found in state.live if found.plan]
    if len(live) > 1:
        yield Finding("several live subscriptions", user_id, " ".join(live))
    known = {one.id for one in stored.live}
    for found in (read_subscription(row, gateway.products, grace) for row in listed):
        if found.is_live and found.plan is None and found.id in known:
            yield Finding("unknown product", user_id, found.id)


def _from_stripe(db: Db, gateway: StripeGateway, grace: int, only: str | None) -> Iterator[Finding]:
    for stored in gateway.all_subscriptions():
        subscription = read_subscription(stored, gateway.products, grace)
        named = (stored.get("metadata") or {}).get("user_id")
        if not subscription.is_live or (subscription.plan is None and not named):
            continue
        if only is None or named == only:
            yield from _compare_subscription(db, stored, named)


def _compare_subscription(
    db: Db, stored: Mapping[str, Any], named: str | None
) -> Iterator[Finding]:
    customer = stored["customer"]
    customer = str(customer["id"] if isinstance(customer, Mapping) else customer)
    bound = db.get(customer_key(customer))
    user_id = as_text(bound) if bound is not None else named
    detail = f"{stored['id']} of {customer}"
    if user_id is None or not user_stats_exist(db, user_id):
        yield Finding("billed, but no such user", user_id or "unknown", detail)
    elif bound is None:
        yield Finding("money without plan", user_id, detail, mendable=True, customer=customer)


def mend(
    db: Db,
    gateway: StripeGateway,
    report: Report,
    *,
    grace: int,
    on_mended: Callable[[Finding], None],
    sure: bool = False,
) -> list[Finding]:
    """Synchronise the users with mendable findings; return the findings that are left.

    `on_mended` is called with each of the others as soon as it is mended, whatever fails later.
    Raises TooManyTaken, having changed nothing, if more than a fifth of the payers would lose
    their plan (a wrong key looks like that) and the operator is not `sure`.
    """
    taken = [found for found in report.findings if found.what == "plan without money"]
    if len(taken) * MAX_TAKEN_SHARE > report.payers and not sure:
        raise TooManyTaken(f"This would take the plan from {len(taken)} of {report.payers} payers.")
    left = []
    for found in report.findings:
        if not found.mendable or (
            found.customer is not None and not bind(db, found.user_id, found.customer)
        ):
            left.append(found)
        else:
            sync(db, gateway, found.user_id, grace=grace)
            on_mended(found)
    return left
