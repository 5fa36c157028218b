"""Moods and activity over time: days, the 30-day trend, the year, and what the days say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

from stats.activity.calendar import Calendar
from stats.lib.text import as_text
from stats.lib.timestamps import DAY, milliseconds
from stats.moods.entries import scores_by_day
from stats.moods.scores import mean_score
from stats.store.client import Db
from stats.store.keys import MOOD_HISTORY_KINDS, user_keys
from stats.store.scripts import run

TREND_DAYS = 30
YEAR_DAYS = 365
# 365 days always lie in so many weeks from a Monday.
WEEKS = 53
WEEK = tuple(back * DAY for back in range(7))


class Day(NamedTuple):
    """One of a user's days. `active` and `conversations` are None where they were not read."""

    date: date
    mean: float | None
    entries: int
    active: bool | None = None
    conversations: int | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """Days in a row, oldest first: each one's mean, and the 7-day mean where it was logged.

    `has_means` says whether a day has several entries.
    """

    dates: tuple[date, ...]
    means: tuple[float | None, ...]
    week_means: tuple[float | None, ...]
    mean: float | None
    logged: int
    has_means: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """The days on which a user was active, and how many conversations a day saw."""

    active: frozenset[date]
    conversations: Mapping[date, int]


@dataclass(frozen=True)
class Year:
    """365 days up to today, oldest first, and the means of the days logged."""

    dates: tuple[date, ...]
    means: Mapping[date, float]
    scores: Mapping[date, Sequence[float]]
    activity: Activity | None = None

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """The days with their means, entries, activity and conversations."""
        return tuple(make_day(day, self.scores, self.activity) for day in self.dates)

    @property
    def logged(self) -> int:
        """How many days were logged."""
        return len(self.means)

    @property
    def total(self) -> int:
        """How many days it has."""
        return len(self.dates)

    @property
    def weeks(self) -> list[tuple[Day, ...]]:
        """The days by week, from Mondays on; the first and the last week may be shorter."""
        mondays = range(-self.dates[0].weekday(), len(self.days), 7)
        return [self.days[max(monday, 0) : monday + 7] for monday in mondays]


def make_day(
    day: date, scores: Mapping[date, Sequence[float]], activity: Activity | None = None
) -> Day:
    """Return one day; its mean is the mean of all its entries."""
    entries = scores.get(day, ())
    mean = mean_score(entries) if entries else None
    if activity is None:
        return Day(day, mean, len(entries))
    return Day(day, mean, len(entries), day in activity.active, activity.conversations.get(day, 0))


def week_mean(scores: Mapping[date, Sequence[float]], day: date) -> float | None:
    """Return the mean of the daily means of the seven days up to `day`, None without an entry."""
    return _week_mean([fmean(scores[past]) for back in WEEK if (past := day - back) in scores])


def _week_mean(means: Sequence[float | None]) -> float | None:
    present = [mean for mean in means if mean is not None]
    return mean_score(present) if present else None


def year_dates(today: date) -> tuple[date, ...]:
    """Return the 365 days up to `today`, oldest first."""
    first = today.toordinal() - YEAR_DAYS + 1
    return tuple(map(date.fromordinal, range(first, first + YEAR_DAYS)))


def make_trend(scores: Mapping[date, Sequence[float]], last: date, days: int = TREND_DAYS) -> Trend:
    """Return so many days up to `last`, 30 unless told. No day of `scores` is empty."""
    before = len(WEEK) - 1
    dates = year_dates(last)[-days - before :]
    by_date = [scores.get(day) for day in dates]
    exact = [fmean(entries) if entries else None for entries in by_date]
    logged = [mean for mean in exact[before:] if mean is not None]
    weeks = [
        None if mean is None else _week_mean(exact[day : day + len(WEEK)])
        for day, mean in enumerate(exact[before:])
    ]
    return Trend(
        dates=dates[before:],
        means=tuple([mean_score(entries) if entries else None for entries in by_date[before:]]),
        week_means=tuple(weeks),
        mean=mean_score(logged) if logged else None,
        logged=len(logged),
        has_means=any(entries and len(entries) > 1 for entries in by_date[before:]),
    )


def make_year(
    scores: Mapping[date, Sequence[float]], today: date, activity: Activity | None = None
) -> Year:
    """Return the 365 days up to `today`. No day of `scores` is empty."""
    dates = year_dates(today)
    means = {day: mean_score(scores[day]) for day in dates if day in scores}
    return Year(dates, means, scores, activity)


def read_history(
    db: Db, user_id: str, calendar: Calendar, since: date
) -> tuple[dict[date, list[float]], Activity]:
    """Return the scores by the user's day, and the activity, from the user's day `since` on."""
    begins = milliseconds(calendar.begins(since))
    keys = user_keys(user_id, MOOD_HISTORY_KINDS)
    moods, days, saved = run(db, "moods/read_history", keys, begins, since.strftime("%Y%m%d"))
    conversations: dict[date, int] = {}
    for score in saved:
        day = calendar.day_of(int(float(as_text(score))))
        conversations[day] = conversations.get(day, 0) + 1
    active = frozenset(_parse(as_text(day)) for day in days)
    return scores_by_day(calendar, list(map(int, moods))), Activity(active, conversations)


def _parse(day: str) -> date:
    return date(int(day[:4]), int(day[4:6]), int(day[6:8]))
