"""What daily means say about weekdays and weekends."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import sqrt
from statistics import fmean, variance

from stats.lib.messages import N_, Sentence, both

MIN_DAYS = 4
WEEKDAYS = (
    *(N_("Mondays"), N_("Tuesdays"), N_("Wednesdays"), N_("Thursdays")),
    *(N_("Fridays"), N_("Saturdays"), N_("Sundays")),
)
WEEKDAYS_DIFFER = both(
    "%(low)s are lower than %(high)s: %(one)s against %(other)s, from %(num)s week.",
    "%(low)s are lower than %(high)s: %(one)s against %(other)s, from %(num)s weeks.",
)
WEEKENDS_LOWER = both(
    "Weekends are lower than the other days: %(one)s against %(other)s, from %(num)s day.",
    "Weekends are lower than the other days: %(one)s against %(other)s, from %(num)s days.",
)
WEEKENDS_HIGHER = both(
    "Weekends are higher than the other days: %(one)s against %(other)s, from %(num)s day.",
    "Weekends are higher than the other days: %(one)s against %(other)s, from %(num)s days.",
)


def sentences(scores: Mapping[date, Sequence[float]]) -> list[Sentence]:
    """Return what daily means say about weekdays and weekends, honest about how little there is.

    A sentence needs MIN_DAYS days on each side and a difference above its standard error
    (https://en.wikipedia.org/wiki/Standard_error, of a difference of two means).
    """
    means = {day: fmean(found) for day, found in scores.items()}
    found = [_weekdays(means), _weekends(means)]
    return [sentence for sentence in found if sentence]


def _weekdays(means: Mapping[date, float]) -> Sentence | None:
    by_day = [[mean for day, mean in means.items() if day.weekday() == n] for n in range(7)]
    known = [n for n in range(7) if len(by_day[n]) >= MIN_DAYS]
    if len(known) < 2:
        return None
    low = min(known, key=lambda n: fmean(by_day[n]))
    high = max(known, key=lambda n: fmean(by_day[n]))
    names = {"low": WEEKDAYS[low], "high": WEEKDAYS[high]}
    return _compare(WEEKDAYS_DIFFER, by_day[low], by_day[high], _span(means), names)


def _weekends(means: Mapping[date, float]) -> Sentence | None:
    ends = [mean for day, mean in means.items() if day.weekday() >= 5]
    rest = [mean for day, mean in means.items() if day.weekday() < 5]
    if min(len(ends), len(rest)) < MIN_DAYS:
        return None
    patterns = WEEKENDS_LOWER if fmean(ends) <= fmean(rest) else WEEKENDS_HIGHER
    return _compare(patterns, ends, rest, len(means), {})


def _span(means: Mapping[date, float]) -> int:
    return len({day.isocalendar()[:2] for day in means})


def _compare(
    patterns: tuple[str, str],
    one: Sequence[float],
    other: Sequence[float],
    count: int,
    names: Mapping[str, str],
) -> Sentence | None:
    """Return a sentence on the difference of two means, None unless it exceeds its error."""
    error = sqrt(variance(one) / len(one) + variance(other) / len(other))
    first, second = fmean(one), fmean(other)
    if abs(first - second) <= error or f"{first:.1f}" == f"{second:.1f}":
        return None
    return Sentence(*patterns, one=f"{first:.1f}", other=f"{second:.1f}", num=count, **names)
