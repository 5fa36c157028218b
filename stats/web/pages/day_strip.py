"""The strip of seven days on the pages of a day and of a week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from stats.lib.timestamps import DAY
from stats.moods.history import make_day

FIRST_DAY = date(2000, 1, 1)
STRIP_DAYS = 7


@dataclass(frozen=True, slots=True)
class StripDay:
    """One of the seven days; one that has no page is no link."""

    date: date
    mean: float | None
    has_page: bool


def day_strip(
    first: date, last_page: date, scores: Mapping[date, Sequence[float]]
) -> list[StripDay]:
    """Return seven days from `first` on; those after `last_page` have no page."""
    days = (first + number * DAY for number in range(STRIP_DAYS))
    return [
        StripDay(day, make_day(day, scores).mean, FIRST_DAY <= day <= last_page) for day in days
    ]
