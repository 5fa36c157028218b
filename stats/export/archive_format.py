"""The models of an export file.

An export holds more than these models: what cannot be restored (plan, payments, e-mail, log-ins)
is ignored here. `stats.export.archive_reader` reads a file.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from stats.conversations import TAG_LENGTH, TITLE_LENGTH
from stats.lib.text import ID_PATTERN
from stats.moods.entries import NOTE_LENGTH
from stats.moods.tags import MAX_TAGS
from stats.moods.tags import TAG_LENGTH as MOOD_TAG_LENGTH
from stats.snapshot import Counts
from stats.user_stats import SUMMARY_LENGTH

FORMAT = "aira-stats-1"

# As many as are kept, see stats/lua/shared/clock.lua.
MAX_CLOCKS = 100

Moment = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(pattern=rf"^{ID_PATTERN}\Z")]
Summary = Annotated[str, Meta(max_length=SUMMARY_LENGTH)]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LENGTH)]
Tags = Annotated[list[Tag], Meta(max_length=20)]
MoodTag = Annotated[str, Meta(min_length=1, max_length=MOOD_TAG_LENGTH)]
MoodTags = Annotated[list[MoodTag], Meta(max_length=MAX_TAGS)]


class ArchivedClock(Struct):
    """A clock that was in force until a moment."""

    until: Moment
    timezone: str
    day_start: int


class ArchivedProfile(Struct):
    """The name, the clock and the preferences of the account.

    A user whom only a program knows has no account, and so neither name nor moment of sign-up.
    """

    name: str | None
    timezone: str
    day_start: int
    created: Moment | None
    theme: Literal["system", "light", "dark"] = "system"
    live: bool = True
    earlier_clocks: Annotated[list[ArchivedClock], Meta(max_length=MAX_CLOCKS)] = []


class ArchivedRecent(Struct):
    """One of the recent conversations."""

    timestamp: Moment
    summary: Summary
    chat_id: Id | None = msgspec.field(name="chatId", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedStats(Counts):
    """The counts as of `last_login`.

    A user who was imported from the old layout may have no last day, and then no active days.
    """

    last_login: date | None = None
    recent_conversations: Annotated[list[ArchivedRecent], Meta(max_length=3)] = field(
        default_factory=list
    )


class ArchivedMood(Struct, omit_defaults=True):
    """One mood entry."""

    timestamp: Moment
    score: Annotated[float, Meta(ge=0, le=10)]
    note: Annotated[str, Meta(max_length=NOTE_LENGTH)] = ""
    tags: MoodTags = []


class Message(Struct):
    """One message; further fields are kept as they came."""

    role: Annotated[str, Meta(min_length=1, max_length=64)]
    content: str


class ArchivedConversation(Struct, rename="camel"):
    """One saved conversation. `messages` are checked to be `Message`s and kept whole.

    `first_saved_at` stands where it was saved again since.
    """

    chat_id: Id
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH)]
    summary: Summary
    saved_at: Moment
    messages: list[dict[str, Any]]
    tags: Tags = []
    first_saved_at: Moment | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """All that can be restored. What is an `Iterable` may be read from a file each time."""

    account: ArchivedProfile
    stats: ArchivedStats
    days: frozenset[date]
    moods: Iterable[ArchivedMood]
    conversations: Iterable[ArchivedConversation]
    deleted_conversations: Iterable[str] = ()
