"""What a poll answers, and the page holds: one template, drawn once for each shape that it has.

What is a user's own goes into its gaps, in bytes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from stats.activity import DAY
from stats.dashboard import Dashboard
from stats.history import week_mean
from stats.moods import whole
from stats.plans import Plan
from stats.snapshot import RecentConversation
from stats.web.drawing import Drawing
from stats.web.frame import safe
from stats.web.plan_view import PlanView
from stats.web.views import moment_text, who_is
from stats.web.words import _, day_month, month_year, ngettext

TEMPLATE = "_stats.html"


class Shape(NamedTuple):
    """What decides how the fragment looks, beside what fills its gaps.

    `mood` is the day of the latest one: `today`, `yesterday`, `earlier`, or "" without one; `mean`
    is whether the last seven days had any, `recent` which of the last conversations have a page.
    """

    talked: bool
    mood: str
    mean: bool
    first_day: bool
    recent: tuple[bool, ...]


def fragment(
    board: Dashboard, prices: Mapping[Plan, str], drawing: Drawing, charts: str = ""
) -> bytes:
    """Return what a poll answers; the browser keeps its `charts` if they still stand.

    A poll never waits for Stripe: it shows the `prices` that are known.
    """
    recent, mean = board.recent, week_mean(board.mood_days, board.today)
    values = _numbers(board)
    values["plan"] = drawing.plan(PlanView(board, prices).card())
    values["drawn"] = b""
    if charts != board.charts:
        values["drawn"] = drawing.charts(board.mood_days, board.today)
    if board.mood_score is not None:
        values |= _mood(board, board.mood_score, mean)
    for place, item in enumerate(recent):
        values |= _recent(place, item, board)
    frame = drawing.frame(TEMPLATE, _shape(board, recent, mean))
    return b"".join(frame.fill(values))


def _shape(board: Dashboard, recent: Sequence[RecentConversation], mean: float | None) -> Shape:
    return Shape(
        talked=board.conversations > 0,
        mood=_mood_day(board),
        mean=mean is not None,
        first_day=board.since == board.today,
        recent=tuple([bool(item.chat_id) for item in recent]),
    )


def _mood_day(board: Dashboard) -> str:
    day, today = board.mood_day, board.today
    if day is None:
        return ""
    if day == today:
        return "today"
    return "yesterday" if day == today - DAY else "earlier"


def _numbers(board: Dashboard) -> dict[object, bytes]:
    longest = ngettext("Longest %(num)s day", "Longest %(num)s days", board.longest_streak)
    return {
        "today": board.today.isoformat().encode(),
        "version": b"%d" % board.version,
        "charts": safe(board.charts),
        "who": who_is(board.user_id).encode(),
        "conversations": b"%d" % board.conversations,
        "days_active": b"%d" % board.days_active,
        "since": safe(_since(board)),
        "streak": b"%d" % board.streak,
        "longest_streak": safe(longest),
    }


def _since(board: Dashboard) -> str:
    """Return the user's first day if it is of this month, and its month otherwise."""
    since, today = board.since, board.today
    of_this_month = (since.year, since.month) == (today.year, today.month)
    return day_month(since) if of_this_month else month_year(since)


def _mood(board: Dashboard, score: float, mean: float | None) -> dict[object, bytes]:
    day = "" if board.mood_day is None else day_month(board.mood_day, board.today)
    return {
        "mood_score": b"%g" % score,
        "mood_shade": b"%d" % whole(score),
        "mood_word": safe(_(board.mood_word)),
        "mood_day": safe(day),
        "mean": b"" if mean is None else b"%.1f" % mean,
    }


def _recent(place: int, item: RecentConversation, board: Dashboard) -> dict[object, bytes]:
    absolute = moment_text(board, datetime.fromisoformat(item.timestamp))
    return {
        f"chat{place}": safe(quote(item.chat_id or "", safe=":@")),
        f"summary{place}": safe(item.summary),
        f"timestamp{place}": safe(item.timestamp),
        f"absolute{place}": safe(absolute),
    }
