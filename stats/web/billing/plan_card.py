"""A user's plan as templates show it."""

import re
from datetime import datetime
from typing import NamedTuple

from stats.billing.prices import Prices
from stats.dashboard import Dashboard
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan, highest
from stats.plans.price import Interval
from stats.plans.subscription import INCOMPLETE, PAYING, Subscription
from stats.web.templating.dates import day_month
from stats.web.templating.translation import price_parts


class PlanUntil(NamedTuple):
    """A plan and the day on which it ends or ended, None for a day that is not known."""

    plan: Plan
    day: str | None


class UnpaidView(NamedTuple):
    """A payment that failed: its day (None if Stripe has not said), and the plan that it is for.

    `kept` is what its subscription gives meanwhile, `then` what is paid for after that, and `lost`
    what it gave last, if it gives nothing that the user has.
    """

    failed: str | None
    plan: Plan
    kept: PlanUntil | None = None
    then: PlanUntil | None = None
    lost: PlanUntil | None = None

    @property
    def is_paid_rest(self) -> bool:
        """Whether what is kept is not for the grace, but was paid for."""
        return self.kept is not None and self.kept.plan != self.plan


class AlsoPaid(NamedTuple):
    """A further plan that goes on: its price in words and the day of its next payment, if known."""

    plan: Plan
    price: str | None
    renews: str | None


class PlanView:
    """A user's plan for templates: price, usage, and the days of renewal and end as text.

    `subscription` is the one that gives the plan, None where nothing is paid for it; `paid` is the
    best one that is paid for, which a grant may exceed.
    """

    def __init__(self, dashboard: Dashboard, prices: Prices) -> None:
        self._dashboard = dashboard
        self._now = dashboard.now.timestamp()
        self.name = plan = dashboard.plan
        # A plan without a subscription behind it was granted.
        self.granted = plan != Plan.FREE and dashboard.billing.plan(self._now) != plan
        self.paid = dashboard.billing.best(self._now)
        self.subscription = None if self.granted else self.paid
        self.price = self._price(prices)
        self.also_paid = self._also_paid(prices)
        self.limit = plan.daily_conversations
        self.used = dashboard.used_today
        self.day_start = dashboard.clock.day_start

    def _price(self, prices: Prices) -> str | None:
        """Return what the user pays: the own price, never that of the list. None if unknown."""
        if self.name == Plan.FREE:
            return free_price(prices)
        paid = self.own_price(prices, self.name)
        return paid and " ".join(price_parts(paid)).strip()

    def _also_paid(self, prices: Prices) -> list[AlsoPaid]:
        """Return what is charged for beside the subscription that gives the plan."""
        others = [one for one in self._dashboard.billing.live if one != self.paid]
        return [
            AlsoPaid(one.plan, _full_price(one, prices), self._next_payment(one))
            for one in others
            if one.plan and one.status in PAYING and one.cancels is None
        ]

    def _next_payment(self, subscription: Subscription) -> str | None:
        """Return the day of the next payment; None if there is none, or Stripe has not said."""
        if (
            subscription.ends is not None
            or subscription.collection_paused
            or subscription.renews is None
        ):
            return None
        return self.day(subscription.renews) if self._now < subscription.renews else None

    def own_price(self, prices: Prices, plan: Plan) -> str | None:
        """Return what the subscription costs in words, if it is one to `plan`; None if unknown.

        One that is past due may give another plan, which was paid for before.
        """
        own = self.subscription
        return prices.paid(own) if own and own.plan == plan else None

    @property
    def discounted(self) -> bool:
        """Whether a discount makes it cost less than its price."""
        return self.subscription is not None and self.subscription.discounted

    @property
    def renews(self) -> str | None:
        """The day of the next payment; None if there is none, or Stripe has not said."""
        return self._next_payment(self.subscription) if self.subscription else None

    @property
    def ends(self) -> str | None:
        """The day on which it ends, None if it renews."""
        subscription = self.subscription
        if subscription is None or subscription.ends is None or self.unpaid:
            return None
        return self.day(subscription.ends)

    @property
    def is_ending(self) -> bool:
        """Whether its end was asked for, paid or not."""
        return self.subscription is not None and self.subscription.cancels is not None

    @property
    def is_scheduled(self) -> bool:
        """Whether Stripe will change it later: what it costs then is not known here."""
        return self.subscription is not None and self.subscription.is_scheduled

    @property
    def collection_paused(self) -> bool:
        """Whether nothing is collected for it at present."""
        return self.subscription is not None and self.subscription.collection_paused

    @property
    def collection_resumes(self) -> str | None:
        """The day on which payments begin again, None if Stripe has not said."""
        moment = self.subscription and self.subscription.collection_resumes
        return self.day(moment) if moment and self._now < moment else None

    @property
    def unpaid(self) -> UnpaidView | None:
        """The payment that failed, None if all is paid."""
        subscription = self._dashboard.billing.overdue(self._now)
        if subscription is None or subscription.plan is None:
            return None
        since = subscription.overdue_since
        failed = None if since is None else self.day(since)
        if subscription != self.paid:
            return UnpaidView(failed, subscription.plan, lost=self._lost(subscription))
        kept = self._until(*subscription.given(self._now))
        return UnpaidView(failed, subscription.plan, kept, self._then(subscription))

    def _until(self, plan: Plan, until: int | None) -> PlanUntil:
        return PlanUntil(plan, None if until is None else self.day(until))

    def _then(self, subscription: Subscription) -> PlanUntil | None:
        """Return what the user has after the grace, if it is what the subscription paid for."""
        (_, grace), *rest = subscription.gives
        if not rest or grace is None or self._now >= grace:
            return None
        has = highest((self._grant, self._dashboard.billing.plan(grace)))
        return self._until(*rest[0]) if has == rest[0][0] else None

    def _lost(self, subscription: Subscription) -> PlanUntil | None:
        """Return what a subscription gave last since its payment failed that the user lacks."""
        since = subscription.overdue_since or 0
        lost = [(plan, end) for plan, end in subscription.gives if end is None or end > since]
        higher = [one for one in lost if one[0].rank > self.name.rank]
        return self._until(*higher[-1]) if higher else None

    @property
    def afterwards(self) -> Plan:
        """The plan that is left when what is paid for has ended."""
        ends = self.paid.given(self._now)[1] if self.paid else None
        paid = self._dashboard.billing.plan(self._now if ends is None else ends)
        return highest((self._grant, paid))

    @property
    def _grant(self) -> Plan:
        return self._dashboard.snapshot.grant or Plan.FREE

    @property
    def unconfirmed(self) -> bool:
        """Whether a first payment has neither come nor been given up."""
        rows = self._dashboard.billing.subscriptions
        return any(one.status == INCOMPLETE for one in rows)

    @property
    def lapsed(self) -> bool:
        """Whether a subscription is neither live nor over: unpaid, or paused."""
        rows = self._dashboard.billing.subscriptions
        return any(
            not one.is_live and not one.has_ended and one.status != INCOMPLETE for one in rows
        )

    @property
    def without(self) -> Plan:
        """The plan that is left when the subscription that gives it is ended at its renewal."""
        rows = self._dashboard.billing.subscriptions
        others = BillingState(tuple(one for one in rows if one != self.subscription))
        renews = self.subscription.renews if self.subscription else None
        paid = others.plan(self._now if renews is None else renews)
        return highest((self._grant, paid))

    @property
    def is_monthly(self) -> bool:
        """Whether it is paid for each month, and not every three."""
        price = self.subscription.price if self.subscription else None
        return price is not None and price.interval == Interval.MONTH and price.count == 1

    @property
    def paid_until(self) -> str | None:
        """The day on which what is paid for ends, beside a grant, too; None if it goes on."""
        ends = self.paid.given(self._now)[1] if self.paid else None
        return None if ends is None else self.day(ends)

    def day(self, moment: int) -> str:
        """Return a moment's day (s since 1970) as the user's clock has it."""
        local = datetime.fromtimestamp(moment, self._dashboard.clock.zone)
        return day_month(local, self._dashboard.today)


def _full_price(subscription: Subscription, prices: Prices) -> str | None:
    """Return a subscription's price in words; None if it is unknown, or a discount lowers it."""
    price = None if subscription.discounted else prices.paid(subscription)
    return " ".join(price_parts(price)).strip() if price else None


def free_price(prices: Prices) -> str | None:
    """Return nothing in the currency of the other plans: `£0`. None while none is known."""
    for text in prices.cached().values():
        amount = price_parts(text)[0]
        if re.search(r"\d", amount):
            return re.sub(r"\d([\d.,]*\d)?", "0", amount, count=1)
    return None
