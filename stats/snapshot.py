"""What a user's stats are, and how a script's reply becomes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from stats.activity import EPOCH, MILLISECOND, Clock, parse_day, streak_on, user_day
from stats.billing_state import paid_plan
from stats.errors import UserNotFound
from stats.plans import Plan, highest
from stats.text import texts

NO_STATS = "There are no stats for this user."


class RecentConversation(msgspec.Struct, frozen=True):
    """One of the last conversations. `timestamp` is ISO 8601 in UTC."""

    timestamp: str
    summary: str
    chat_id: str | None = msgspec.field(name="id", default=None)

    def to_dict(self) -> dict[str, str]:
        """Return what the API shows of it."""
        return {"timestamp": self.timestamp, "summary": self.summary}


RECENT = msgspec.json.Decoder(list[RecentConversation])


@dataclass(frozen=True, slots=True)
class UserStats:
    """A user's stats at one moment; the streak is the one that stands on that day.

    `mood_score` is 0.0 and `mood_updated_at` None until there is a mood entry.
    """

    conversations: int
    mood_score: float
    days_active: int
    recent_conversations: list[RecentConversation]
    plan: Plan
    streak: int
    longest_streak: int
    mood_updated_at: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the `Stats` object of the JSON API."""
        recent = [conversation.to_dict() for conversation in self.recent_conversations]
        return {name: getattr(self, name) for name in self.__slots__} | {
            "recent_conversations": recent
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A user's stats as they are stored, read at one moment."""

    fields: dict[str, str]
    last_day: date | None

    @classmethod
    def read(cls, reply: Sequence[Any] | None) -> "Snapshot":
        """Read a script's snapshot; raises UserNotFound where the script found no stats."""
        if not reply or not reply[0]:
            raise UserNotFound(NO_STATS)
        flat = iter(texts(reply[0]))
        last = reply[1] if len(reply) > 1 else None
        return cls(dict(zip(flat, flat, strict=True)), parse_day(last))

    @property
    def clock(self) -> Clock:
        """The user's time zone and start of day."""
        return Clock(self.fields.get("timezone", "UTC"), int(self.fields.get("day_start", 0)))

    @property
    def mood_at(self) -> datetime | None:
        """When the current mood was entered, None while there is none."""
        stored = self.fields.get("mood_updated_at")
        return None if not stored else moment(int(stored))

    @property
    def recent(self) -> list[RecentConversation]:
        """The last conversations, newest first."""
        return RECENT.decode(self.fields.get("recent_conversations") or "[]")

    def plan(self, now: datetime) -> Plan:
        """Return the plan at an aware moment: the higher of the grant and what is paid for then."""
        paid = paid_plan(self.fields.get("paid", ""), now.timestamp())
        granted = self.fields.get("grant")
        return highest((Plan(granted), paid)) if granted else paid

    def used_today(self, now: datetime) -> int:
        """Return how many conversations were saved on the user's day of an aware moment."""
        until = int(self.fields.get("used_until", 0))
        return int(self.fields["used"]) if now.timestamp() < until else 0

    def streak(self, today: date) -> int:
        """Return the streak that stands on the user's day `today`."""
        forgiven = parse_day(self.fields.get("forgiven"))
        return streak_on(int(self.fields["streak"]), self.last_day, forgiven, today)

    def stats(self, now: datetime | None = None) -> UserStats:
        """Return the stats as they stand at an aware moment, by default now."""
        now, at = now or datetime.now(UTC), self.mood_at
        return UserStats(
            conversations=int(self.fields["conversations"]),
            mood_score=float(self.fields["mood_score"]),
            days_active=int(self.fields["days_active"]),
            recent_conversations=self.recent,
            plan=self.plan(now),
            streak=self.streak(user_day(self.clock, now)),
            longest_streak=int(self.fields["longest_streak"]),
            mood_updated_at=None if at is None else iso(at),
        )


def iso(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 in UTC with milliseconds, which sorts as text."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def iso_ms(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 as ISO 8601 in UTC."""
    return iso(moment(milliseconds))


def milliseconds(moment: datetime) -> int:
    """Return an aware moment in whole milliseconds since 1970, rounded down."""
    return (moment - EPOCH) // MILLISECOND


def moment(milliseconds: int) -> datetime:
    """Return a time in milliseconds since 1970 as an aware datetime in UTC, exactly."""
    return EPOCH + timedelta(milliseconds=milliseconds)
