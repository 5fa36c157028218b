"""A user's plan as templates show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from stats.dashboard import Dashboard
from stats.plans.plan import Plan
from stats.web.templating.dates import day_month
from stats.web.templating.translation import price_parts


class UnpaidView(NamedTuple):
    """A payment that failed: its day (None if Stripe has not said), and the plan that it is for.

    `until` is the day until which the plan stays, or on which it went if it `is_lost`.
    """

    failed: str | None
    plan: Plan
    until: str | None
    is_lost: bool


class PlanView:
    """A user's plan for templates: price, usage, and the days of renewal and end as text."""

    def __init__(self, dashboard: Dashboard, prices: Mapping[Plan, str]) -> None:
        self._dashboard = dashboard
        self._now = dashboard.now.timestamp()
        self._subscription = dashboard.billing.best(self._now)
        self.name = plan = dashboard.plan
        # A plan without a subscription behind it was granted.
        self.granted = plan != Plan.FREE and dashboard.billing.plan(self._now) != plan
        price = "£0" if plan == Plan.FREE else prices.get(plan)
        self.price = price and " ".join(price_parts(price)).strip()
        self.limit = plan.daily_conversations
        self.used = dashboard.used_today
        self.day_start = dashboard.clock.day_start

    @property
    def renews(self) -> str | None:
        """The day on which it renews; None if it ends, was granted, or Stripe has not said."""
        subscription = self._subscription
        if (
            self.granted
            or subscription is None
            or subscription.ends is not None
            or subscription.renews is None
        ):
            return None
        return self._day(subscription.renews) if self._now < subscription.renews else None

    @property
    def ends(self) -> str | None:
        """The day on which it ends, None if it renews."""
        subscription = self._subscription
        if self.granted or subscription is None or subscription.ends is None or self.unpaid:
            return None
        return self._day(subscription.ends)

    @property
    def unpaid(self) -> UnpaidView | None:
        """The payment that failed, None if all is paid."""
        subscription = self._dashboard.billing.overdue(self._now)
        if subscription is None or subscription.plan is None:
            return None
        since, until = subscription.overdue_since, subscription.ends
        return UnpaidView(
            None if since is None else self._day(since),
            subscription.plan,
            None if until is None else self._day(until),
            subscription.is_lost(self._now),
        )

    def _day(self, moment: int) -> str:
        local = datetime.fromtimestamp(moment, self._dashboard.clock.zone)
        return day_month(local, self._dashboard.today)
