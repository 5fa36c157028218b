"""Mood entries: recorded, taken back, read; the current score is always the latest entry's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, TypedDict, Unpack

from stats.accounts.sessions import (
    ABSOLUTE_TIMEOUT,
    IDLE_TIMEOUT,
    SESSION_ENDED,
    TOUCH_INTERVAL,
)
from stats.activity.calendar import Calendar
from stats.activity.streak import day_now
from stats.errors import InvalidInput, NotFound, SessionEnded, UserNotFound
from stats.lib.text import as_text, clean
from stats.lib.timestamps import MILLISECOND, milliseconds, moment, now_ms
from stats.moods.scores import to_tenths
from stats.moods.tags import clean_mood_tags, last_used, read_tags, write_tags
from stats.snapshot import NO_STATS, Snapshot
from stats.store.client import Db
from stats.store.keys import MOOD_KINDS, RECORD_MOOD_KINDS, user_keys
from stats.store.scripts import run

SESSION_LIMITS = (IDLE_TIMEOUT, ABSOLUTE_TIMEOUT, TOUCH_INTERVAL)
NOTE_LENGTH = 280
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(seconds=5)
# An entry that is older was meant for another moment, and is no activity.
ABOUT_NOW = timedelta(minutes=1)
UNKNOWN_DAY = ("",) * 5
# How the script that records begins its reply.
DAY_NEEDED, REPEATED = 0, 2
ID_FACTOR = 128


class MoodEntry(NamedTuple):
    """One mood entry; `id` is the moment it stands for in milliseconds since 1970."""

    id: int
    score: float
    note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The moment it stands for, in UTC."""
        return moment(self.id)


class LatestEntries(NamedTuple):
    """What stands beside a check-in form: entries, newest first, and tags, last used first."""

    entries: Sequence[MoodEntry] = ()
    tags: Sequence[str] = ()


class MoodDetails(TypedDict, total=False):
    """What an entry holds beside its score, and how it is recorded; see `record_mood`."""

    note: str
    tags: Sequence[str]
    at: datetime | None
    op: str
    create_day: str
    session_id: str | None
    page_day: date | None


def record_mood(db: Db, user_id: str, score: float, **details: Unpack[MoodDetails]) -> Snapshot:
    """Record a mood as of `at` (aware, not in the future, by default now) in one step.

    `op` is an operation (`stats.store.operations`): the same one again changes nothing.
    One about this moment counts the user's day as active. `create_day` makes the stats of an
    unseen user. With `session_id` the user records it: the session must be live, and its use is
    written.
    `page_day` is the day that a page called today: if it is over, and no `at` is given, the entry
    is about its last moment.

    Returns the snapshot afterwards; its `undo` is the new entry's id, and None for an operation
    that had been carried out. Raises InvalidInput, UserNotFound and, with nothing recorded,
    SessionEnded.
    """
    reply = _record(db, user_id, score, **details)
    snapshot = Snapshot.read(reply[2:])
    return replace(snapshot, undo=None) if reply[0] == REPEATED else snapshot


def check_in(
    db: Db, user_id: str, score: float, *, since: datetime, **details: Unpack[MoodDetails]
) -> tuple[Snapshot, LatestEntries]:
    """Record a mood as `record_mood` does; return what a form shows then, from `since` on.

    Also of a repeated operation, `undo` of the snapshot is the entry that was recorded last.
    """
    reply = _record(db, user_id, score, milliseconds(since), **details)
    return Snapshot.read(reply[2:]), read_latest(reply[1])


def _record(
    db: Db,
    user_id: str,
    score: float,
    since: int | str = "",
    *,
    note: str = "",
    tags: Sequence[str] = (),
    at: datetime | None = None,
    op: str = "",
    create_day: str = "",
    session_id: str | None = None,
    page_day: date | None = None,
) -> Any:
    now, meant, words = datetime.now(UTC), _moment(at), _words(score, note, tags)
    session = () if session_id is None else (session_id, *SESSION_LIMITS)

    def send(at: int, counts: bool, page_day: str, day: Sequence[str | int]) -> Any:
        keys = user_keys(user_id, RECORD_MOOD_KINDS)
        about = (since, int(now.timestamp()), at, int(counts), page_day, *day)
        return run(db, "moods/record", keys, create_day, op, *words, *about, *session)

    counts = milliseconds(now) - meant <= ABOUT_NOW // MILLISECOND
    reply = send(meant, counts, page_day.isoformat() if page_day else "", UNKNOWN_DAY)
    if reply and reply[0] == DAY_NEEDED:
        # Only Python knows which day it is for the user, and when that ends.
        calendar = Snapshot.read(reply[2:]).calendar
        meant = (page_day and calendar.last_moment(page_day, now)) or meant
        counts = counts and calendar.day_of(meant) == calendar.day_at(now)
        reply = send(meant, counts, "", day_now(calendar.clock, now))
    if reply is None:
        raise SessionEnded(SESSION_ENDED) if session else UserNotFound(NO_STATS)
    return reply


def _words(score: float, note: str, tags: Sequence[str]) -> tuple[int, str, str]:
    """Return what scripts take of an entry: its score in tenths, its note, its tags."""
    text = clean(note, "note", max_length=NOTE_LENGTH)
    return to_tenths(score), text, write_tags(clean_mood_tags(tags))


def _moment(at: datetime | None) -> int:
    if at is None:
        return now_ms()
    if at.tzinfo is None:
        raise InvalidInput("at must carry an offset, such as 2026-03-12T19:30:00+01:00.", "at")
    if not EARLIEST <= at <= datetime.now(UTC) + CLOCK_SKEW:
        raise InvalidInput("at must lie in the past, in this century.", "at")
    return min(milliseconds(at), now_ms())


def undo_mood(db: Db, user_id: str, entry_id: int, *, op: str = "") -> Snapshot:
    """Take an entry back, once; the score before it stands again.

    Without that entry nothing changes. Returns the snapshot; raises UserNotFound.
    """
    return Snapshot.read(run(db, "moods/undo", user_keys(user_id, MOOD_KINDS), op, entry_id))


def edit_mood(
    db: Db,
    user_id: str,
    entry_id: int,
    score: float,
    note: str = "",
    tags: Sequence[str] = (),
) -> Snapshot:
    """Change the score, the note and the tags of an entry. Raises InvalidInput and NotFound."""
    words = _words(score, note, tags)
    reply = run(db, "moods/edit", user_keys(user_id, MOOD_KINDS), entry_id, *words)
    if reply is None:
        raise NotFound("There is no such entry.")
    return Snapshot.read(reply)


def delete_mood(db: Db, user_id: str, entry_id: int) -> MoodEntry:
    """Delete an entry and return it; the latest of the others is current then. Raises NotFound."""
    reply = run(db, "moods/delete", user_keys(user_id, MOOD_KINDS), entry_id)
    if reply is None:
        raise NotFound("There is no such entry.")
    return read_entry(*reply)


def read_moods(
    db: Db, user_id: str, *, since: datetime, before: datetime | None = None
) -> list[MoodEntry]:
    """Return the entries with notes and tags between aware moments, newest first.

    `since` is included and `before` is not; without one there is no end.
    """
    keys, end = user_keys(user_id, MOOD_KINDS), "" if before is None else milliseconds(before)
    return read_entries(run(db, "moods/read", keys, milliseconds(since), end))


def read_entries(reply: Sequence[Sequence[Any]]) -> list[MoodEntry]:
    """Return the entries of a script's reply (`read_entries` in Lua), newest first."""
    return [read_entry(*row) for row in zip(*reply, strict=True)][::-1]


def read_latest(reply: Sequence[Any] | None) -> LatestEntries:
    """Return the reply of `read_latest` in Lua, an empty one for None."""
    if reply is None:
        return LatestEntries()
    return LatestEntries(read_entries(reply[:3]), last_used(map(read_tags, reversed(reply[3]))))


def read_entry(value: Any, note: Any = None, tags: Any = None) -> MoodEntry:
    """Return the entry behind a stored integer, its note and its tags, None where it has none."""
    at, tenths = divmod(int(value), ID_FACTOR)
    return MoodEntry(at, tenths / 10, as_text(note) if note else "", read_tags(tags))


def scores_by_day(calendar: Calendar, values: Sequence[int]) -> dict[date, list[float]]:
    """Return the scores of stored integers, oldest first, by the user's day."""
    days: dict[date, list[float]] = {}
    for value in values:
        at, tenths = divmod(value, ID_FACTOR)
        days.setdefault(calendar.day_of(at), []).append(tenths / 10)
    return days
