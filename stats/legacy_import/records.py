"""The layout of the deployment that this one replaces: its keys, and what they say of a user.

    user:42:stats         hash    conversations, mood_score, days_active, recent_conversations
                                  (JSON: timestamp, summary), plan (free and pro occur too)
    user:42:last_login    string  2024-10-24 or Thu Oct 24 2024
    user:42:mood_history  zset    JSON of score, timestamp and perhaps note, by time (ms or s)

A value that cannot be read is lost alone and named, without its content. What is not known is
not made up (docs/moving.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from stats.legacy_import import values
from stats.legacy_import.values import Tell
from stats.lib.text import ID_PATTERN
from stats.lib.timestamps import milliseconds, moment
from stats.moods.entries import ID_FACTOR
from stats.plans.plan import Plan

PARTS = ("stats", "last_login", "mood_history")

_KEY = re.compile(rb"user:(.*):(?:stats|last_login|mood_history)", re.DOTALL)
_NEW_KEY = re.compile(rf"user:\{{{ID_PATTERN}\}}:(?:stats|last_login)".encode())


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said about a value. `lost` is false where it is kept under an assumption."""

    key: str
    kind: str
    reason: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """What the old keys of one user hold, as it was read."""

    stats: Mapping[bytes, bytes]
    last_login: bytes | None
    moods: Sequence[tuple[bytes, float]]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a user.

    `days` are the active days that are known; `recent` conversations as JSON, newest first;
    `moods` pairs of the stored integer and the note; each of the three in order.
    """

    conversations: int
    days_active: int
    days: list[date]
    recent: list[str]
    moods: list[tuple[int, str]]
    plan: Plan | None


def old_key(user_id: bytes, part: str) -> bytes:
    """Return the old key of one part of a user's data."""
    return b"user:%b:%b" % (user_id, part.encode())


def id_in(key: bytes) -> bytes | None:
    """Return the user id in an old key, None for a key of the new layout."""
    match = _KEY.fullmatch(key)
    return None if match is None or _NEW_KEY.fullmatch(key) else match[1]


def shown(key: bytes) -> str:
    """Return a key as printable ASCII."""
    return ascii(key.decode(errors="backslashreplace"))[1:-1]


class _Findings:
    """What was found about the values of one user."""

    def __init__(self, user_id: bytes) -> None:
        self.user_id = user_id
        self.listed: list[Finding] = []

    def tell(self, part: str, *, lost: bool = True) -> Tell:
        """Return a function that takes the kind and the reason of a finding in one key."""
        key = shown(old_key(self.user_id, part))
        return lambda kind, reason: self.listed.append(Finding(key, kind, reason, lost))


def convert(
    user_id: bytes, record: Record, now: int, *, plans: bool = True
) -> tuple[Known | None, list[Finding]]:
    """Return what a user's old values say as of `now` (ms), and what is to be said about them.

    None instead of a Known if nothing can be read. Without `plans` the plan is not looked at.
    """
    found = _Findings(user_id)
    lose, stored = found.tell("stats"), record.stats.get
    conversations = values.read_count("conversations", stored(b"conversations"), lose)
    days_active = values.read_count("days_active", stored(b"days_active"), lose)
    score = values.read_score(stored(b"mood_score"), lose)
    plan = values.read_plan(stored(b"plan"), lose) if plans else None
    recent = values.read_recent(stored(b"recent_conversations"), now, lose)
    last = values.read_last_login(record.last_login, now, found.tell("last_login"))
    moods = values.read_moods(record.moods, now, found.tell("mood_history"))
    single = (conversations, days_active, score, plan, last)
    if not (recent or moods or any(value is not None for value in single)):
        return None, found.listed
    moods = _with_score(moods, score, last, now, found)
    days = _days(moods, last)
    known = Known(
        conversations=len(recent) if conversations is None else conversations,
        days_active=max(1 if days_active is None else days_active, len(days)),
        days=days,
        recent=recent,
        moods=moods,
        plan=plan,
    )
    return known, found.listed


def _days(moods: Sequence[tuple[int, str]], last: date | None) -> list[date]:
    days = {moment(value // ID_FACTOR).date() for value, _ in moods}
    return sorted(days if last is None else days | {last})


def _with_score(
    moods: list[tuple[int, str]], score: int | None, last: date | None, now: int, found: _Findings
) -> list[tuple[int, str]]:
    """Return the history, or the one entry that a score (in tenths) without one becomes."""
    lose = found.tell("stats")
    if not score:
        return moods  # 0 is what a score was before it was set.
    if moods:
        if score != moods[-1][0] % ID_FACTOR:
            lose("mood_score", "differs from the latest entry, which counts")
        return moods
    if last is None:
        lose("mood_score", "has no entry, and no day is known at which it could stand")
        return moods
    reason = "has no entry, and is put at noon (UTC) of the last login"
    found.tell("stats", lost=False)("mood_score", reason)
    noon = milliseconds(datetime.combine(last, time(12), tzinfo=UTC))
    return [(min(noon, now) * ID_FACTOR + score, "")]
