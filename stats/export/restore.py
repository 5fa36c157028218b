"""Restoring an export: what an account has already stays, what it lacks is added.

It is written in batches, so that nobody else waits for a large one. Merging the same again changes
nothing, so an import that was cut off is simply repeated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from stats.activity.calendar import EarlierClock, write_periods
from stats.activity.clock import Clock
from stats.conversations import Conversation, pack
from stats.errors import UserNotFound
from stats.export.archive_format import (
    Archive,
    ArchivedConversation,
    ArchivedMood,
    ArchivedProfile,
)
from stats.export.merge_counts import merge_counts
from stats.lib.timestamps import iso, milliseconds
from stats.moods.entries import ID_FACTOR
from stats.moods.scores import to_tenths
from stats.moods.tags import clean_mood_tags, write_tags
from stats.snapshot import NO_STATS
from stats.store.client import Db
from stats.store.keys import (
    BEGIN_RESTORE_KINDS,
    KNOWN_CONVERSATION_KINDS,
    MERGE_CONVERSATION_KINDS,
    MERGE_MOOD_KINDS,
    user_keys,
)
from stats.store.scripts import run

# How many entries, ids and conversations are written at once; of long conversations fewer.
MOOD_BATCH, ID_BATCH, CONVERSATION_BATCH = 1000, 1000, 20
LONG = 1 << 20

Item = TypeVar("Item")
Flat = list[str | int]
# Of a conversation: its id, when it was saved (ms), when first or "", its head and its messages.
Packed = tuple[str, int, int | str, str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import added to an account, and how many entries and conversations it had before."""

    conversations: int
    moods: int
    days: int
    known: int


def restore(
    db: Db,
    user_id: str,
    archive: Archive,
    *,
    create_day: str = "",
    account: Mapping[str, str | int] | None = None,
    sessions: Mapping[str, str] | None = None,
) -> Taken:
    """Add what an archive holds to what an account has; return what was added.

    `create_day` makes the stats of an unseen user; `account` and `sessions` are written along.
    Name, clock and preferences are taken where there are no moods and conversations yet. Plan,
    payments, e-mail and password stay. Raises UserNotFound, and InvalidInput if the archive's file
    has changed since it was read; what was written until then stays.
    """
    _begin(db, user_id, archive.account, create_day, account or {}, sessions or {})
    moods, known_moods = _merge_moods(db, user_id, archive.moods)
    conversations, known = _merge_conversations(db, user_id, archive.conversations)
    deleted = _merge_deleted(db, user_id, archive.deleted_conversations)
    days = merge_counts(db, user_id, archive, conversations + known + deleted)
    return Taken(conversations, moods, days, known_moods + known)


def _run(db: Db, user_id: str, script: str, kinds: Sequence[str], arguments: Flat) -> int:
    reply: Any = run(db, f"export/{script}", user_keys(user_id, kinds), *arguments)
    if reply is None:
        raise UserNotFound(NO_STATS)
    return int(reply)


def _begin(
    db: Db,
    user_id: str,
    profile: ArchivedProfile,
    create_day: str,
    account: Mapping[str, str | int],
    sessions: Mapping[str, str],
) -> None:
    fields = (_clocks(profile), _preferences(profile), account)
    lists = [_flat(pairs.items()) for pairs in fields]
    lists.append(_flat(sessions.items()))
    arguments = [part for items in lists for part in (len(items), *items)]
    _run(db, user_id, "begin_restore", BEGIN_RESTORE_KINDS, [create_day, *arguments])


def _clocks(profile: ArchivedProfile) -> dict[str, str | int]:
    earlier = write_periods(
        EarlierClock(milliseconds(period.until), Clock(period.timezone, period.day_start))
        for period in profile.earlier_clocks
    )
    stored: dict[str, str | int] = {"timezone": profile.timezone, "day_start": profile.day_start}
    return stored | {"clocks": earlier} if earlier else stored


def _preferences(profile: ArchivedProfile) -> dict[str, str | int]:
    stored: dict[str, str | int] = {"theme": profile.theme, "live": int(profile.live)}
    if profile.name is not None:
        stored["name"] = profile.name
    if profile.created is not None:
        stored["created"] = int(profile.created.timestamp())
    return stored


def _flat(rows: Iterable[tuple[str | int, ...]]) -> Flat:
    return [part for row in rows for part in row]


def _batches(items: Iterable[Item], count: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    return iter(lambda: list(islice(iterator, count)), [])


def _merge_moods(db: Db, user_id: str, moods: Iterable[ArchivedMood]) -> tuple[int, int]:
    """Write the entries that are missing; return how many, and how many were there."""
    added = total = 0
    for batch in _batches(moods, MOOD_BATCH):
        entries = _flat(sorted(map(_entry, batch)))
        added += _run(db, user_id, "merge_moods", MERGE_MOOD_KINDS, entries)
        total += len(batch)
    return added, total - added


def _entry(mood: ArchivedMood) -> tuple[int, str, str]:
    value = milliseconds(mood.timestamp) * ID_FACTOR + to_tenths(mood.score)
    return value, mood.note, write_tags(clean_mood_tags(mood.tags))


def _merge_conversations(
    db: Db, user_id: str, conversations: Iterable[ArchivedConversation]
) -> tuple[int, int]:
    """Save the conversations that are missing; return how many, and how many were there."""
    added = total = 0
    for batch in _conversation_batches(conversations):
        arguments = [part for packed in batch for part in packed]
        added += _run(db, user_id, "merge_conversations", MERGE_CONVERSATION_KINDS, arguments)
        total += len(batch)
    return added, total - added


def _conversation_batches(
    conversations: Iterable[ArchivedConversation],
) -> Iterator[list[Packed]]:
    batch: list[Packed] = []
    length = 0
    for conversation in conversations:
        head, body = pack(_conversation(conversation))
        batch.append((conversation.chat_id, *_times(conversation), head, body))
        length += len(body)
        if len(batch) == CONVERSATION_BATCH or length > LONG:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _times(conversation: ArchivedConversation) -> tuple[int, int | str]:
    first = conversation.first_saved_at
    return milliseconds(conversation.saved_at), "" if first is None else milliseconds(first)


def _conversation(conversation: ArchivedConversation) -> Conversation:
    return Conversation(
        chat_id=conversation.chat_id,
        title=conversation.title,
        summary=conversation.summary,
        message_count=len(conversation.messages),
        tags=tuple(conversation.tags),
        saved_at=iso(conversation.saved_at),
        messages=tuple(conversation.messages),
    )


def _merge_deleted(db: Db, user_id: str, chat_ids: Iterable[str]) -> int:
    """Count the deleted conversations that were never counted; return how many ids there are."""
    total = 0
    for batch in _batches(chat_ids, ID_BATCH):
        _run(db, user_id, "merge_deleted", KNOWN_CONVERSATION_KINDS, [*batch])
        total += len(batch)
    return total
