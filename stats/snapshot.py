"""What a user's stats are: the one table of their fields, and how a script's reply becomes them.

A new stat is a line in `PublicCounts` (the API answers it as well) or in `Counts`: what is stored,
exported and restored follows these classes by themselves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from stats.activity.calendar import Calendar, read_calendar
from stats.activity.clock import Clock, parse_day, user_day
from stats.activity.streak import streak_on
from stats.errors import UserNotFound
from stats.lib.text import texts
from stats.lib.timestamps import iso, moment
from stats.plans.billing_state import paid_plan
from stats.plans.plan import Plan, highest
from stats.store.client import Db
from stats.store.keys import user_key

NO_STATS = "There are no stats for this user."
MAX_COUNT = 2**31 - 1
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]


class RecentConversation(Struct, frozen=True):
    """One of the last conversations. `timestamp` is ISO 8601 in UTC."""

    timestamp: str
    summary: str
    chat_id: str | None = msgspec.field(name="id", default=None)

    def to_dict(self) -> dict[str, str]:
        """Return what the API shows of it."""
        return {"timestamp": self.timestamp, "summary": self.summary}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCounts:
    """The counts that the API shows."""

    conversations: Count
    days_active: Count
    streak: Count
    longest_streak: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(PublicCounts):
    """The counts that an export holds and an import restores.

    `streak` is the one that stood on the last active day, `forgiven` the last missed day that was.
    """

    forgiven: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStats(PublicCounts):
    """A user's stats at one moment; the streak is the one that stands on that day.

    `mood_score` is 0.0 and `mood_updated_at` None until there is a mood entry.
    """

    mood_score: float
    recent_conversations: list[RecentConversation]
    plan: Plan
    mood_updated_at: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the `Stats` object of the JSON API."""
        recent = [conversation.to_dict() for conversation in self.recent_conversations]
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        return own | {"recent_conversations": recent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Counts):
    """A user's stats as they are stored, read at one moment: a field of the hash for each here.

    `stats/store/keys.py` says what each one holds.
    """

    version: int
    mood_score: float = 0.0
    mood_updated_at: int | None = None
    recent_conversations: list[RecentConversation] = field(default_factory=list)
    fresh_until: int = 0
    drawn: str = "0"
    timezone: str = ""
    day_start: int = 0
    clocks: str = ""
    active_until: int = 0
    undo: int | None = None
    grant: Plan | None = None
    paid: str = ""
    used: int = 0
    used_until: int = 0
    last_day: date | None = None

    @classmethod
    def read(cls, reply: Sequence[Any] | None) -> "Snapshot":
        """Read a script's snapshot; raises UserNotFound where the script found no stats."""
        if not reply or not reply[0]:
            raise UserNotFound(NO_STATS)
        flat = iter(texts(reply[0]))
        stored: dict[str, Any] = dict(zip(flat, flat, strict=True))
        stored["recent_conversations"] = json.loads(stored.get("recent_conversations") or "[]")
        stored["last_day"] = parse_day(reply[1] if len(reply) > 1 else None)
        return msgspec.convert(stored, cls, strict=False)

    @property
    def clock(self) -> Clock:
        """The user's time zone, UTC if nobody has chosen one, and start of day."""
        return Clock(self.timezone or "UTC", self.day_start)

    @property
    def calendar(self) -> Calendar:
        """The clock in force now, and those before it."""
        return read_calendar(self.clock, self.clocks)

    @property
    def mood_at(self) -> datetime | None:
        """When the current mood was entered, None while there is none."""
        return None if self.mood_updated_at is None else moment(self.mood_updated_at)

    def plan_at(self, now: datetime) -> Plan:
        """Return the plan at an aware moment: the higher of the grant and what is paid for then."""
        return plan_at(self.grant, self.paid, now)

    def used_on(self, now: datetime) -> int:
        """Return how many conversations were saved on the user's day of an aware moment."""
        return self.used if now.timestamp() < self.used_until else 0

    def streak_on(self, today: date) -> int:
        """Return the streak that stands on the user's day `today`."""
        return streak_on(self.streak, self.last_day, self.forgiven, today)

    def stats(self, now: datetime | None = None) -> UserStats:
        """Return the stats as they stand at an aware moment, by default now."""
        now, at = now or datetime.now(UTC), self.mood_at
        counts = {each.name: getattr(self, each.name) for each in fields(PublicCounts)}
        counts["streak"] = self.streak_on(user_day(self.clock, now))
        return UserStats(
            **counts,
            mood_score=self.mood_score,
            recent_conversations=self.recent_conversations,
            plan=self.plan_at(now),
            mood_updated_at=None if at is None else iso(at),
        )


def plan_at(grant: Plan | None, paid: str, now: datetime) -> Plan:
    """Return the plan that the stored fields `grant` and `paid` give at an aware moment."""
    paid_for = paid_plan(paid, now.timestamp())
    return highest((grant, paid_for)) if grant else paid_for


def user_stats_exist(db: Db, user_id: str) -> bool:
    """Return whether there are stats under this user id."""
    return bool(db.exists(user_key(user_id, "stats")))
