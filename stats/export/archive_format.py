"""The models of an export file, and how an uploaded one is validated.

An export holds more than these models: what cannot be restored (plan, payments, e-mail, log-ins)
is ignored here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from stats.accounts.profile import check_name
from stats.activity.clock import check_clock, user_day
from stats.conversations import TAG_LENGTH, TITLE_LENGTH
from stats.errors import InvalidInput
from stats.lib.messages import N_, lazy_gettext
from stats.lib.normalisation import visible
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
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LENGTH)]
Tags = Annotated[list[Tag], Meta(max_length=20)]


class ArchivedProfile(Struct):
    """The name (or ""), the clock and the preferences of the account."""

    name: str
    timezone: str
    day_start: int
    created: Moment
    theme: Literal["system", "light", "dark"] = "system"
    live: bool = True


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


class Archive(Struct):
    """All that can be restored into an empty account."""

    format: Literal["aira-stats-1"]
    account: ArchivedProfile
    stats: ArchivedStats
    days: Annotated[list[date], Meta(max_length=20_000)]
    moods: Annotated[list[ArchivedMood], Meta(max_length=50_000)]
    conversations: Annotated[list[ArchivedConversation], Meta(max_length=20_000)]
    deleted_conversations: Annotated[list[Id], Meta(max_length=20_000)] = []


def read_archive(data: bytes) -> Archive:
    """Return the content of an export file; raises InvalidInput for an invalid one."""
    value = parse(data, N_("The file"))
    try:
        archive = msgspec.convert(value, Archive)
        for conversation in archive.conversations:
            msgspec.convert(conversation.messages, list[Message])
        _check(archive)
    except (msgspec.ValidationError, InvalidInput) as error:
        why = error.args[0] if isinstance(error, InvalidInput) else f"{str(error).rstrip('.')}."
        no_export = lazy_gettext("The file is no export from here. %(why)s", why=why)
        raise InvalidInput(no_export, "file") from None
    return archive


def _check(archive: Archive) -> None:
    """Raise InvalidInput for what is well formed and contradicts itself or the calendar."""
    profile, stats = archive.account, archive.stats
    clock = check_clock(profile.timezone, profile.day_start)
    # Older versions took a name of which nothing can be seen: the account keeps its own.
    unseen = profile.name.strip() and not visible(profile.name)
    profile.name = "" if unseen else check_name(profile.name)
    _check_moments(archive)
    _check_days(archive, user_day(clock, datetime.now(UTC)))
    _check_unique(archive.days, N_("a day"))
    _check_unique((milliseconds(mood.timestamp) for mood in archive.moods), N_("a mood"))
    _check_unique((item.chat_id for item in archive.conversations), N_("a conversation"))
    if stats.streak > stats.longest_streak:
        raise InvalidInput("It holds a streak longer than the longest one.")


def _check_moments(archive: Archive) -> None:
    moments = [archive.account.created]
    moments += [mood.timestamp for mood in archive.moods]
    moments += [conversation.saved_at for conversation in archive.conversations]
    moments += [item.first_saved_at for item in archive.conversations if item.first_saved_at]
    moments += [recent.timestamp for recent in archive.stats.recent_conversations]
    for item in archive.conversations:
        if item.first_saved_at and item.first_saved_at > item.saved_at:
            raise InvalidInput("It holds a conversation saved before it was saved first.")
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
        raise InvalidInput(lazy_gettext("It holds %(what)s twice.", what=what))
