"""A user's calendar: the clock that is in force now, those before it, and the day of a moment.

A day that has passed stays what it was: another time zone or start of day counts from then on. So
the day of a moment follows the clock that was in force at that moment.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from stats.activity.clock import Clock, day_begins, day_of
from stats.lib.timestamps import DAY, milliseconds


class EarlierClock(NamedTuple):
    """A clock that was in force until the moment `until` (ms since 1970, not included)."""

    until: int
    clock: Clock


class Calendar(NamedTuple):
    """The clock in force now, and the earlier ones, oldest first."""

    clock: Clock
    earlier: tuple[EarlierClock, ...] = ()

    def clock_at(self, at: int) -> Clock:
        """Return the clock that was in force at a moment (ms since 1970)."""
        place = bisect_right(self.earlier, at, key=lambda period: period.until)
        return self.earlier[place].clock if place < len(self.earlier) else self.clock

    def day_of(self, at: int) -> date:
        """Return the user's day of a moment (ms since 1970)."""
        return day_of(self.clock_at(at), at) if self.earlier else day_of(self.clock, at)

    def day_at(self, moment: datetime) -> date:
        """Return the user's day of an aware moment."""
        return self.day_of(milliseconds(moment))

    def begins(self, day: date) -> datetime:
        """Return the first moment that can belong to a day, by whichever clock."""
        return min(day_begins(clock, day) for clock in self._clocks())

    def ends(self, day: date) -> datetime:
        """Return the first moment after all that can belong to a day, by whichever clock."""
        return max(day_begins(clock, day + DAY) for clock in self._clocks())

    def last_moment(self, day: date, now: datetime) -> int | None:
        """Return the last second (ms) of a day that was over at `now`; None for any other day.

        Entries that ask for the same moment find room behind each other.
        """
        if day >= self.day_at(now):
            return None
        ends = [
            min(until, milliseconds(day_begins(clock, day + DAY))) - 1000
            for until, clock in (*self.earlier, (milliseconds(now), self.clock))
        ]
        return max((at for at in ends if self.day_of(at) == day), default=None)

    def same_time_on(self, day: date, now: datetime) -> int | None:
        """Return the moment (ms) of a past day at which its wall clock showed the time of `now`.

        Where it has no such moment it is the day's last one; None if the user had no such day.
        """
        today = self.day_at(now)
        at = milliseconds(now.astimezone(self.clock.zone) - (today - day))
        return at if self.day_of(at) == day else self.last_moment(day, now)

    def _clocks(self) -> set[Clock]:
        return {self.clock, *(period.clock for period in self.earlier)}


def read_calendar(clock: Clock, stored: str) -> Calendar:
    """Return the calendar behind the stats' fields; `stored` is "until:day_start:zone ..."."""
    return Calendar(clock, tuple(map(_period, stored.split())))


def _period(text: str) -> EarlierClock:
    until, day_start, timezone = text.split(":", 2)
    return EarlierClock(int(until), Clock(timezone, int(day_start)))


def write_periods(earlier: Iterable[EarlierClock]) -> str:
    """Return earlier clocks as they are stored."""
    return " ".join(
        f"{period.until}:{period.clock.day_start}:{period.clock.timezone}" for period in earlier
    )
