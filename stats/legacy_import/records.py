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
from stats.legacy_import.values import ReportLoss
from stats.lib.text import ID_PATTERN
from stats.lib.timestamps import milliseconds, moment
from stats.moods.entries import ID_FACTOR
from stats.plans.plan import Plan

PARTS = ("stats", "last_login", "mood_history")

_KEY = re.compile(rb"user:(.*):(?:stats|last_login|mood_history)", re.DOTALL)
_NEW_KEY = re.compile(rf"user:\{{{ID_PATTERN}\}}:(?:stats|last_login)".encode())


@dataclass(frozen=True, slots=True)
class ImportFinding:
    """A remark on a value for the report. `lost` is false where it is kept under an assumption."""

    key: str
    kind: str
    reason: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class LegacyRecord:
    """What the old keys of one user hold, as it was read."""

    stats: Mapping[bytes, bytes]
    last_login: bytes | None
    moods: Sequence[tuple[bytes, float]]


@dataclass(frozen=True, slots=True)
class LegacyUser:
    """What could be read of a user.

    `days` are the active days that are known; `recent` conversations as JSON, newest first;
    `moods` pairs of the stored integer and the note; each of the three in order.
    """

    conversations: int
    days_active: int
    days: list[date]
    recent: list[str]
    moods: list[tuple[int, str]]
    plan: Plan | None


def legacy_key(user_id: bytes, part: str) -> bytes:
    """Return the old key of one part of a user's data."""
    return b"user:%b:%b" % (user_id, part.encode())


def user_id_of(key: bytes) -> bytes | None:
    """Return the user id in an old key, None for a key of the new layout."""
    match = _KEY.fullmatch(key)
    return None if match is None or _NEW_KEY.fullmatch(key) else match[1]


def printable(key: bytes) -> str:
    """Return a key as printable ASCII."""
    return ascii(key.decode(errors="backslashreplace"))[1:-1]


class _FindingList:
    """Collects the findings on the values of one user."""

    def __init__(self, user_id: bytes) -> None:
        self.user_id = user_id
        self.listed: list[ImportFinding] = []

    def tell(self, part: str, *, lost: bool = True) -> ReportLoss:
        """Return a function that takes the kind and the reason of a finding in one key."""
        key = printable(legacy_key(self.user_id, part))
        return lambda kind, reason: self.listed.append(ImportFinding(key, kind, reason, lost))


def convert(
    user_id: bytes, record: LegacyRecord, now: int, *, plans: bool = True
) -> tuple[LegacyUser | None, list[ImportFinding]]:
    """Return what a user's old values say as of `now` (ms), and the findings.

    None instead of a LegacyUser if nothing can be read. Without `plans` the plan is not looked at.
    """
    findings = _FindingList(user_id)
    lose, stored = findings.tell("stats"), record.stats.get
    conversations = values.read_count("conversations", stored(b"conversations"), lose)
    days_active = values.read_count("days_active", stored(b"days_active"), lose)
    score = values.read_score(stored(b"mood_score"), lose)
    plan = values.read_plan(stored(b"plan"), lose) if plans else None
    recent = values.read_recent(stored(b"recent_conversations"), now, lose)
    last = values.read_last_login(record.last_login, now, findings.tell("last_login"))
    moods = values.read_moods(record.moods, now, findings.tell("mood_history"))
    single = (conversations, days_active, score, plan, last)
    if not (recent or moods or any(value is not None for value in single)):
        return None, findings.listed
    moods = _with_score(moods, score, last, now, findings)
    days = _days(moods, last)
    legacy_user = LegacyUser(
        conversations=len(recent) if conversations is None else conversations,
        days_active=max(1 if days_active is None else days_active, len(days)),
        days=days,
        recent=recent,
        moods=moods,
        plan=plan,
    )
    return legacy_user, findings.listed


def _days(moods: Sequence[tuple[int, str]], last: date | None) -> list[date]:
    days = {moment(value // ID_FACTOR).date() for value, _ in moods}
    return sorted(days if last is None else days | {last})


def _with_score(
    moods: list[tuple[int, str]],
    score: int | None,
    last: date | None,
    now: int,
    findings: _FindingList,
) -> list[tuple[int, str]]:
    """Return the history, or the one entry that a score (in tenths) without one becomes."""
    lose = findings.tell("stats")
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
    findings.tell("stats", lost=False)("mood_score", reason)
    noon = milliseconds(datetime.combine(last, time(12), tzinfo=UTC))
    return [(min(noon, now) * ID_FACTOR + score, "")]
