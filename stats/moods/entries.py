"""Mood entries: recorded, taken back, read; the current score is always the latest entry's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

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
from stats.moods.scores import mean_score, round_half_up, to_tenths
from stats.moods.tags import clean_mood_tags, read_tags, write_tags
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
STABLE_WITHIN = 0.5
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


@dataclass(frozen=True, slots=True)
class MoodSummary:
    """Statistics of a list of entries; None where there are too few."""

    average: float | None
    highest: float | None
    lowest: float | None
    trend: str | None
    total: int


def record_mood(
    db: Db,
    user_id: str,
    score: float,
    *,
    note: str = "",
    tags: Sequence[str] = (),
    at: datetime | None = None,
    op: str = "",
    create_day: str = "",
    session_id: str | None = None,
    page_day: date | None = None,
) -> Snapshot:
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
    now, meant, words = datetime.now(UTC), _moment(at), _words(score, note, tags)
    session = () if session_id is None else (session_id, *SESSION_LIMITS)

    def send(at: int, counts: bool, page_day: str, day: Sequence[str | int]) -> Any:
        keys = user_keys(user_id, RECORD_MOOD_KINDS)
        about = (int(now.timestamp()), at, int(counts), page_day, *day)
        return run(db, "moods/record", keys, create_day, op, *words, *about, *session)

    counts = milliseconds(now) - meant <= ABOUT_NOW // MILLISECOND
    reply = send(meant, counts, page_day.isoformat() if page_day else "", UNKNOWN_DAY)
    if reply and reply[0] == DAY_NEEDED:
        # Only Python knows which day it is for the user, and when that ends.
        calendar = Snapshot.read(reply[1:]).calendar
        meant = (page_day and calendar.last_moment(page_day, now)) or meant
        counts = counts and calendar.day_of(meant) == calendar.day_at(now)
        reply = send(meant, counts, "", day_now(calendar.clock, now))
    return _recorded(reply, own=session_id is not None)


def _recorded(reply: Any, *, own: bool) -> Snapshot:
    if reply is None:
        raise SessionEnded(SESSION_ENDED) if own else UserNotFound(NO_STATS)
    snapshot = Snapshot.read(reply[1:])
    return replace(snapshot, undo=None) if reply[0] == REPEATED else snapshot


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


def summarise(entries: Sequence[MoodEntry]) -> MoodSummary:
    """Return the statistics of entries (newest first).

    The trend compares the mean of the newer half with the older half's: it is stable within half
    a point, and None for fewer than two entries.
    """
    scores = [entry.score for entry in entries]
    if not scores:
        return MoodSummary(None, None, None, None, 0)
    average = mean_score(scores, places=2)
    return MoodSummary(average, max(scores), min(scores), _trend(scores), len(scores))


def _trend(scores: Sequence[float]) -> str | None:
    half = len(scores) // 2
    if half == 0:
        return None
    change = round_half_up(fmean(scores[:half]) - fmean(scores[-half:]), places=6)
    if abs(change) <= STABLE_WITHIN:
        return "stable"
    return "improving" if change > 0 else "declining"
