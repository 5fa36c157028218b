"""The geometry of the history's small charts. x is in per cent, y in pixels from the top."""

from collections import Counter
from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

from stats.insights.periods import Period
from stats.insights.spread import Distribution
from stats.insights.tag_effects import TagEffect, TagEffects
from stats.insights.weekdays import Weekday
from stats.moods.scores import round_score
from stats.web.templating.dates import SHORT_WEEKDAYS, WEEKDAYS
from stats.web.templating.translation import _

# One dot for each day, stacked on its half point; the pitch and the room below the lowest.
PITCH, BASE = 6.5, 4
# Where 0 and 10 stand, so that no dot is cut.
FIRST_X, LAST_X = 2.0, 98.0
LEAST_STACK = 4
WEEKDAY_HEIGHT, BAR_HEIGHT, BAR_TOP = 140, 140, 20


class DayDot(NamedTuple):
    """The dot of one day; `score` is that of its half point, without tenths."""

    x: str
    y: str
    score: int


class PeriodRow(NamedTuple):
    """One row of the chart of two periods."""

    period: Period
    dots: list[DayDot]
    mean_x: str
    base: int


class Bar(NamedTuple):
    """The bar of one score; its height is 0 where no day had it."""

    x: str
    middle: str
    y: str
    height: str
    days: int


class WeekdayMark(NamedTuple):
    """One weekday: the place of its mean and of its middle half."""

    weekday: Weekday
    name: str
    short: str
    x: str
    y: str
    low_y: str
    high_y: str


class TagRow(NamedTuple):
    """One tag: the places of both means and of the interval around the one with it."""

    effect: TagEffect
    x_with: str
    x_without: str
    x_low: str
    x_high: str


class TagAxis(NamedTuple):
    """The whole points of the axis and their places, and the tags by direction."""

    points: list[tuple[int, str]]
    higher: list[TagRow]
    lower: list[TagRow]


def halves(period: Period) -> Counter[int]:
    """Return how many of a period's means lie at each half point, by twice its score."""
    return Counter(int(mean * 2 + 0.5) for mean in period.means.values())


def period_row(period: Period) -> PeriodRow:
    """Return the dots of a period, one for each day, and its mean."""
    counted = halves(period)
    base = round(max([*counted.values(), LEAST_STACK]) * PITCH + BASE)
    dots = [
        DayDot(_x(half / 2), f"{base - BASE - level * PITCH:g}", round_score(half / 2))
        for half, count in sorted(counted.items())
        for level in range(count)
    ]
    return PeriodRow(period, dots, "" if period.mean is None else _x(period.mean), base)


def _x(score: float) -> str:
    return _percent(FIRST_X + score * (LAST_X - FIRST_X) / 10)


def _percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def score_bars(distribution: Distribution) -> list[Bar]:
    """Return the bars of the scores from 0 to 10."""
    highest, width = max(distribution.counts) or 1, 100 / 11
    heights = [max(count * BAR_HEIGHT / highest, 2) for count in distribution.counts]
    return [
        Bar(
            _percent(score * width + 0.6),
            _percent((score + 0.5) * width),
            f"{BAR_TOP + BAR_HEIGHT - height:.1f}",
            f"{height:.1f}",
            distribution.counts[score],
        )
        for score, height in enumerate(heights)
    ]


def weekday_marks(weekdays: Sequence[Weekday]) -> list[WeekdayMark]:
    """Return the marks of the seven weekdays; those without a day have no places."""
    return [
        WeekdayMark(
            one,
            _(WEEKDAYS[one.number]),
            _(SHORT_WEEKDAYS[one.number]),
            _percent((one.number + 0.5) * 100 / 7),
            *map(_y, (one.mean, one.low, one.high)),
        )
        for one in weekdays
    ]


def _y(score: float | None) -> str:
    return "" if score is None else f"{WEEKDAY_HEIGHT * (1 - score / 10):.1f}"


def tag_axis(effects: TagEffects) -> TagAxis | None:
    """Return the axis from the whole point below the lowest mark to that above the highest.

    None if no tag is named.
    """
    named = (*effects.higher, *effects.lower)
    if not named:
        return None
    marks = [mark for one in named for mark in (one.low, one.high, one.mean_without)]
    first, last = floor(min(marks)), ceil(max(marks))

    def x(score: float) -> str:
        return _percent((score - first) * 100 / (last - first))

    def row(one: TagEffect) -> TagRow:
        return TagRow(one, *map(x, (one.mean_with, one.mean_without, one.low, one.high)))

    points = [(point, x(point)) for point in range(first, last + 1)]
    return TagAxis(points, list(map(row, effects.higher)), list(map(row, effects.lower)))
