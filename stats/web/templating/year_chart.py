"""The year as a chart: three strips of weeks, a column each, cut where a month begins."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import combinations, pairwise
from typing import NamedTuple

from markupsafe import Markup

from stats.lib.timestamps import DAY
from stats.moods.history import WEEKS, Year
from stats.moods.scores import round_score
from stats.web.templating.dates import SHORT_MONTHS

# The columns that a month's label takes: it stands only where so many are left in its strip.
LABEL_COLUMNS = 3


class Cell(NamedTuple):
    """A day: its mean as a shade from 0 to 10 (None without an entry), and what it holds."""

    day: date
    shade: int | None
    line: Markup


class Strip(NamedTuple):
    """Some weeks: the name of a month or "" for each column, and seven rows from Monday to Sunday.

    Where a row has None, no day of the year lies.
    """

    months: list[str]
    rows: list[list[Cell | None]]


class YearChart(NamedTuple):
    """The strips, oldest first, how many columns the longest has (18 to 20), and a whole week."""

    strips: list[Strip]
    columns: int
    week: Sequence[date]


def year_chart(year: Year, lines: Mapping[date, Markup]) -> YearChart:
    """Return the chart of a year; `lines` says of each day what it holds."""
    months = month_columns(year.dates)
    edges = [0, *cuts(months), WEEKS]
    before, monday = year.dates[0].weekday(), -year.dates[0].weekday() % 7
    after = WEEKS * 7 - before - len(year.dates)
    days = [None] * before + _cells(year, lines) + [None] * after
    strips = [
        Strip(_labels(months, start, end), [days[start * 7 + n : end * 7 : 7] for n in range(7)])
        for start, end in pairwise(edges)
    ]
    columns = max(len(strip.months) for strip in strips)
    return YearChart(strips, columns, year.dates[monday : monday + 7])


def _cells(year: Year, lines: Mapping[date, Markup]) -> list[Cell | None]:
    means = year.means
    return [
        Cell(day, round_score(means[day]) if day in means else None, lines[day])
        for day in year.dates
    ]


def month_columns(dates: Sequence[date]) -> dict[int, str]:
    """Return the columns of the weeks that are the first to lie wholly in a month, and its name."""
    monday = dates[0] - dates[0].weekday() * DAY
    weeks = [monday + 7 * DAY * column for column in range(WEEKS)]
    return {
        column: SHORT_MONTHS[monday.month - 1]
        for column, monday in enumerate(weeks)
        if monday.day <= 7
    }


def cuts(columns: Iterable[int]) -> tuple[int, int]:
    """Return the two of these columns that cut the year so that its longest strip is shortest."""
    inner = [column for column in columns if column]
    return min(combinations(inner, 2), key=lambda cut: max(cut[0], cut[1] - cut[0], WEEKS - cut[1]))


def _labels(months: Mapping[int, str], start: int, end: int) -> list[str]:
    return [
        months.get(column, "") if end - column >= LABEL_COLUMNS else ""
        for column in range(start, end)
    ]
