"""What a Stripe subscription is, and which plan it gives when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from stats.plans.plan import Plan, highest
from stats.plans.price import Price, read_price, sum_prices
from stats.plans.stripe_objects import listed, part

# https://docs.stripe.com/api/subscriptions/object#subscription_object-status
PAYING = frozenset({"active", "trialing"})
OVERDUE = "past_due"
INCOMPLETE = "incomplete"
LIVE = PAYING | {OVERDUE}
# Nothing brings these back to life.
ENDED = frozenset({"canceled", "incomplete_expired"})


@dataclass(frozen=True, slots=True)
class Paid:
    """The plan that a subscription had when it was last seen paid, and until when (s) that is paid.

    `graced` is when a grace above that plan began in this period, None if there was none.
    """

    plan: Plan
    until: int
    graced: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A Stripe subscription as far as it matters here; moments are in seconds since 1970.

    `plan` is None when no setting maps any of its products. `renews` is the end of the paid
    period, `cancels` the moment for which its end was asked, `overdue_since` the one at which a
    `past_due` one became so, `patience` the one at which it stops giving its plan; each None
    where there is none. `price` is what all its items cost together, without a discount; None
    where that is no single amount. While nothing is collected, `collection_resumes` may say until
    when. `is_scheduled` is for a change that Stripe will make later; `livemode` is None where an
    older release stored it. `paid` is what was paid for when it was last seen paid, and
    `last_payment` when money came last, as far as that was asked: while or after it was `past_due`.
    `is_bundled` is for one that holds items of others beside ours, which may be taken out again.
    """

    id: str
    status: str
    plan: Plan | None
    renews: int | None
    cancels: int | None = None
    patience: int | None = None
    overdue_since: int | None = None
    price: Price | None = None
    discounted: bool = False
    collection_paused: bool = False
    collection_resumes: int | None = None
    is_scheduled: bool = False
    livemode: bool | None = None
    paid: Paid | None = None
    last_payment: int | None = None
    is_bundled: bool = False

    @property
    def ends(self) -> int | None:
        """The moment at which it stops giving its own plan, None while it goes on."""
        return min((end for end in (self.cancels, self.patience) if end is not None), default=None)

    @property
    def is_live(self) -> bool:
        """Whether Stripe may still charge for it, whatever it is worth."""
        return self.status in LIVE

    @property
    def has_ended(self) -> bool:
        """Whether it is over for good. One that is neither ended nor live may come back."""
        return self.status in ENDED

    def is_lost(self, now: float) -> bool:
        """Whether it would still give its plan at `now`, had it been paid."""
        over = self.patience is not None and now >= self.patience
        return self.is_live and over and (self.cancels is None or now < self.cancels)

    @property
    def gives(self) -> tuple[tuple[Plan, int | None], ...]:
        """What it entitles to, highest first, each until a moment or, with None, without end.

        Past due, that is its own plan for the grace, then what was paid for already, for as long as
        it was. Who has changed to a lower plan was credited the rest of the higher one.
        """
        if not self.is_live or self.plan is None:
            return ()
        if self.paid is None or self.ends is None or self.patience is None:
            return ((self.plan, self.ends),)
        rest = min(self.plan, self.paid.plan, key=lambda plan: plan.rank)
        until = min(filter(None, (self.paid.until, self.cancels)))
        left = ((rest, until),) if until > self.ends else ()
        return ((self.plan, self.ends), *left)

    def given(self, now: float) -> tuple[Plan, int | None]:
        """Return the plan that it gives at `now` and until when; that which it gave last, if it
        gives none any more."""
        gives = self.gives or ((Plan.FREE, None),)
        return next((one for one in gives if one[1] is None or now < one[1]), gives[-1])

    def worth(self, now: float) -> Plan:
        """Return the plan that it entitles to at `now`."""
        plan, until = self.given(now)
        return plan if until is None or now < until else Plan.FREE


def read_subscription(
    stored: Mapping[str, Any],
    products: Mapping[str, Plan],
    grace: int,
    overdue_since: int | None = None,
) -> Subscription:
    """Return what a subscription object of Stripe's says, whatever API version wrote it.

    `products` maps product ids to plans, `grace` is the patience with `past_due` in seconds,
    counted from `overdue_since`. A period that has begun may have been paid, so it says nothing.
    """
    items = listed(stored, "items")
    plans = [products[name] for item in items if (name := _product(item)) in products]
    renews = _period(stored, items, "current_period_end")
    cancels = stored.get("cancel_at")
    if cancels is None and stored.get("cancel_at_period_end"):
        cancels = renews
    since = overdue_since if stored.get("status") == OVERDUE else None
    pause = part(stored, "pause_collection")
    return Subscription(
        id=str(stored["id"]),
        status=str(stored.get("status")),
        plan=highest(plans) if plans else None,
        renews=renews,
        cancels=cancels,
        patience=None if since is None else since + grace,
        overdue_since=since,
        price=sum_prices(_item_price(item) for item in items),
        discounted=any(one.get("discounts") or one.get("discount") for one in (stored, *items)),
        collection_paused=bool(pause),
        collection_resumes=pause.get("resumes_at"),
        is_scheduled=bool(stored.get("schedule")),
        livemode=bool(stored.get("livemode")),
        is_bundled=0 < len(plans) < len(items),
    )


def with_paid(
    current: Subscription, last: Paid | None, began: int | None, grace: int
) -> Subscription:
    """Return a subscription with what was paid for when it was last seen paid.

    `last` is what was known to be paid for, `began` (s) the start of its period, `grace` in
    seconds. A grace above the plan that is paid for counts once in a paid period, unless money came
    since.
    """
    if current.status in PAYING and current.plan is not None and current.renews is not None:
        is_new = last is None or (began is not None and began >= last.until)
        graced = None if last is None or is_new else last.graced
        return replace(current, paid=Paid(current.plan, current.renews, graced))
    since = current.overdue_since
    if since is None or last is None or current.plan is None or current.plan.rank <= last.plan.rank:
        return replace(current, paid=last)
    graced = since if last.graced is None or _came_after(current, last.graced) else last.graced
    return replace(current, paid=replace(last, graced=graced), patience=min(since, graced) + grace)


def _came_after(subscription: Subscription, moment: int) -> bool:
    return subscription.last_payment is not None and subscription.last_payment > moment


def last_paid(stored: Subscription) -> Paid | None:
    """Return what was paid for when a subscription was last seen paid; an older release stored the
    subscription alone."""
    if stored.paid is None and stored.status in PAYING and stored.plan and stored.renews:
        return Paid(stored.plan, stored.renews)
    return stored.paid


def period_start(stored: Mapping[str, Any]) -> int | None:
    """Return when the present period of a subscription object of Stripe's began (s)."""
    items = listed(stored, "items")
    return _period(stored, items, "current_period_start")


def _item_price(item: Mapping[str, Any]) -> Price | None:
    return read_price(part(item, "price"), int(item.get("quantity") or 1))


def _product(item: Mapping[str, Any]) -> str:
    product = (part(item, "price") or part(item, "plan")).get("product")
    return str(product.get("id") if isinstance(product, Mapping) else product)


def _period(stored: Mapping[str, Any], items: Iterable[Mapping[str, Any]], name: str) -> int | None:
    """Return a period's edge: from the items (newer API versions), else from the subscription."""
    values = [item[name] for item in items if item.get(name) is not None]
    if values:
        return int(max(values))
    value = stored.get(name)
    return None if value is None else int(value)
