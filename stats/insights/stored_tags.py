"""The tags of a user's days, read from the store."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from stats.activity.calendar import Calendar
from stats.insights.tagged_days import Tag
from stats.lib.timestamps import milliseconds
from stats.moods.entries import read_entry
from stats.moods.tags import TagDays, tag_days
from stats.store.client import Db
from stats.store.keys import INSIGHT_KINDS, user_keys
from stats.store.scripts import run


class StoredTags(NamedTuple):
    """The tags by the user's day, and the day of the first mood entry of all, None without one."""

    by_day: Mapping[date, frozenset[Tag]]
    first_entry: date | None


def read_tags(db: Db, user_id: str, calendar: Calendar, since: date) -> StoredTags:
    """Return the tags from the user's day `since` on, in one round trip.

    A conversation belongs to the day on which it was first saved. Tags that a search takes for the
    same are one, as it was written last.
    """
    keys, begins = user_keys(user_id, INSIGHT_KINDS), milliseconds(calendar.begins(since))
    values, tags, times, topics, first = run(db, "insights/read_tags", keys, begins)
    moods = _by_day(calendar, [read_entry(value).id for value in values], tags)
    chats = sorted(zip(map(int, map(float, times)), topics, strict=True))
    conversations = _by_day(calendar, [at for at, _ in chats], [own for _, own in chats])
    by_day = {
        day: _named(moods, day, in_conversations=False)
        | _named(conversations, day, in_conversations=True)
        for day in {*moods.by_day, *conversations.by_day}
    }
    return StoredTags(by_day, None if first is None else calendar.day_of(read_entry(first).id))


def _by_day(calendar: Calendar, times: Sequence[int], tags: Sequence[Any]) -> TagDays:
    rows = zip(times, tags, strict=True)
    return tag_days((calendar.day_of(at), own) for at, own in rows if own)


def _named(days: TagDays, day: date, *, in_conversations: bool) -> frozenset[Tag]:
    own = days.by_day.get(day, ())
    return frozenset(Tag(days.names[folded], in_conversations) for folded in own)
