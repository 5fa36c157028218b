"""A diary as a person would keep it on paper: the model with which the store is compared."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass
class Page:
    """One check-in: the day it was about when it was written never changes."""

    at: datetime
    tenths: int
    note: str
    tags: tuple[str, ...]
    day: date


def rounded(mean: Fraction) -> float:
    """Return a mean as people round it: halves up, to one decimal."""
    exact = Decimal(mean.numerator) / Decimal(mean.denominator)
    return float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))


@dataclass
class Diary:
    """Where its owner lives and since when, the check-ins, the days on which it was opened."""

    born: datetime
    homes: list[tuple[datetime, str, int]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    active: list[date] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin in UTC, on the day on which it is made."""
        self.homes.append((datetime.min.replace(tzinfo=UTC), "UTC", 0))
        self.open(self.born)

    def day(self, at: datetime) -> date:
        """Return what a wall clock and calendar where its owner lived then call the day."""
        zone, start = next(
            (zone, start) for since, zone, start in reversed(self.homes) if since <= at
        )
        local = at.astimezone(ZoneInfo(zone))
        return local.date() if local.hour >= start else local.date() - DAY

    def move(self, now: datetime, zone: str, start: int) -> None:
        """Live elsewhere from now on."""
        self.homes.append((now, zone, start))

    def open(self, now: datetime) -> None:
        """Be active today, unless a later day was active already."""
        today = self.day(now)
        if not self.active or today > self.active[-1]:
            self.active.append(today)

    def write(
        self, now: datetime, at: datetime, tenths: int, note: str, tags: tuple[str, ...]
    ) -> None:
        """Check in; what is about this moment is activity."""
        if at == now:
            self.open(now)
        while any(page.at == at for page in self.pages):
            at += timedelta(milliseconds=1)
        self.pages.append(Page(at, tenths, note, tags, self.day(at)))
        self.pages.sort(key=lambda page: page.at)

    def streaks(self, today: date) -> tuple[int, int]:
        """Return the streak that stands today and the longest there ever was."""
        run, longest, last, forgiven = 0, 0, date.min, date.min
        for day in self.active:
            missed = day - DAY if last == day - 2 * DAY else None
            spare = missed is not None and forgiven < missed - 7 * DAY
            run = run + 1 if last == day - DAY or spare else 1
            forgiven = missed if spare and missed else forgiven
            longest, last = max(longest, run), day
        away = (today - last).days
        stands = away < 2 or (away == 2 and forgiven < last + DAY - 7 * DAY)
        return (run if stands else 0), longest

    def days(self) -> dict[date, list[float]]:
        """Return the scores of each day, in the order of their moments."""
        days: dict[date, list[float]] = {}
        for page in self.pages:
            days.setdefault(page.day, []).append(page.tenths / 10)
        return days

    def tags(self) -> dict[date, set[str]]:
        """Return the tags of each day that has some."""
        days: dict[date, set[str]] = {}
        for page in self.pages:
            if page.tags:
                days.setdefault(page.day, set()).update(page.tags)
        return days

    def mean(self, day: date) -> float | None:
        """Return the mean of one day's check-ins."""
        tenths = [page.tenths for page in self.pages if page.day == day]
        return rounded(Fraction(sum(tenths), 10 * len(tenths))) if tenths else None

    def week_mean(self, today: date) -> float | None:
        """Return the mean of the daily means of the last seven days."""
        means = []
        for back in range(7):
            tenths = [page.tenths for page in self.pages if page.day == today - back * DAY]
            if tenths:
                means.append(Fraction(sum(tenths), 10 * len(tenths)))
        return rounded(sum(means, Fraction(0)) / len(means)) if means else None
