"""Restoring an export: written into an empty account in one step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from operator import attrgetter

from stats.conversations import Conversation, pack
from stats.errors import InvalidInput, UserNotFound
from stats.export.archive_format import Archive, ArchivedConversation, ArchivedRecent
from stats.lib.messages import N_
from stats.lib.timestamps import iso, milliseconds
from stats.moods.entries import ID_FACTOR
from stats.moods.scores import to_tenths
from stats.snapshot import NO_STATS, Counts
from stats.store.client import Db
from stats.store.keys import RESTORE_KINDS, user_keys
from stats.store.scripts import run
from stats.user_stats import recent_line

NOT_EMPTY = N_(
    "There are moods or conversations here already. Only an empty account can take a file."
)

Flat = list[str | int]


def restore(
    db: Db,
    user_id: str,
    archive: Archive,
    *,
    create_day: str = "",
    account: Mapping[str, str | int] | None = None,
    sessions: Mapping[str, str] | None = None,
) -> None:
    """Write what an archive holds into an account without moods and conversations, in one step.

    `create_day` makes the stats of an unseen user; `account` and `sessions` are written along.
    Plan, payments, e-mail and password stay. Raises InvalidInput, with nothing written, if the
    account is not empty, and UserNotFound.
    """
    lists = (
        _figures(archive),
        _flat({**_profile(archive), **(account or {})}.items()),
        _flat((sessions or {}).items()),
        [_digits(day) for day in sorted(archive.days)],
        *_moods(archive),
        *_conversations(archive.conversations),
        archive.deleted_conversations,
        _first_saved(archive.conversations),
    )
    arguments = [part for items in lists for part in (len(items), *items)]
    last_day = archive.stats.last_login
    last = "" if last_day is None else last_day.isoformat()
    reply = run(
        db, "export/restore_user", user_keys(user_id, RESTORE_KINDS), create_day, last, *arguments
    )
    if reply is None:
        raise UserNotFound(NO_STATS)
    if not reply:
        raise InvalidInput(NOT_EMPTY, "file")


def _flat(pairs: Iterable[tuple[str | int, str | int]]) -> Flat:
    return [part for pair in pairs for part in pair]


def _digits(day: date) -> str:
    return day.strftime("%Y%m%d")


def _figures(archive: Archive) -> Flat:
    stats, profile = archive.stats, archive.account
    counts = {each.name: getattr(stats, each.name) for each in fields(Counts)}
    stored = {
        **{name: str(value) for name, value in counts.items() if value is not None},
        "recent_conversations": _recent(stats.recent_conversations),
        "timezone": profile.timezone,
        "day_start": str(profile.day_start),
    }
    return _flat(stored.items())


def _recent(conversations: Sequence[ArchivedRecent]) -> str:
    newest = sorted(conversations, key=attrgetter("timestamp"), reverse=True)
    lines = [recent_line(iso(item.timestamp), item.summary, item.chat_id) for item in newest]
    return f"[{','.join(lines)}]"


def _profile(archive: Archive) -> dict[str, str | int]:
    profile = archive.account
    return {
        **({"name": profile.name} if profile.name else {}),
        "created": int(profile.created.timestamp()),
        "theme": profile.theme,
        "live": int(profile.live),
    }


def _moods(archive: Archive) -> tuple[Flat, Flat]:
    """Return the entries, oldest first, and their notes by entry."""
    moods = [(milliseconds(mood.timestamp), mood) for mood in archive.moods]
    entries = sorted(at * ID_FACTOR + to_tenths(mood.score) for at, mood in moods)
    return [*entries], _flat((at, mood.note) for at, mood in moods if mood.note)


def _conversations(conversations: Sequence[ArchivedConversation]) -> tuple[Flat, Flat, Flat]:
    """Return the chats' places in time, their heads and their messages."""
    packed = [(conversation, *pack(_conversation(conversation))) for conversation in conversations]
    return (
        _flat(_places(conversations)),
        _flat((conversation.chat_id, head) for conversation, head, _ in packed),
        _flat((conversation.chat_id, body) for conversation, _, body in packed),
    )


def _first_saved(conversations: Sequence[ArchivedConversation]) -> Flat:
    """Return the times at which those were first saved that were saved again, and their ids."""
    return _flat(
        (milliseconds(conversation.first_saved_at), conversation.chat_id)
        for conversation in conversations
        if conversation.first_saved_at
    )


def _places(conversations: Sequence[ArchivedConversation]) -> Iterator[tuple[str, str]]:
    """Yield time and id of chats, newest first; those of one millisecond keep their order."""
    taken: Counter[int] = Counter()
    oldest_first = list(reversed(conversations))
    oldest_first.sort(key=attrgetter("saved_at"))
    for conversation in oldest_first:
        at = milliseconds(conversation.saved_at)
        yield str(at + taken[at] / 1000), conversation.chat_id
        taken[at] += 1


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
