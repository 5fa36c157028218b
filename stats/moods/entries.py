"""Mood entries: recorded, taken back, read; the current score is always the latest entry's."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from typing import Any, NamedTuple

from stats.accounts.sessions import ABSOLUTE_TIMEOUT, IDLE_TIMEOUT, TOUCH_INTERVAL
from stats.activity.clock import Clock, day_of
from stats.errors import InvalidInput, NotFound, SessionEnded
from stats.lib.messages import N_
from stats.lib.text import as_text, clean
from stats.lib.timestamps import milliseconds, moment, now_ms
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.store.keys import MOOD_KINDS, RECORD_MOOD_KINDS, user_keys
from stats.store.scripts import run

SESSION_LIMITS = (IDLE_TIMEOUT, ABSOLUTE_TIMEOUT, TOUCH_INTERVAL)
SESSION_ENDED = "The session has ended. Log in again."
NOTE_LENGTH = 280
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(seconds=5)
STABLE_WITHIN = 0.5
ID_FACTOR = 128

SCORE_WORDS = (
    *(N_("Very low"), N_("Very low"), N_("Low"), N_("Low"), N_("A little low"), N_("In between")),
    *(N_("All right"), N_("Good"), N_("Good"), N_("Very good"), N_("Very good")),
)


class MoodEntry(NamedTuple):
    """One mood entry; `id` is the moment it stands for in milliseconds since 1970."""

    id: int
    score: float
    note: str = ""

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


def check_score(score: object) -> float:
    """Return a score from 0 to 10 rounded to one decimal, -0.0 as 0.0.

    Raises InvalidInput for booleans, text, NaN, infinities and numbers out of range.
    """
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise InvalidInput("score must be a number from 0 to 10.", "score")
    if not 0 <= score <= 10 or not math.isfinite(score):
        raise InvalidInput("score must be a number from 0 to 10.", "score")
    return round(score * 10) / 10


def round_score(score: float) -> int:
    """Return a score from 0 to 10 without its tenths, halves rounded up."""
    return int(score + 0.5)


def score_word(score: float) -> str:
    """Return the word for a score from 0 to 10, halves rounded up."""
    return SCORE_WORDS[round_score(score)]


def record_mood(
    db: Db,
    user_id: str,
    score: float,
    *,
    note: str = "",
    at: datetime | None = None,
    op: str = "",
    create_day: str = "",
    session_id: str | None = None,
) -> Snapshot:
    """Record a mood as of `at` (aware, not in the future, by default now) in one step.

    `op` is an operation id (`stats.store.keys.operation_id`): the same one again changes nothing.
    `create_day` makes the stats of an unseen user. With `session_id` the user records it: the
    session must be live, and its use is written. Returns the snapshot afterwards. Raises
    InvalidInput, UserNotFound and, with nothing recorded, SessionEnded.
    """
    session = () if session_id is None else (session_id, int(time.time()), *SESSION_LIMITS)
    arguments = (create_day, op, *_entry(score, note, at), *session)
    reply = run(db, "moods/record", user_keys(user_id, RECORD_MOOD_KINDS), *arguments)
    if reply is None and session_id is not None:
        raise SessionEnded(SESSION_ENDED)
    return Snapshot.read(reply)


def _entry(score: float, note: str, at: datetime | None) -> tuple[int, int, str]:
    tenths = round(check_score(score) * 10)
    return _moment(at), tenths, clean(note, "note", max_length=NOTE_LENGTH)


def _moment(at: datetime | None) -> int:
    if at is None:
        return now_ms()
    if at.tzinfo is None:
        raise InvalidInput("at must carry an offset, such as 2026-03-12T19:30:00+01:00.", "at")
    if not EARLIEST <= at <= datetime.now(UTC) + CLOCK_SKEW:
        raise InvalidInput("at must lie in the past, in this century.", "at")
    return min(milliseconds(at), now_ms())


def undo_mood(db: Db, user_id: str, *, op: str = "") -> Snapshot:
    """Take back the entry recorded last, once; the score before it stands again.

    With nothing to take back nothing changes. Returns the snapshot; raises UserNotFound.
    """
    return Snapshot.read(run(db, "moods/undo", user_keys(user_id, MOOD_KINDS), op))


def edit_mood(db: Db, user_id: str, entry_id: int, score: float, note: str = "") -> Snapshot:
    """Change the score and the note of an entry. Raises InvalidInput and NotFound."""
    tenths = round(check_score(score) * 10)
    text = clean(note, "note", max_length=NOTE_LENGTH)
    reply = run(db, "moods/edit", user_keys(user_id, MOOD_KINDS), entry_id, tenths, text)
    if reply is None:
        raise NotFound("There is no such entry.")
    return Snapshot.read(reply)


def delete_mood(db: Db, user_id: str, entry_id: int) -> Snapshot:
    """Delete an entry; the latest of the others is current then. Raises NotFound."""
    reply = run(db, "moods/delete", user_keys(user_id, MOOD_KINDS), entry_id)
    if reply is None:
        raise NotFound("There is no such entry.")
    return Snapshot.read(reply)


def read_moods(db: Db, user_id: str, *, since: datetime) -> list[MoodEntry]:
    """Return the entries from an aware moment on, newest first."""
    keys = user_keys(user_id, MOOD_KINDS)
    values, notes = run(db, "moods/read", keys, milliseconds(since))
    return [
        read_entry(value, as_text(note) if note else "")
        for value, note in reversed(list(zip(values, notes, strict=True)))
    ]


def read_entry(value: Any, note: str = "") -> MoodEntry:
    """Return the entry behind a stored integer."""
    at, tenths = divmod(int(value), ID_FACTOR)
    return MoodEntry(at, tenths / 10, note)


def scores_by_day(clock: Clock, values: Sequence[int]) -> dict[date, list[float]]:
    """Return the scores of stored integers, oldest first, by the user's day."""
    days: dict[date, list[float]] = {}
    for value in values:
        at, tenths = divmod(value, ID_FACTOR)
        days.setdefault(day_of(clock, at), []).append(tenths / 10)
    return days


def summarise(entries: Sequence[MoodEntry]) -> MoodSummary:
    """Return the statistics of entries (newest first).

    The trend compares the mean of the newer half with the older half's: it is stable within half
    a point, and None for fewer than two entries.
    """
    scores = [entry.score for entry in entries]
    if not scores:
        return MoodSummary(None, None, None, None, 0)
    average = round(fmean(scores), 2)
    return MoodSummary(average, max(scores), min(scores), _trend(scores), len(scores))


def _trend(scores: Sequence[float]) -> str | None:
    half = len(scores) // 2
    if half == 0:
        return None
    change = fmean(scores[:half]) - fmean(scores[-half:])
    if abs(change) <= STABLE_WITHIN:
        return "stable"
    return "improving" if change > 0 else "declining"
