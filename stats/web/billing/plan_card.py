"""A user's plan as the pages say it."""

from collections.abc import Mapping
from datetime import datetime

from stats.dashboard import Dashboard
from stats.plans.plan import Plan
from stats.web.templating.dates import day_month
from stats.web.templating.translation import price_parts


class PlanView:
    """A user's plan in words: price, use, and what happens when."""

    def __init__(self, dashboard: Dashboard, prices: Mapping[Plan, str]) -> None:
        self._dashboard = dashboard
        self._now = dashboard.now.timestamp()
        self._best = dashboard.billing.best(self._now)
        self.name = plan = dashboard.plan
        # A plan that nothing is paid for is a grant.
        self.granted = plan != Plan.FREE and dashboard.billing.plan(self._now) != plan
        price = "£0" if plan == Plan.FREE else prices.get(plan)
        self.price = price and " ".join(price_parts(price)).strip()
        self.limit = plan.daily_conversations
        self.used = dashboard.used_today
        self.day_start = dashboard.clock.day_start

    @property
    def renews(self) -> str | None:
        """The day on which it renews, None if it ends, nobody pays, or Stripe has not said."""
        best = self._best
        if self.granted or best is None or best.ends is not None or best.renews is None:
            return None
        return self._day(best.renews) if self._now < best.renews else None

    @property
    def ends(self) -> str | None:
        """The day on which it ends, None if it goes on."""
        best = self._best
        if self.granted or best is None or best.ends is None or self.overdue:
            return None
        return self._day(best.ends)

    @property
    def overdue(self) -> str | None:
        """The day until which an unpaid plan is kept, None if all is paid."""
        found = None if self.granted else self._dashboard.billing.overdue(self._now)
        return None if found is None or found.ends is None else self._day(found.ends)

    def _day(self, moment: int) -> str:
        local = datetime.fromtimestamp(moment, self._dashboard.clock.zone)
        return day_month(local, self._dashboard.today)
