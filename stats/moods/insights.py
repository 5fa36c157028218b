"""What daily means say about weekdays and weekends."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import sqrt
from statistics import fmean, variance

from stats.lib.messages import N_, LazyMessage, lazy_ngettext, ngettext_noop
from stats.moods.scores import round_half_up

MIN_DAYS = 4
WEEKDAYS = (
    *(N_("Mondays"), N_("Tuesdays"), N_("Wednesdays"), N_("Thursdays")),
    *(N_("Fridays"), N_("Saturdays"), N_("Sundays")),
)
WEEKDAYS_DIFFER = ngettext_noop(
    "%(low)s are lower than %(high)s: %(one)s against %(other)s, from %(num)s week.",
    "%(low)s are lower than %(high)s: %(one)s against %(other)s, from %(num)s weeks.",
)
WEEKENDS_LOWER = ngettext_noop(
    "Weekends are lower than the other days: %(one)s against %(other)s, from %(num)s day.",
    "Weekends are lower than the other days: %(one)s against %(other)s, from %(num)s days.",
)
WEEKENDS_HIGHER = ngettext_noop(
    "Weekends are higher than the other days: %(one)s against %(other)s, from %(num)s day.",
    "Weekends are higher than the other days: %(one)s against %(other)s, from %(num)s days.",
)


def describe_weekdays(scores: Mapping[date, Sequence[float]]) -> list[LazyMessage]:
    """Return sentences that compare the daily means of weekdays and of weekends.

    A sentence needs MIN_DAYS days on each side and a difference above its standard error
    (https://en.wikipedia.org/wiki/Standard_error, of a difference of two means).
    """
    means = {day: fmean(day_scores) for day, day_scores in scores.items()}
    sentences = [_weekdays(means), _weekends(means)]
    return [sentence for sentence in sentences if sentence]


def _weekdays(means: Mapping[date, float]) -> LazyMessage | None:
    by_day = [[mean for day, mean in means.items() if day.weekday() == n] for n in range(7)]
    usable = [n for n in range(7) if len(by_day[n]) >= MIN_DAYS]
    if len(usable) < 2:
        return None
    low = min(usable, key=lambda n: fmean(by_day[n]))
    high = max(usable, key=lambda n: fmean(by_day[n]))
    names = {"low": WEEKDAYS[low], "high": WEEKDAYS[high]}
    return _compare(WEEKDAYS_DIFFER, by_day[low], by_day[high], _span(means), names)


def _weekends(means: Mapping[date, float]) -> LazyMessage | None:
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
    first: Sequence[float],
    second: Sequence[float],
    count: int,
    names: Mapping[str, str],
) -> LazyMessage | None:
    """Return a sentence on the difference of two means, None unless it exceeds its error."""
    error = sqrt(variance(first) / len(first) + variance(second) / len(second))
    first_mean, second_mean = fmean(first), fmean(second)
    one, other = (f"{round_half_up(mean):.1f}" for mean in (first_mean, second_mean))
    if abs(first_mean - second_mean) <= error or one == other:
        return None
    return lazy_ngettext(*patterns, one=one, other=other, num=count, **names)
