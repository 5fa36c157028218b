"""A user's days: the time zone, the hour at which a day begins, and the day of a moment."""

import logging
import math
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stats.errors import InvalidInput
from stats.lib.text import as_text
from stats.lib.timestamps import DAY, EPOCH, MILLISECOND

log = logging.getLogger("stats.activity")

# A mean year in ms; a date is never further from it than the margin, in days.
YEAR, MARGIN = 31_556_952_000, 4


class Clock(NamedTuple):
    """Where a user's days begin: an IANA time zone and the hour (0 to 6) of a new day."""

    timezone: str = "UTC"
    day_start: int = 0

    @property
    def zone(self) -> ZoneInfo:
        """The time zone; UTC for one that the zone database does not know, or no longer."""
        return _zone(self.timezone)


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("time zone %r is not in the zone database: its days are read in UTC", name)
        return ZoneInfo("UTC")


def check_clock(timezone: str, day_start: int = 0) -> Clock:
    """Return the clock for an IANA zone name and an hour from 0 to 6, or raise InvalidInput."""
    if timezone not in time_zones():
        raise InvalidInput("Choose a time zone from the list.", "timezone")
    if not 0 <= day_start <= 6:
        raise InvalidInput("A day can begin between 0 and 6 o'clock.", "day_start")
    return Clock(timezone, day_start)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Return the names of all time zones that a user can have."""
    return frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


def user_day(clock: Clock, now: datetime) -> date:
    """Return the day that an aware moment belongs to for a user.

    Before the hour at which the user's day starts, it is still yesterday.
    """
    return day_of(clock, (now - EPOCH) // MILLISECOND)


def day_of(clock: Clock, at: int) -> date:
    """Return the day that a moment (ms since 1970) belongs to for a user."""
    days, begins = _calendar(clock, 1970 + at // YEAR)
    return days[bisect_right(begins, at) - 1]


@lru_cache(maxsize=4096)
def _calendar(clock: Clock, year: int) -> tuple[Sequence[date], Sequence[int]]:
    """Return the days of about a year, and when (ms) each begins: 3 KB for a clock."""
    days = _days(year)
    return days, array("q", [(day_begins(clock, day) - EPOCH) // MILLISECOND for day in days])


@lru_cache(maxsize=64)
def _days(year: int) -> Sequence[date]:
    first = date(year, 1, 1) - MARGIN * DAY
    return [first + number * DAY for number in range(366 + 2 * MARGIN)]


def day_begins(clock: Clock, day: date) -> datetime:
    """Return the moment at which a user's day begins.

    Where daylight saving leaves that hour out, it is the first moment after the gap (PEP 495:
    with fold=0 the offset before the gap is used, which lands behind it).
    """
    local = datetime(day.year, day.month, day.day, clock.day_start, tzinfo=clock.zone)
    return local.astimezone(UTC)


def day_ends(clock: Clock, now: datetime) -> int:
    """Return the moment (s since 1970, rounded up) at which the user's day of `now` ends."""
    return math.ceil(day_begins(clock, user_day(clock, now) + DAY).timestamp())


def as_day(today: date | str) -> date:
    """Return a date given as one or as `YYYY-MM-DD`; raises InvalidInput for anything else."""
    if isinstance(today, datetime):
        raise InvalidInput("today must be a date, not a moment.", "today")
    try:
        day = today if isinstance(today, date) else datetime.strptime(today, "%Y-%m-%d").date()
    except (TypeError, ValueError):
        raise InvalidInput("today must be a date written YYYY-MM-DD.", "today") from None
    if day.year < 2000:
        raise InvalidInput("today must lie in this century.", "today")
    return day


def compact(day: date) -> str:
    """Return a day as `20260312`; strftime takes six times as long."""
    return day.isoformat().replace("-", "")


def parse_day(reply: object) -> date | None:
    """Return the stored day behind a Redis reply, None where there is none."""
    return None if reply is None else date.fromisoformat(as_text(reply))
