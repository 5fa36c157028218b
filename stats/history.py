"""Moods and activity over time: days, the 30-day trend, the year, and what the days say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import sqrt
from statistics import fmean, variance
from typing import NamedTuple

from stats.activity import DAY, Clock, day_begins, day_of, user_day
from stats.moods import Entry, entry
from stats.sentences import N_, Sentence, both
from stats.snapshot import milliseconds, moment
from stats.store import Db, run, user_keys
from stats.text import as_text

KINDS = ("stats", "last_login", "days", "moods", "chats")
TREND_DAYS = 30
WEEKS = 53
WEEK = tuple(back * DAY for back in range(7))
LEAST = 4
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


class Day(NamedTuple):
    """One of a user's days. `active` and `conversations` are None where they were not read."""

    date: date
    mean: float | None
    entries: int
    active: bool | None = None
    conversations: int | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """The last 30 days, oldest first, with the 7-day mean on the days that were logged."""

    days: tuple[Day, ...]
    means: tuple[float | None, ...]
    mean: float | None
    logged: int


@dataclass(frozen=True, slots=True)
class Year:
    """53 weeks from Monday to Sunday, oldest first; days to come are None.

    `months` names the month that begins in a week, "" where none does.
    """

    weeks: tuple[tuple[Day | None, ...], ...]
    months: tuple[str, ...]
    logged: int
    total: int

    @property
    def days(self) -> Iterator[Day]:
        """The days up to today, oldest first."""
        return (day for week in self.weeks for day in week if day is not None)


@dataclass(frozen=True, slots=True)
class Activity:
    """The days on which a user was active, and how many conversations a day saw."""

    active: frozenset[date]
    conversations: Mapping[date, int]


def scores_by_day(clock: Clock, moods: Iterable[Entry]) -> dict[date, list[float]]:
    """Return the scores of entries by the user's day."""
    found: dict[date, list[float]] = {}
    for at, score, _ in moods:
        found.setdefault(day_of(clock, at), []).append(score)
    return found


def _mean(scores: Sequence[float]) -> float:
    # Most days have one entry, and fmean takes its time.
    return scores[0] if len(scores) == 1 else fmean(scores)


def make_day(
    day: date, scores: Mapping[date, Sequence[float]], activity: Activity | None = None
) -> Day:
    """Return one day; its mean is the mean of all its entries."""
    found = scores.get(day, ())
    if not found and activity is None:
        return _empty_day(day)
    mean = round(_mean(found), 1) if found else None
    if activity is None:
        return Day(day, mean, len(found))
    return Day(day, mean, len(found), day in activity.active, activity.conversations.get(day, 0))


@lru_cache(maxsize=1024)
def _empty_day(day: date) -> Day:
    # Most days of most years, and everybody's are the same.
    return Day(day, None, 0)


def week_mean(scores: Mapping[date, Sequence[float]], day: date) -> float | None:
    """Return the mean of the daily means of the seven days up to `day`, None without an entry."""
    week = [scores[past] for back in WEEK if (past := day - back) in scores]
    return round(fmean(map(_mean, week)), 1) if week else None


def make_trend(scores: Mapping[date, Sequence[float]], today: date) -> Trend:
    """Return the 30 days up to `today`."""
    days = [make_day(today - back * DAY, scores) for back in reversed(range(TREND_DAYS))]
    logged = [_mean(scores[day.date]) for day in days if day.entries]
    return Trend(
        days=tuple(days),
        means=tuple(week_mean(scores, day.date) if day.entries else None for day in days),
        mean=round(fmean(logged), 1) if logged else None,
        logged=len(logged),
    )


def make_year(
    scores: Mapping[date, Sequence[float]], today: date, activity: Activity | None = None
) -> Year:
    """Return the 53 weeks that end with the one of `today`."""
    first = today - today.weekday() * DAY - (WEEKS - 1) * 7 * DAY
    mondays = [first + week * 7 * DAY for week in range(WEEKS)]
    weeks = tuple(
        tuple(
            make_day(monday + day * DAY, scores, activity) if monday + day * DAY <= today else None
            for day in range(7)
        )
        for monday in mondays
    )
    days = [day for week in weeks for day in week if day is not None]
    return Year(weeks, tuple(map(_month, mondays)), sum(day.entries > 0 for day in days), len(days))


def _month(monday: date) -> str:
    """Return the name of the month that begins in a week."""
    first = next((monday + day * DAY for day in range(7) if (monday + day * DAY).day == 1), None)
    return "" if first is None else f"{first:%b}"


def read_history(db: Db, user_id: str, clock: Clock, since: date) -> tuple[list[Entry], Activity]:
    """Return the mood entries (oldest first) and the activity from the user's day `since` on."""
    begins = milliseconds(day_begins(clock, since))
    keys = user_keys(user_id, KINDS)
    moods, days, saved = run(db, "read_history", keys, begins, since.strftime("%Y%m%d"))
    conversations: dict[date, int] = {}
    for score in saved:
        day = user_day(clock, moment(int(float(as_text(score)))))
        conversations[day] = conversations.get(day, 0) + 1
    active = frozenset(_parse(as_text(day)) for day in days)
    return [entry(value) for value in moods], Activity(active, conversations)


def _parse(day: str) -> date:
    return date(int(day[:4]), int(day[4:6]), int(day[6:8]))


def sentences(scores: Mapping[date, Sequence[float]]) -> list[Sentence]:
    """Return what daily means say about weekdays and weekends, honest about how little there is.

    A sentence needs LEAST days on each side and a difference above its standard error
    (https://en.wikipedia.org/wiki/Standard_error, of a difference of two means).
    """
    means = {day: fmean(found) for day, found in scores.items()}
    found = [_weekdays(means), _weekends(means)]
    return [sentence for sentence in found if sentence]


def _weekdays(means: Mapping[date, float]) -> Sentence | None:
    by_day = [[mean for day, mean in means.items() if day.weekday() == n] for n in range(7)]
    known = [n for n in range(7) if len(by_day[n]) >= LEAST]
    if len(known) < 2:
        return None
    low = min(known, key=lambda n: fmean(by_day[n]))
    high = max(known, key=lambda n: fmean(by_day[n]))
    names = {"low": WEEKDAYS[low], "high": WEEKDAYS[high]}
    return _compare(WEEKDAYS_DIFFER, by_day[low], by_day[high], _span(means), names)


def _weekends(means: Mapping[date, float]) -> Sentence | None:
    ends = [mean for day, mean in means.items() if day.weekday() >= 5]
    rest = [mean for day, mean in means.items() if day.weekday() < 5]
    if min(len(ends), len(rest)) < LEAST:
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
