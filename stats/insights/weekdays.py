"""What daily means say about weekdays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import fmean, variance
from typing import NamedTuple

from stats.insights.spread import middle_half
from stats.insights.student_t import t_quantile
from stats.lib.messages import N_, LazyMessage, lazy_gettext, lazy_ngettext, ngettext_noop
from stats.moods.scores import round_half_up

MIN_DAYS = 4
# A weekday is named if chance alone makes such a difference at most once in twenty diaries.
LEVEL = 0.05
WEEKDAYS = (
    *(N_("Mondays"), N_("Tuesdays"), N_("Wednesdays"), N_("Thursdays")),
    *(N_("Fridays"), N_("Saturdays"), N_("Sundays")),
)
WEEKDAYS_DIFFER = N_(
    "%(low)s were lower than %(high)s: %(one)s on %(low_days)s against %(other)s on %(high_days)s."
)
DAYS = ngettext_noop("%(num)s day", "%(num)s days")
WEEKDAYS_ALIKE = N_("No weekday differs from the others by more than the usual ups and downs.")
TOO_FEW = N_("Too few days yet: it takes two weekdays with four days logged each.")


class Weekday(NamedTuple):
    """One weekday (0 is Monday): how many days, their mean, between what their middle half lies.

    Mean, `low` and `high` are None where there is no day.
    """

    number: int
    days: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class WeekdayPattern:
    """The seven weekdays, Monday first, and what they say."""

    weekdays: tuple[Weekday, ...]
    finding: LazyMessage


def compare_weekdays(means: Mapping[date, float]) -> WeekdayPattern:
    """Return the weekdays of daily means, and whether the lowest differs from the highest.

    Only weekdays with MIN_DAYS days are compared. The difference must be larger than chance makes
    between any two of them: by Student's t with the pooled variance, and the level divided by the
    number of pairs (Bonferroni; https://en.wikipedia.org/wiki/Post_hoc_analysis).
    """
    by_day = [[mean for day, mean in means.items() if day.weekday() == n] for n in range(7)]
    weekdays = tuple(_weekday(number, scores) for number, scores in enumerate(by_day))
    return WeekdayPattern(weekdays, _finding(by_day))


def _weekday(number: int, scores: Sequence[float]) -> Weekday:
    if not scores:
        return Weekday(number, 0, None, None, None)
    return Weekday(number, len(scores), round_half_up(fmean(scores)), *middle_half(scores))


def _finding(by_day: Sequence[Sequence[float]]) -> LazyMessage:
    usable = [n for n in range(7) if len(by_day[n]) >= MIN_DAYS]
    if len(usable) < 2:
        return lazy_gettext(TOO_FEW)
    low = min(usable, key=lambda n: fmean(by_day[n]))
    high = max(usable, key=lambda n: fmean(by_day[n]))
    first, second = fmean(by_day[low]), fmean(by_day[high])
    one, other = (f"{round_half_up(mean):.1f}" for mean in (first, second))
    if second - first <= _margin([by_day[n] for n in usable], by_day[low], by_day[high]):
        return lazy_gettext(WEEKDAYS_ALIKE)
    names = {"low": WEEKDAYS[low], "high": WEEKDAYS[high], "one": one, "other": other}
    low_days, high_days = (lazy_ngettext(*DAYS, num=len(by_day[n])) for n in (low, high))
    return lazy_gettext(WEEKDAYS_DIFFER, low_days=low_days, high_days=high_days, **names)


def _margin(
    groups: Sequence[Sequence[float]], first: Sequence[float], second: Sequence[float]
) -> float:
    """Return the difference that chance makes between the farthest two of the groups' means."""
    degrees = sum(map(len, groups)) - len(groups)
    pooled = sum((len(group) - 1) * variance(group) for group in groups) / degrees
    pairs = len(groups) * (len(groups) - 1) / 2
    quantile = t_quantile(1 - LEVEL / 2 / pairs, degrees)
    # Rounding leaves differences that are none.
    return quantile * sqrt(pooled * (1 / len(first) + 1 / len(second))) + 1e-9
