"""What the polled partial `dashboard/_stats.html` shows: the dashboard put into words."""

from datetime import date, datetime
from typing import Any, NamedTuple

from stats.dashboard import Dashboard
from stats.lib.timestamps import DAY
from stats.moods.history import week_mean
from stats.snapshot import RecentConversation
from stats.web.billing.plan_card import PlanView
from stats.web.runtime import runtime
from stats.web.templating.dates import day_month, month_year
from stats.web.templating.formatting import moment_text, user_fingerprint


class RecentView(NamedTuple):
    """One of the recent conversations; `chat_id` is None where it has no page."""

    chat_id: str | None
    summary: str
    timestamp: str
    absolute: str


def stats_fragment(board: Dashboard) -> dict[str, Any]:
    """Return the values for `dashboard/_stats.html`.

    Nobody waits for Stripe: the prices that are known are shown.
    """
    return {
        "dashboard": board,
        "fingerprint": user_fingerprint(board.user_id),
        "yesterday": board.today - DAY,
        "week_mean": week_mean(board.mood_days, board.today),
        "since": _since(board.since, board.today),
        "recent": [_recent(item, board) for item in board.snapshot.recent_conversations],
        "plan": PlanView(board, runtime().prices.cached()),
    }


def _since(first: date, today: date) -> str:
    """Return the user's first day if it is of this month, and its month otherwise."""
    of_this_month = (first.year, first.month) == (today.year, today.month)
    return day_month(first) if of_this_month else month_year(first)


def _recent(item: RecentConversation, board: Dashboard) -> RecentView:
    absolute = moment_text(board, datetime.fromisoformat(item.timestamp))
    return RecentView(item.chat_id, item.summary, item.timestamp, absolute)
