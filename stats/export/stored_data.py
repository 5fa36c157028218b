"""All that is stored about a user, read at one moment; the messages follow in pieces."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stats.accounts import login_history
from stats.accounts.sessions import Session
from stats.conversations import Conversation, unpack
from stats.errors import UserNotFound
from stats.lib.text import as_text
from stats.lib.timestamps import iso_ms
from stats.moods.entries import MoodEntry, read_entry
from stats.snapshot import NO_STATS, Snapshot
from stats.store.client import Db
from stats.store.keys import EXPORT_KINDS, user_key, user_keys
from stats.store.scripts import run

# How many conversations are read at once.
BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class StoredUser:
    """All that is stored about a user but the messages; entries and conversations newest first."""

    user_id: str
    snapshot: Snapshot
    days: list[str]
    account: dict[str, str]
    sessions: list[Session]
    moods: list[MoodEntry]
    conversations: list[Conversation]
    deleted: list[str]
    operations: dict[str, str]
    billing: dict[str, str]
    events: dict[str, str]
    customers: list[str]
    practice: str
    log: login_history.LoginHistory

    @classmethod
    def read(
        cls, user_id: str, reply: Sequence[Any], log: login_history.LoginHistory
    ) -> "StoredUser":
        """Read the script's reply."""
        notes, heads, tags = (dict(_pairs(reply[place])) for place in (4, 6, 14))
        first_saved = dict(_pairs(reply[13]))
        return cls(
            user_id=user_id,
            snapshot=Snapshot.read(reply[15:]),
            days=[_day(as_text(day)) for day in reply[0]],
            account=dict(_pairs(reply[1])),
            sessions=[Session.read(session) for _, session in _pairs(reply[2])],
            moods=[_entry(value, notes, tags) for value in reversed(reply[3])],
            conversations=[
                unpack(chat_id, heads[chat_id], None, _first(first_saved, chat_id))
                for chat_id, _ in _pairs(reply[5])
            ],
            deleted=sorted(map(as_text, reply[7])),
            operations=dict(_pairs(reply[8])),
            billing=dict(_pairs(reply[9])),
            events=dict(_pairs(reply[10])),
            customers=sorted(map(as_text, reply[11])),
            practice=as_text(reply[12] or "[]"),
            log=log,
        )


def _pairs(flat: Sequence[Any]) -> Iterator[tuple[str, str]]:
    texts = [as_text(item) for item in flat]
    return zip(texts[::2], texts[1::2], strict=True)


def _day(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _first(first_saved: Mapping[str, str], chat_id: str) -> str | None:
    return iso_ms(int(float(first_saved[chat_id]))) if chat_id in first_saved else None


def _entry(value: Any, notes: Mapping[str, str], tags: Mapping[str, str]) -> MoodEntry:
    entry_id = str(read_entry(value).id)
    return read_entry(value, notes.get(entry_id), tags.get(entry_id))


def read_stored_user(db: Db, user_id: str) -> StoredUser:
    """Return all that is stored about a user but the messages; raises UserNotFound."""
    reply = run(db, "export/read_user", user_keys(user_id, EXPORT_KINDS))
    if reply is None:
        raise UserNotFound(NO_STATS)
    return StoredUser.read(user_id, reply, login_history.read_history(db, user_id))


def read_messages(
    db: Db, user_id: str, conversations: Sequence[Conversation]
) -> Iterator[Conversation]:
    """Yield conversations with their messages; one that was deleted meanwhile is left out.

    They are read in pieces, so that nobody else waits for a large export, nor is it in memory.
    """
    for start in range(0, len(conversations), BATCH_SIZE):
        batch = conversations[start : start + BATCH_SIZE]
        chat_ids = [conversation.chat_id for conversation in batch]
        bodies: Any = db.hmget(user_key(user_id, "bodies"), chat_ids)
        for conversation, body in zip(batch, bodies, strict=True):
            if body is not None:
                yield replace(conversation, messages=tuple(json.loads(body)))
