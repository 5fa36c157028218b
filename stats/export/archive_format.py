"""The file a user takes along: its models, and how one that comes back is read, strictly.

It holds more than these models: what cannot be brought back (plan, payments, e-mail, log-ins) is
in the export and is not looked at here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from stats.accounts.profile import check_name
from stats.activity.clock import check_clock, user_day
from stats.conversations import TITLE_LENGTH
from stats.errors import InvalidInput
from stats.lib.messages import N_, Sentence
from stats.lib.strict_json import parse
from stats.lib.text import ID_PATTERN
from stats.lib.timestamps import milliseconds
from stats.moods.entries import CLOCK_SKEW, EARLIEST, NOTE_LENGTH
from stats.snapshot import Counts
from stats.user_stats import SUMMARY_LENGTH

FORMAT = "aira-stats-1"

Moment = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(pattern=rf"^{ID_PATTERN}\Z")]
Summary = Annotated[str, Meta(max_length=SUMMARY_LENGTH)]
Tag = Annotated[str, Meta(min_length=1, max_length=50)]


class Profile(Struct):
    """Who one is and where one's days begin."""

    name: str
    timezone: str
    day_start: int
    created: Moment
    theme: Literal["system", "light", "dark"] = "system"
    live: bool = True


class RecentLine(Struct):
    """One of the recent conversations."""

    timestamp: Moment
    summary: Summary
    chat_id: Id | None = msgspec.field(name="chatId", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Counts):
    """What was counted, up to `last_login`.

    Who moved in from the old layout may have no last day, and then has no active days either.
    """

    last_login: date | None = None
    recent_conversations: Annotated[list[RecentLine], Meta(max_length=3)] = field(
        default_factory=list
    )


class MoodLine(Struct, omit_defaults=True):
    """One mood entry."""

    timestamp: Moment
    score: Annotated[float, Meta(ge=0, le=10)]
    note: Annotated[str, Meta(max_length=NOTE_LENGTH)] = ""


class Message(Struct):
    """One message; further fields are kept as they came."""

    role: Annotated[str, Meta(min_length=1, max_length=64)]
    content: str


class Chat(Struct, rename="camel"):
    """One saved conversation. `messages` are checked to be `Message`s and kept whole."""

    chat_id: Id
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH)]
    summary: Summary
    saved_at: Moment
    messages: list[dict[str, Any]]
    tags: Annotated[list[Tag], Meta(max_length=20)] = []


class Archive(Struct):
    """All that can be brought back into an empty account."""

    format: Literal["aira-stats-1"]
    account: Profile
    stats: Figures
    days: Annotated[list[date], Meta(max_length=20_000)]
    moods: Annotated[list[MoodLine], Meta(max_length=50_000)]
    conversations: Annotated[list[Chat], Meta(max_length=20_000)]
    deleted_conversations: Annotated[list[Id], Meta(max_length=20_000)] = []


def read_archive(data: bytes) -> Archive:
    """Return the content of an export file; raises InvalidInput for what no export would hold."""
    value = parse(data, N_("The file"))
    try:
        archive = msgspec.convert(value, Archive)
        for chat in archive.conversations:
            msgspec.convert(chat.messages, list[Message])
        _check(archive)
    except (msgspec.ValidationError, InvalidInput) as error:
        what = error.args[0] if isinstance(error, InvalidInput) else f"{str(error).rstrip('.')}."
        no_export = Sentence("The file is no export from here. %(why)s", why=what)
        raise InvalidInput(no_export, "file") from None
    return archive


def _check(archive: Archive) -> None:
    """Refuse what is well formed and cannot be true."""
    profile, stats = archive.account, archive.stats
    clock = check_clock(profile.timezone, profile.day_start)
    profile.name = check_name(profile.name)
    _check_moments(archive)
    _check_days(archive, user_day(clock, datetime.now(UTC)))
    _check_unique(archive.days, N_("a day"))
    _check_unique((milliseconds(mood.timestamp) for mood in archive.moods), N_("a mood"))
    _check_unique((chat.chat_id for chat in archive.conversations), N_("a conversation"))
    if stats.streak > stats.longest_streak:
        raise InvalidInput("It holds a streak longer than the longest one.")


def _check_moments(archive: Archive) -> None:
    moments = [archive.account.created]
    moments += [mood.timestamp for mood in archive.moods]
    moments += [chat.saved_at for chat in archive.conversations]
    moments += [recent.timestamp for recent in archive.stats.recent_conversations]
    if not EARLIEST <= min(moments) <= max(moments) <= datetime.now(UTC) + CLOCK_SKEW:
        raise InvalidInput("It holds a time in the future or before this century.")


def _check_days(archive: Archive, today: date) -> None:
    stats = archive.stats
    days = [day for day in (*archive.days, stats.last_login, stats.forgiven) if day]
    if not all(EARLIEST.date() <= day <= today for day in days):
        raise InvalidInput("It holds a day in the future or before this century.")
    if days and (stats.last_login is None or max(days) > stats.last_login):
        raise InvalidInput("It holds a day after the last one.")


def _check_unique(values: Iterable[object], what: str) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise InvalidInput(Sentence("It holds %(what)s twice.", what=what))
