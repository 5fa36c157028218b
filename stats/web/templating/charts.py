"""The geometry of the charts: dots and line of the trend, month labels of the year.

In the trend x is in per cent of the width and y in pixels from the top, so that dots stay round.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from stats.lib.timestamps import DAY
from stats.moods.history import TREND_DAYS, Trend, make_trend, make_year
from stats.web.templating import dates as date_texts

# With fewer days the trend has no line.
MIN_LINE_DAYS = 3
# The height of the plot in pixels (score 10 to 0), and the y of days without an entry.
HEIGHT, EMPTY_Y = 160, 168
# The x of the first and the last day, in per cent.
FIRST_X, LAST_X = 2.4, 97.6


class Dot(NamedTuple):
    """The dot of one day of the trend; `mean` is None for a day without an entry."""

    x: str
    y: float
    mean: float | None


def charts(scores: Mapping[date, Sequence[float]], today: date) -> dict[str, Any]:
    """Return the context of the charts; `scores` are those of all entries, by the user's day."""
    trend, year = make_trend(scores, today), make_year(scores, today)
    return {
        "trend": trend,
        "dots": dots(trend),
        "line": week_line(trend),
        "has_line": trend.logged >= MIN_LINE_DAYS,
        "is_first_line": year.logged < MIN_LINE_DAYS,
        "year": year,
        "months": month_labels(year.dates),
        "today": today,
    }


def dots(trend: Trend) -> list[Dot]:
    """Return the dots of the 30 days, oldest first."""
    return [
        Dot(_x(index), EMPTY_Y if mean is None else _y(mean), mean)
        for index, mean in enumerate(trend.means)
    ]


def week_line(trend: Trend) -> str:
    """Return the path of the 7-day mean, which breaks where nothing was logged.

    https://www.w3.org/TR/SVG11/paths.html#PathData
    """
    path, command = [], "M"
    for index, mean in enumerate(trend.week_means):
        if mean is not None:
            path.append(f"{command}{_x(index)} {_y(mean):.1f}")
        command = "M" if mean is None else "L"
    return "".join(path)


def _x(index: int) -> str:
    return f"{FIRST_X + index * (LAST_X - FIRST_X) / (TREND_DAYS - 1):.2f}"


def _y(mean: float) -> float:
    return round(HEIGHT - mean * HEIGHT / 10, 1)


def month_labels(dates: Sequence[date]) -> list[str]:
    """Return for each week of the year the name of the month that begins in it, "" if none does."""
    return [_month(monday) for monday in dates[::7]]


def _month(monday: date) -> str:
    first = next((day for n in range(7) if (day := monday + n * DAY).day == 1), None)
    return "" if first is None else date_texts.SHORT_MONTHS[first.month - 1]
