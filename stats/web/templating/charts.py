"""The charts: what they show, and the geometry of the trend's dots and line.

In the trend x is in per cent of the width and y in pixels from the top, so that dots stay round.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from stats.moods.history import TREND_DAYS, Activity, Trend, Year, make_trend, make_year
from stats.web.templating.means import day_lines
from stats.web.templating.year_chart import year_chart

# With fewer days the trend has no line.
MIN_LINE_DAYS = 3
# The height of the plot in pixels (score 10 to 0), and the y of days without an entry.
HEIGHT, EMPTY_Y = 160, 168
NO_TAGS: Mapping[date, Sequence[str]] = MappingProxyType({})


class Dot(NamedTuple):
    """The dot of one day of the trend; `mean` is None for a day without an entry."""

    x: str
    y: float
    mean: float | None


def charts(
    scores: Mapping[date, Sequence[float]],
    today: date,
    activity: Activity | None = None,
    tags: Mapping[date, Sequence[str]] = NO_TAGS,
) -> dict[str, Any]:
    """Return the context of the charts; `scores` are those of all entries, by the user's day.

    `activity` and `tags` (words by day) are said of the days if they are given.
    """
    context = year_context(make_year(scores, today, activity), tags)
    context |= trend_context(make_trend(scores, today), TREND_DAYS)
    return context | {"is_first_line": context["year"].logged < MIN_LINE_DAYS}


def trend_context(trend: Trend, places: int) -> dict[str, Any]:
    """Return the context of a trend, with `places` for days side by side, some perhaps to come."""
    return {
        "trend": trend,
        "places": places,
        "dots": dots(trend, places),
        "line": week_line(trend, places),
        "has_line": trend.logged >= MIN_LINE_DAYS,
    }


def year_context(year: Year, tags: Mapping[date, Sequence[str]] = NO_TAGS) -> dict[str, Any]:
    """Return the context of the year alone; `lines` says of each day what it holds."""
    lines = day_lines(year, tags)
    return {
        "year": year,
        "year_chart": year_chart(year, lines),
        "lines": lines,
        "today": year.dates[-1],
    }


def dots(trend: Trend, places: int) -> list[Dot]:
    """Return the dots of the days, oldest first."""
    return [
        Dot(_x(index, places), EMPTY_Y if mean is None else _y(mean), mean)
        for index, mean in enumerate(trend.means)
    ]


def week_line(trend: Trend, places: int) -> str:
    """Return the path of the 7-day mean, which breaks where nothing was logged.

    https://www.w3.org/TR/SVG11/paths.html#PathData
    """
    path, command = [], "M"
    for index, mean in enumerate(trend.week_means):
        if mean is not None:
            path.append(f"{command}{_x(index, places)} {_y(mean):.1f}")
        command = "M" if mean is None else "L"
    return "".join(path)


def _x(index: int, places: int) -> str:
    return f"{index * 100 / (places - 1):.2f}"


def _y(mean: float) -> float:
    return round(HEIGHT - mean * HEIGHT / 10, 1)
