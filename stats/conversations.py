"""Saved conversations. One step saves one, counts it and lists it among the recent ones."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stats.activity.clock import day_ends
from stats.errors import InvalidInput, NotFound, UserNotFound
from stats.lib.normalisation import visible
from stats.lib.tags import check_tag
from stats.lib.text import as_text, check_id, clean, clean_json, cut
from stats.lib.timestamps import iso_ms, milliseconds, moment, now_ms
from stats.snapshot import NO_STATS, Snapshot
from stats.store.client import Db
from stats.store.keys import CONVERSATION_KINDS, user_keys
from stats.store.operations import operation, operation_id
from stats.store.scripts import run
from stats.user_stats import SUMMARY_LENGTH, recent_line

DEFAULT_LIMIT = 100
TITLE_LENGTH, TAG_LENGTH = 1000, 50
# Browsers take these out of an address (https://url.spec.whatwg.org/#single-dot-path-segment), so
# that a conversation of that id would have no page.
DOT_SEGMENTS = (".", "..")
MAX_LISTED = 100_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """A saved conversation; `messages` is None when only the list entry was read.

    `first_saved_at` is when it was saved first, None where that was not read.
    """

    chat_id: str
    title: str
    summary: str
    message_count: int
    tags: tuple[str, ...]
    saved_at: str
    messages: tuple[Mapping[str, Any], ...] | None = None
    first_saved_at: str | None = None


def save_conversation(
    db: Db,
    user_id: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    chat_id: str | None = None,
    title: str | None = None,
    summary: str | None = None,
    tags: Sequence[str] = (),
    key: str = "",
    create_day: str = "",
) -> tuple[Conversation, Snapshot]:
    """Save a conversation in one step; return it as it stands, and the stats.

    One `chat_id` counts once, however often it is saved: saving it again replaces it. Without
    one, an id is made: the same one for the same idempotency `key`. A `key` that was used before
    changes nothing. `create_day` makes the stats of an unseen user. Raises UserNotFound,
    OperationReused and InvalidInput, also where none of the messages says anything.
    """
    content = {"chatId": chat_id, "title": title, "summary": summary, "tags": tags}
    chat_id = _new_id(key) if chat_id is None else _check_new_id(chat_id)
    now = now_ms()
    conversation = _conversation(chat_id, messages, title, summary, tags, iso_ms(now))
    arguments = (
        *(create_day, _operation(key, chat_id, {**content, "messages": messages}), chat_id, now),
        *(recent_line(conversation.saved_at, conversation.summary, chat_id),),
        *pack(conversation),
    )
    keys = user_keys(user_id, CONVERSATION_KINDS)
    reply = run(db, "conversations/save", keys, *arguments, 0)
    if reply is not None and reply[0] == 0:
        # The day that the last count was for is over: only Python knows when today ends.
        ends = day_ends(Snapshot.read(reply[1:]).clock, moment(now))
        reply = run(db, "conversations/save", keys, *arguments, ends)
    if reply is None:
        raise UserNotFound(NO_STATS)
    stored = unpack(chat_id, reply[0]) if reply[0] else conversation
    return stored, Snapshot.read(reply[1:])


def _new_id(key: str) -> str:
    if key:
        return "k" + hashlib.blake2s(key.encode(), digest_size=12).hexdigest()
    return secrets.token_hex(12)


def _operation(key: str, chat_id: str, content: Mapping[str, Any]) -> str:
    # Older versions took the conversation's id for a part of the key.
    return operation("save", key, content, before=operation_id(f"save:{chat_id}", key))


def _check_new_id(chat_id: str) -> str:
    if check_id(chat_id, "chatId") in DOT_SEGMENTS:
        raise InvalidInput("chatId must be neither . nor .. alone.", "chatId")
    return chat_id


def _conversation(
    chat_id: str,
    messages: Sequence[Mapping[str, Any]],
    title: str | None,
    summary: str | None,
    tags: Sequence[str],
    saved_at: str,
) -> Conversation:
    messages = _check_messages(messages)
    title = visible(clean(title or "", "title", max_length=TITLE_LENGTH))
    summary = visible(clean(summary or "", "summary"))
    count = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    return Conversation(
        chat_id=chat_id,
        title=title or visible(cut(summary, 80)) or f"Conversation of {count}",
        summary=cut(summary or title or f"Conversation of {count}", SUMMARY_LENGTH),
        message_count=len(messages),
        tags=tuple(check_tag(tag, TAG_LENGTH) for tag in tags),
        saved_at=saved_at,
        messages=tuple(messages),
    )


def _check_messages(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    checked = [clean_json(message, "messages") for message in messages]
    if not any(_says_something(message.get("content")) for message in checked):
        raise InvalidInput(
            "messages must hold at least one with content that can be seen.", "messages"
        )
    return checked


def _says_something(content: Any) -> bool:
    """Return whether a message's content, text or a list of parts, is not empty."""
    return bool(visible(content) if isinstance(content, str) else content)


def _head(conversation: Conversation) -> str:
    return _json(
        {
            "timestamp": conversation.saved_at,
            "summary": conversation.summary,
            "title": conversation.title,
            "count": conversation.message_count,
            "tags": conversation.tags,
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pack(conversation: Conversation) -> tuple[str, str]:
    """Return what is stored of a conversation: its head and its messages, both as JSON."""
    return _head(conversation), _json(conversation.messages)


def unpack(
    chat_id: str, head: Any, body: Any = None, first_saved_at: str | None = None
) -> Conversation:
    """Return a conversation as it was packed, without its messages if they were not read."""
    stored = json.loads(head)
    return Conversation(
        chat_id=chat_id,
        title=stored["title"],
        summary=stored["summary"],
        message_count=stored["count"],
        tags=tuple(stored["tags"]),
        saved_at=stored["timestamp"],
        messages=None if body is None else tuple(json.loads(body)),
        first_saved_at=first_saved_at,
    )


def list_conversations(db: Db, user_id: str, *, limit: int = DEFAULT_LIMIT) -> list[Conversation]:
    """Return up to `limit` conversations, those saved last first, without their messages."""
    return page_of_conversations(db, user_id, limit=limit)[0]


def page_of_conversations(
    db: Db, user_id: str, *, limit: int, skip: int = 0
) -> tuple[list[Conversation], int]:
    """Return up to `limit` conversations, those saved last first, and how many there are in all.

    The first `skip` are left out; messages are not read.
    """
    keys = user_keys(user_id, CONVERSATION_KINDS)
    ids, heads, total = run(db, "conversations/list", keys, limit, skip)
    listed = [unpack(as_text(chat_id), head) for chat_id, head in zip(ids, heads, strict=True)]
    return listed, int(total)


def conversations_between(
    db: Db, user_id: str, since: datetime, before: datetime
) -> list[Conversation]:
    """Return those first saved from an aware moment on and before another, newest first.

    However often one is saved again, it was on the day of its first time.
    """
    keys, bounds = user_keys(user_id, CONVERSATION_KINDS), map(milliseconds, (since, before))
    reply = run(db, "conversations/list_first_saved", keys, *bounds)
    rows = sorted(zip(*reply, strict=True), key=lambda row: float(row[2]), reverse=True)
    return [
        unpack(as_text(chat_id), head, first_saved_at=iso_ms(int(float(time))))
        for chat_id, head, time in rows
    ]


def get_conversation(db: Db, user_id: str, chat_id: str) -> Conversation:
    """Return one conversation with its messages; raises NotFound."""
    keys = user_keys(user_id, CONVERSATION_KINDS)
    head, body = run(db, "conversations/read", keys, check_id(chat_id, "chatId"))
    if head is None:
        raise NotFound("There is no such conversation.")
    return unpack(chat_id, head, body)


def delete_conversation(db: Db, user_id: str, chat_id: str) -> Snapshot:
    """Delete one conversation, from the recent ones too; the count stays.

    The next one saved before takes its place among the recent. Raises NotFound.
    """
    keys = user_keys(user_id, CONVERSATION_KINDS)
    reply = run(db, "conversations/delete", keys, check_id(chat_id, "chatId"))
    if reply is None:
        raise NotFound("There is no such conversation.")
    return Snapshot.read(reply)
