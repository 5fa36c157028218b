"""Reading an export file: checked piece by piece, so that its size costs no memory."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO, Generic, Literal, TypeVar

import msgspec

from stats.accounts.profile import check_name
from stats.activity.clock import check_clock
from stats.errors import InvalidInput
from stats.export.archive_format import (
    Archive,
    ArchivedConversation,
    ArchivedMood,
    ArchivedProfile,
    ArchivedStats,
    Id,
    Message,
)
from stats.lib.json_pieces import Piece, read_items, read_pieces
from stats.lib.messages import N_, lazy_gettext
from stats.lib.normalisation import visible
from stats.lib.strict_json import parse
from stats.lib.timestamps import EPOCH
from stats.moods.entries import CLOCK_SKEW, EARLIEST
from stats.moods.tags import clean_mood_tags
from stats.snapshot import Counts

Value = TypeVar("Value")
# Nobody counts so far, and what is saved after an import must still fit into a count.
MAX_ARCHIVED_COUNT = 1_000_000_000
# How far the earliest time zone is ahead of UTC (Pacific/Kiritimati).
FURTHEST_AHEAD = timedelta(hours=14)
VALUES: dict[str, Any] = {
    "format": Literal["aira-stats-1"],
    "account": ArchivedProfile,
    "stats": ArchivedStats,
}
ITEMS: dict[str, Any] = {
    "days": date,
    "moods": ArchivedMood,
    "conversations": ArchivedConversation,
    "deleted_conversations": Id,
}
# The first exports had no such member.
OPTIONAL: dict[str, Any] = {"deleted_conversations": ()}


@dataclass(frozen=True, slots=True)
class FileItems(Generic[Value]):
    """An array in a file, whose items are read anew each time they are iterated."""

    file: BinaryIO
    offset: int
    kind: Any

    def __iter__(self) -> Iterator[Value]:
        """Yield the items, which have been checked before."""
        return (_decode(raw, self.kind) for raw in read_items(self.file, self.offset))


def read_archive(file: BinaryIO) -> Archive:
    """Return the content of an export file once all of it has been checked.

    Moods and conversations are read from the file again when they are iterated. Raises
    InvalidInput for an invalid file.
    """
    latest, members = datetime.now(UTC) + CLOCK_SKEW, dict(OPTIONAL)
    for piece in read_pieces(file, ITEMS):
        if piece.is_item:
            _check_item(piece, latest)
        elif piece.name in ITEMS:
            _convert(piece, list[Any])
            members[piece.name] = FileItems(file, piece.offset, ITEMS[piece.name])
        else:
            members[piece.name] = _convert(piece, VALUES.get(piece.name, Any))
    if missing := next((name for name in (*VALUES, *ITEMS) if name not in members), ""):
        raise _no_export(f"Object missing required field `{missing}`.")
    return _archive(members, latest)


def _archive(members: dict[str, Any], latest: datetime) -> Archive:
    archive = Archive(
        account=members["account"],
        stats=members["stats"],
        days=frozenset(members["days"]),
        moods=members["moods"],
        conversations=members["conversations"],
        deleted_conversations=members["deleted_conversations"],
    )
    try:
        _check_profile(archive.account, latest)
        _check_stats(archive.stats, archive.days, latest)
    except InvalidInput as error:
        raise _no_export(error.args[0]) from None
    return archive


def _no_export(why: str) -> InvalidInput:
    return InvalidInput(lazy_gettext("The file is no export from here. %(why)s", why=why), "file")


def _decode(raw: bytes, kind: Any) -> Any:
    return msgspec.convert(parse(raw, N_("The file")), kind)


def _convert(piece: Piece, kind: Any) -> Any:
    """Return a piece as its type, or raise InvalidInput."""
    try:
        return _decode(piece.raw, kind)
    except msgspec.ValidationError as error:
        raise _no_export(f"{piece.name}: {str(error).rstrip('.')}.") from None


def _check_item(piece: Piece, latest: datetime) -> None:
    """Raise InvalidInput for an item that is not what its array holds."""
    item = _convert(piece, ITEMS[piece.name])
    try:
        if isinstance(item, date):
            _check_days([item], latest)
        elif isinstance(item, ArchivedMood):
            _check_moments([item.timestamp], latest)
            clean_mood_tags(item.tags)
        elif isinstance(item, ArchivedConversation):
            msgspec.convert(item.messages, list[Message])
            _check_saved(item, latest)
    except msgspec.ValidationError as error:
        raise _no_export(f"messages: {str(error).rstrip('.')}.") from None
    except InvalidInput as error:
        raise _no_export(error.args[0]) from None


def _check_saved(conversation: ArchivedConversation, latest: datetime) -> None:
    first = conversation.first_saved_at or conversation.saved_at
    _check_moments([first, conversation.saved_at], latest)
    if first > conversation.saved_at:
        raise InvalidInput("It holds a conversation saved before it was saved first.")


def _check_profile(profile: ArchivedProfile, latest: datetime) -> None:
    """Raise InvalidInput for what no account can have; make of a time that means none, none."""
    check_clock(profile.timezone, profile.day_start)
    for clock in profile.earlier_clocks:
        check_clock(clock.timezone, clock.day_start)
    ends = [clock.until for clock in profile.earlier_clocks]
    _check_moments(ends, latest)
    if ends != sorted(ends):
        raise InvalidInput("It holds time zones that are not in the order of time.")
    if profile.name is not None:
        profile.name = _check_name(profile.name)
    # Of a user without an account older exports say that it was made in 1970.
    if profile.created == EPOCH:
        profile.created = None
    if profile.created:
        _check_moments([profile.created], latest)


def _check_name(name: str) -> str | None:
    """Return a name, None for one of which nothing can be seen: older versions took such names."""
    return None if name.strip() and not visible(name) else check_name(name)


def _check_stats(stats: ArchivedStats, days: frozenset[date], latest: datetime) -> None:
    _check_moments([recent.timestamp for recent in stats.recent_conversations], latest)
    _check_days([day for day in (stats.last_login, stats.forgiven) if day], latest)
    latest_day = max((*days, *([stats.forgiven] if stats.forgiven else [])), default=None)
    if latest_day and (stats.last_login is None or latest_day > stats.last_login):
        raise InvalidInput("It holds a day after the last one.")
    if stats.streak > stats.longest_streak:
        raise InvalidInput("It holds a streak longer than the longest one.")
    counts = (getattr(stats, each.name) for each in fields(Counts))
    if any(isinstance(count, int) and count > MAX_ARCHIVED_COUNT for count in counts):
        raise InvalidInput("It holds a count that nobody reaches.")


def _check_moments(moments: list[datetime], latest: datetime) -> None:
    if not all(EARLIEST <= moment <= latest for moment in moments):
        raise InvalidInput("It holds a time in the future or before this century.")


def _check_days(days: list[date], latest: datetime) -> None:
    """Raise InvalidInput for a day that has not begun anywhere on Earth."""
    today = (latest + FURTHEST_AHEAD).date()
    if not all(EARLIEST.date() <= day <= today for day in days):
        raise InvalidInput("It holds a day in the future or before this century.")
