"""Reconciling: the subscriptions in Redis and at Stripe, compared both ways and mended."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stats.billing.customers import bind_customer, read_state
from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.billing.ownership import customer_of, is_about_us, named_user, sells_our_product
from stats.billing.sync import fetch_subscriptions, is_other_account, make_state, sync
from stats.errors import StatsError
from stats.lib.text import as_text
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.subscription import LIVE, Subscription
from stats.snapshot import user_stats_exist
from stats.store.client import Db
from stats.store.keys import customer_key, user_ids

MAX_TAKEN_SHARE = 5
# Neither live nor over: paid or resumed, they are live again.
LAPSED = frozenset({"unpaid", "paused"})


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
            findings += _compare_user(gateway, name, state, customers, grace)
    findings += _from_stripe(db, gateway, user_id)
    return Comparison(tuple(findings), payers)


def _compare_user(
    gateway: StripeGateway, user_id: str, stored: BillingState, customers: list[str], grace: int
) -> Iterator[Discrepancy]:
    listed, unknown = fetch_subscriptions(gateway, customers)
    if unknown:
        yield Discrepancy("customer unknown to Stripe", user_id, " ".join(unknown))
    if is_other_account(gateway, unknown, customers, stored):
        return
    now, state = time.time(), make_state(gateway, listed, stored, user_id, grace)
    have, due = stored.plan(now), state.plan(now)
    if due.rank > have.rank:
        yield Discrepancy("money without plan", user_id, f"has {have}, pays {due}", mendable=True)
    elif have.rank > due.rank:
        yield Discrepancy("plan without money", user_id, f"has {have}, pays {due}", mendable=True)
    if len(state.live) > 1:
        yield Discrepancy("several live subscriptions", user_id, _ids(state.live))
    lapsed = [one for one in state.subscriptions if one.status in LAPSED]
    if state.live and lapsed:
        # Once its invoice is paid after all, there are two.
        yield Discrepancy("bought again beside a lapsed one", user_id, _ids(lapsed))
    live_ids = {subscription.id for subscription in state.live}
    for row in listed:
        if row["id"] in live_ids and not sells_our_product(row, gateway.products):
            yield Discrepancy("unknown product", user_id, str(row["id"]))


def _ids(subscriptions: Iterable[Subscription]) -> str:
    return " ".join(subscription.id for subscription in subscriptions)


def _from_stripe(db: Db, gateway: StripeGateway, only: str | None) -> Iterator[Discrepancy]:
    for stored in gateway.all_subscriptions():
        named = named_user(stored, gateway.products)
        if stored["status"] not in LIVE or not is_about_us(stored, gateway.products):
            continue
        if only is None or named == only:
            is_sold = sells_our_product(stored, gateway.products)
            yield from _compare_subscription(db, stored, named, is_sold=is_sold)


def _compare_subscription(
    db: Db, stored: Mapping[str, Any], named: str | None, *, is_sold: bool
) -> Iterator[Discrepancy]:
    customer = str(customer_of(stored))
    bound = db.get(customer_key(customer))
    user_id = as_text(bound) if bound is not None else named
    detail = f"{stored['id']} of {customer}"
    if user_id is None or not user_stats_exist(db, user_id):
        yield Discrepancy("billed, but no such user", user_id or "unknown", detail)
    elif is_sold and (bound is None or customer not in read_state(db, user_id)[1]):
        yield Discrepancy("money without plan", user_id, detail, mendable=True, customer=customer)
    elif bound is None:
        yield Discrepancy("unknown product", user_id, detail)


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
