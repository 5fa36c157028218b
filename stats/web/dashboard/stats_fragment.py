"""The template context of the polled partial `dashboard/_stats.html`."""

from datetime import date, datetime
from typing import Any, NamedTuple

from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.dashboard import Dashboard
from stats.lib.timestamps import DAY
from stats.moods.history import week_mean
from stats.moods.scores import mean_score
from stats.snapshot import RecentConversation
from stats.web.billing.plan_card import PlanView
from stats.web.runtime import current_runtime
from stats.web.templating.dates import day_month, short_month_year
from stats.web.templating.formatting import moment_text, user_fingerprint


class RecentView(NamedTuple):
    """One of the recent conversations; `chat_id` is None where it has no page."""

    chat_id: str | None
    summary: str
    timestamp: str
    absolute: str


def stats_fragment(dashboard: Dashboard, opened: str | None = None) -> dict[str, Any]:
    """Return the context of `dashboard/_stats.html`, with cached prices.

    `opened` is the day on which the page was opened, for its polls, while it is not counted yet.
    """
    today = dashboard.mood_days.get(dashboard.today, ())
    return {
        "dashboard": dashboard,
        "opened": opened,
        "fingerprint": user_fingerprint(dashboard.user_id),
        "yesterday": dashboard.today - DAY,
        "today_count": len(today),
        "today_mean": mean_score(today) if today else None,
        # It ends on the day of the score above it, as the line of the trend does.
        "week_mean": week_mean(dashboard.mood_days, dashboard.mood_day or dashboard.today),
        "since": _since(dashboard.since, dashboard.today),
        "recent": [_recent(item, dashboard) for item in dashboard.snapshot.recent_conversations],
        "plan": PlanView(dashboard, current_runtime().prices),
        "at_stripe": isinstance(current_runtime().gateway, StripeGateway),
    }


def _since(first: date, today: date) -> str:
    """Return the user's first day as text: the day if it is in this month, else the month."""
    of_this_month = (first.year, first.month) == (today.year, today.month)
    return day_month(first) if of_this_month else short_month_year(first)


def _recent(item: RecentConversation, dashboard: Dashboard) -> RecentView:
    absolute = moment_text(dashboard, datetime.fromisoformat(item.timestamp))
    return RecentView(item.chat_id, item.summary, item.timestamp, absolute)
