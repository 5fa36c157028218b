"""What the old store says of a user, read from its keys by docs/moving.md and nothing else.

A second reading, made apart from stats/legacy_import/records.py, to be compared with what people
are shown.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import redis

from tests.legacy_import.store import DAY

PLANS = {"free": "Free", "plus": "Plus", "pro": "Plus", "premium": "Premium"}
CENTURY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class LegacyReading:
    """What the old keys say of one user; None for what they do not say."""

    conversations: int | None
    score: float | None
    active: int | None
    plan: str | None
    recent: list[tuple[datetime, str]]
    last_login: date | None
    moods: list[tuple[datetime, float]]

    @property
    def days(self) -> list[date]:
        login = {self.last_login} if self.last_login else set()
        return sorted({at.date() for at, _ in self.moods} | login)

    @property
    def days_active(self) -> int:
        return max(1 if self.active is None else self.active, len(self.days))

    @property
    def run(self) -> int:
        """How many days in a row end at the last one."""
        breaks = [day for before, day in pairwise(self.days) if day - before > DAY]
        first = max(breaks, default=self.days[0])
        return (self.days[-1] - first).days + 1

    @property
    def mood(self) -> float | None:
        """The latest entry's score; of one moment the higher comes later."""
        if self.moods:
            return max(self.moods)[1]
        # 0 was a score that nobody had set.
        return self.score or None if self.last_login else None

    @property
    def nothing(self) -> bool:
        values = (self.conversations, self.score, self.active, self.plan, self.last_login)
        return not self.recent and not self.moods and all(value is None for value in values)

    def page(self, today: date) -> dict[str, Any]:
        """What the first dashboard shows that is opened on a day, which becomes an active one."""
        missed = (today - self.days[-1]).days if self.days else 3
        # One missed day is forgiven: nobody's had been before.
        streak = self.run + (missed > 0) if missed <= 2 else 1
        return {
            "conversations": len(self.recent) if self.conversations is None else self.conversations,
            "mood_score": self.mood,
            "days_active": self.days_active + (missed != 0),
            "streak": streak,
            "plan": self.plan or "Free",
            "recent": self.recent,
        }


def read_user(db: redis.Redis, user_id: str) -> LegacyReading:
    """Read the old keys of a user."""
    key, pipe = f"user:{user_id}:", db.pipeline(transaction=False)
    pipe.hgetall(key + "stats").get(key + "last_login")
    pipe.zrange(key + "mood_history", 0, -1, withscores=True)
    stored, login, entries = pipe.execute(raise_on_error=False)
    if isinstance(stored, redis.ResponseError):
        stored = {}  # of another type
    plan = stored.get(b"plan", b"").decode(errors="replace").lower()
    score = stored.get(b"mood_score", b"")
    return LegacyReading(
        count(stored.get(b"conversations")),
        in_range(float(score)) if re.fullmatch(rb"\d+(\.\d+)?", score) else None,
        count(stored.get(b"days_active")),
        PLANS.get(plan),
        recent(stored.get(b"recent_conversations", b"")),
        login_day((login or b"").decode()),
        [found for member, place in entries if (found := entry(member, place))],
    )


def count(raw: bytes | None) -> int | None:
    """A count that nobody can have is none."""
    return int(raw) if raw and raw.isdigit() and int(raw) < 2**31 else None


def in_range(score: Any) -> float | None:
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 10:
        return None
    return round(float(score), 1)


def parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def when(value: Any) -> datetime | None:
    """A moment of this century that has been: milliseconds, seconds, or ISO 8601 with a zone."""
    if isinstance(value, str) and not value.isdigit():
        try:
            at = datetime.fromisoformat(value)
            return past(at) if at.tzinfo else None
        except (ValueError, OverflowError):
            return None
    if not isinstance(value, int | float | str) or float(value) > 1e15:
        return None
    moments = (past(CENTURY.fromtimestamp(float(value) / unit, UTC)) for unit in (1000, 1)
             if float(value) / unit < 1e11)  # fmt: skip
    return next((at for at in moments if at), None)


def past(at: datetime) -> datetime | None:
    now = datetime.now(UTC)
    if not CENTURY <= at <= now + timedelta(minutes=5):
        return None
    at = at.astimezone(UTC)
    return at - timedelta(microseconds=at.microsecond % 1000)


def storable(text: Any) -> bool:
    return isinstance(text, str) and not re.search("[\0\ud800-\udfff]", text)


def recent(raw: bytes) -> list[tuple[datetime, str]]:
    """The newest three, of one moment in the order in which they stand."""
    listed = parsed(raw)
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    entries = [(when(item.get("timestamp")), item.get("summary")) for item in items]
    good = [(at, text[:200]) for at, text in entries if at and storable(text)]
    return sorted(good, key=lambda one: one[0], reverse=True)[:3]


def login_day(text: str) -> date | None:
    for spelling in ("%Y-%m-%d", "%a %b %d %Y"):
        try:
            day = datetime.strptime(text, spelling)
        except ValueError:
            continue
        if day.strftime(spelling) == text and past(day.replace(tzinfo=UTC)):
            return day.date()
    return None


def entry(member: bytes, place: float) -> tuple[datetime, float] | None:
    data = parsed(member)
    if not isinstance(data, dict):
        return None
    at, score = when(data.get("timestamp")) or when(place), in_range(data.get("score"))
    return (at, score) if at and score is not None else None
