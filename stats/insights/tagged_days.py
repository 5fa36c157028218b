"""Days with their means and tags, in the form in which they are counted."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stats.lib.timestamps import DAY
from stats.moods.history import YEAR_DAYS


class Tag(NamedTuple):
    """A tag of check-ins, or of conversations; one word of both kinds is two tags."""

    name: str
    in_conversations: bool = False


@dataclass(frozen=True, slots=True)
class TaggedDays:
    """The days with a check-in, oldest first: their means (0 to 10), and where each tag stands.

    A tag's places are the indexes of the days that have it, in order.
    """

    means: tuple[float, ...]
    places: Mapping[Tag, tuple[int, ...]]


def tagged_year(
    means: Mapping[date, float], tags: Mapping[date, Set[Tag]], last: date, today: date
) -> TaggedDays:
    """Return the days with a mean in the year up to `last`, with their tags.

    Today is not among them: it is not over, and what is said stays the same all day.
    """
    first = last - (YEAR_DAYS - 1) * DAY
    days = sorted(day for day in means if first <= day <= min(last, today - DAY))
    places: dict[Tag, list[int]] = {}
    for place, day in enumerate(days):
        for tag in tags.get(day, ()):
            places.setdefault(tag, []).append(place)
    by_tag = {tag: tuple(found) for tag, found in sorted(places.items())}
    return TaggedDays(tuple(means[day] for day in days), by_tag)
