"""One period beside the one before: whether its days differ by more than they usually do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt
from statistics import fmean, variance

from stats.insights.student_t import t_quantile
from stats.lib.messages import N_, LazyMessage, lazy_gettext
from stats.lib.timestamps import DAY
from stats.moods.scores import round_half_up

# With fewer days in either period they are not compared.
MIN_DAYS = 10
# A difference is named if chance alone makes it at most once in twenty diaries.
LEVEL = 0.05
# Days that follow each other are never taken to be more alike than this.
MOST_ALIKE = 0.9
TOO_FEW = N_("Too few days yet: it takes ten days with a check-in in each.")
ALIKE = N_("%(one)s against %(other)s: no difference.")
HIGHER = N_("%(one)s against %(other)s: higher by %(by)s, more than the usual ups and downs.")
LOWER = N_("%(one)s against %(other)s: lower by %(by)s, more than the usual ups and downs.")
HIGHER_BY_CHANCE = N_(
    "%(one)s against %(other)s: higher by %(by)s, which is within the usual ups and downs."
)
LOWER_BY_CHANCE = N_(
    "%(one)s against %(other)s: lower by %(by)s, which is within the usual ups and downs."
)


@dataclass(frozen=True, slots=True)
class Period:
    """Some days in a row: the means of those with a check-in, and the mean of these (or None)."""

    first: date
    last: date
    means: Mapping[date, float]
    mean: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A period, the one before, and what they say."""

    period: Period
    before: Period
    finding: LazyMessage


def make_period(means: Mapping[date, float], first: date, last: date) -> Period:
    """Return the period from one day to another, both included."""
    dates = (first + number * DAY for number in range((last - first).days + 1))
    own = {day: means[day] for day in dates if day in means}
    return Period(first, last, own, round_half_up(fmean(own.values())) if own else None)


def compare_periods(period: Period, before: Period) -> Comparison:
    """Return what a period's days say beside those of the one before.

    The difference of the means must exceed what chance makes, by Student's t at LEVEL. Neighbouring
    days are alike, so they count for fewer than they are: n (1 - r) / (1 + r) for a correlation r
    from one day to the next (von Storch and Zwiers, Statistical Analysis in Climate Research,
    1999, sections 6.6.8 and 17.1).
    """
    return Comparison(period, before, _finding(period, before))


def _finding(period: Period, before: Period) -> LazyMessage:
    if min(len(period.means), len(before.means)) < MIN_DAYS:
        return lazy_gettext(TOO_FEW)
    first, second = fmean(period.means.values()), fmean(before.means.values())
    one, other = round_half_up(first), round_half_up(second)
    texts = {"one": f"{one:.1f}", "other": f"{other:.1f}"}
    if one == other:
        return lazy_gettext(ALIKE, **texts)
    is_clear = abs(first - second) > _margin(period.means, before.means)
    higher, lower = (HIGHER, LOWER) if is_clear else (HIGHER_BY_CHANCE, LOWER_BY_CHANCE)
    by = f"{abs(round_half_up(one - other)):.1f}"
    return lazy_gettext(higher if one > other else lower, by=by, **texts)


def _margin(first: Mapping[date, float], second: Mapping[date, float]) -> float:
    """Return the difference that chance makes between the means of two periods."""
    alike = _likeness(first, second)
    shrink = (1 - alike) / (1 + alike)
    error = sqrt(sum(variance(days.values()) / (len(days) * shrink) for days in (first, second)))
    degrees = max((len(first) + len(second)) * shrink - 2, 2)
    return t_quantile(1 - LEVEL / 2, degrees) * error


def _likeness(*periods: Mapping[date, float]) -> float:
    """Return the correlation from one day to the next within the periods, at least 0.

    Few days make it seem smaller than it is; what is missing is added (Kendall 1954, "Note on bias
    in the estimation of autocorrelation").
    """
    squares: list[float] = []
    products: list[float] = []
    for days in periods:
        mean = fmean(days.values())
        squares += [(score - mean) ** 2 for score in days.values()]
        products += [
            (days[day] - mean) * (days[following] - mean)
            for day, following in pairwise(days)
            if following - day == DAY
        ]
    if not products or not fmean(squares):
        return 0.0
    seen = fmean(products) / fmean(squares)
    return min(max(seen + (1 + 4 * seen) * len(periods) / len(squares), 0.0), MOST_ALIKE)
