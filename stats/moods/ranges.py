"""The ranges of the history: a week, a month or a year, with those beside it."""

from calendar import monthrange
from datetime import date
from typing import NamedTuple

from stats.lib.timestamps import DAY
from stats.moods.history import YEAR_DAYS

WEEK_DAYS = 7


class Range(NamedTuple):
    """Days in a row, none after today. `previous` and `next` are days that name those beside it.

    They are None where there is none: before the first entry, and after today.
    """

    kind: str
    first: date
    last: date
    previous: date | None
    next: date | None

    @property
    def dates(self) -> tuple[date, ...]:
        """The days, oldest first."""
        return tuple(self.first + n * DAY for n in range((self.last - self.first).days + 1))

    def __contains__(self, day: object) -> bool:
        """Return whether a day lies in it."""
        return isinstance(day, date) and self.first <= day <= self.last


def week_range(day: date, today: date, first_entry: date | None) -> Range:
    """Return the week of a day, from Monday on."""
    monday = day - day.weekday() * DAY
    return _range("week", monday, monday + (WEEK_DAYS - 1) * DAY, today, first_entry)


def month_range(day: date, today: date, first_entry: date | None) -> Range:
    """Return the month of a day."""
    last = day.replace(day=monthrange(day.year, day.month)[1])
    return _range("month", day.replace(day=1), last, today, first_entry)


def year_range(last: date, today: date, first_entry: date | None) -> Range:
    """Return the 365 days up to `last`; the years beside it end 365 days before and after."""
    first = last - (YEAR_DAYS - 1) * DAY
    has_earlier = first_entry is not None and first_entry < first
    following = min(last + YEAR_DAYS * DAY, today) if last < today else None
    return Range("year", first, last, first - DAY if has_earlier else None, following)


def _range(kind: str, first: date, end: date, today: date, first_entry: date | None) -> Range:
    has_earlier = first_entry is not None and first_entry < first
    return Range(
        kind,
        first,
        min(end, today),
        first - DAY if has_earlier else None,
        end + DAY if end < today else None,
    )


def year_ago(day: date) -> date | None:
    """Return the same day of the calendar a year ago; None for 29 February."""
    if (day.month, day.day) == (2, 29):
        return None
    return day.replace(year=day.year - 1)
