"""The tags of a user's days, read from the store."""

import json
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from stats.activity.calendar import Calendar
from stats.insights.tagged_days import Tag
from stats.lib.normalisation import fold
from stats.lib.text import as_text
from stats.lib.timestamps import milliseconds
from stats.moods.entries import read_entry
from stats.store.client import Db
from stats.store.keys import INSIGHT_KINDS, user_keys
from stats.store.scripts import run


class StoredTags(NamedTuple):
    """The tags by the user's day, and the day of the first mood entry of all, None without one."""

    by_day: dict[date, set[Tag]]
    first_entry: date | None


def read_tags(db: Db, user_id: str, calendar: Calendar, since: date) -> StoredTags:
    """Return the tags from the user's day `since` on, in one round trip.

    A conversation belongs to the day on which it was first saved.
    """
    keys = user_keys(user_id, INSIGHT_KINDS)
    begins = milliseconds(calendar.begins(since))
    times, tags, first = run(db, "insights/read_tags", keys, begins)
    rows = sorted(zip(map(float, times), map(as_text, tags), strict=True))
    conversations = [(calendar.day_of(int(at)), json.loads(own)) for at, own in rows]
    by_day = _by_day(conversations, in_conversations=True)
    return StoredTags(by_day, None if first is None else calendar.day_of(read_entry(first).id))


def _by_day(
    tagged: Iterable[tuple[date, list[str]]], *, in_conversations: bool
) -> dict[date, set[Tag]]:
    """Return the tags by day of days and their tags, oldest first.

    Those that a search takes for the same are one, as it was written last.
    """
    folded = [(day, fold(tag), tag) for day, tags in tagged for tag in tags]
    names = {key: Tag(tag, in_conversations) for _, key, tag in folded}
    by_day: dict[date, set[Tag]] = {}
    for day, key, _ in folded:
        by_day.setdefault(day, set()).add(names[key])
    return by_day
