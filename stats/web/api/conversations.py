"""Saving, reading and deleting conversations."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from stats import conversations
from stats.conversation_pages import Place, page_after
from stats.conversations import Conversation
from stats.lib.text import ID_PATTERN
from stats.web.api import query
from stats.web.api.authorisation import Subject, authorise, check_credentials
from stats.web.api.blueprint import bp
from stats.web.api.cursors import cursor_parameter, encode, is_paged, read_cursor
from stats.web.api.idempotency import idempotency_key
from stats.web.api.models import examples
from stats.web.api.models.request_models import ChatBody, read_json, require_empty_body
from stats.web.api.models.response_models import Chats, Done, Saved, WholeChat
from stats.web.api.models.validation import convert
from stats.web.api.parameters import IDEMPOTENCY_KEY, documented_for_user, whole_number
from stats.web.runtime import db

MAX_CHATS = 1000
# What an example of a cursor stands after.
FIRST = Place("1773343864120", "chat-7")


@bp.post("/chat/save")
@documented_for_user(
    "Save a conversation",
    description="Saving one `chatId` again updates it and counts once. `userId` may stand in "
    "the body instead.",
    parameters=[IDEMPOTENCY_KEY],
    body=ChatBody,
    body_example=examples.CHAT_BODY,
    response=Saved,
    response_example=examples.CHAT_SAVED,
)
def save_chat() -> ResponseReturnValue:
    """Save a conversation; one chatId counts once."""
    check_credentials()
    value = read_json()
    subject = authorise(value.get("userId") if isinstance(value, Mapping) else None)
    conversation = _save(subject, convert(value, ChatBody), value["messages"])
    return jsonify(success=True, tags=conversation.tags, **_summary(conversation))


def _save(subject: Subject, body: ChatBody, messages: list[Any]) -> Conversation:
    conversation, _ = conversations.save_conversation(
        db(),
        subject.user_id,
        messages,
        chat_id=body.chat_id,
        title=body.title,
        summary=body.summary,
        tags=body.tags,
        key=idempotency_key(),
        create_day=subject.create_day,
    )
    return conversation


def _summary(conversation: Conversation) -> dict[str, Any]:
    return {
        "chatId": conversation.chat_id,
        "title": conversation.title,
        "messageCount": conversation.message_count,
        "savedAt": conversation.saved_at,
    }


@bp.get("/chat")
@documented_for_user(
    "The saved conversations",
    description="Newest first: all, or with `limit` a page, and `nextCursor` where more follow.",
    parameters=[whole_number("limit", None, MAX_CHATS), cursor_parameter(encode(*FIRST))],
    response=Chats,
    response_example=examples.CHATS,
)
def list_chats() -> ResponseReturnValue:
    """Answer the saved conversations, newest first: all, or a page after a cursor."""
    user_id = authorise().user_id
    limit = query.whole_number("limit", conversations.MAX_LISTED, MAX_CHATS)
    parts = read_cursor(rf"[0-9]{{1,15}}(\.[0-9]{{1,9}})? {ID_PATTERN}")
    saved, last = page_after(db(), user_id, limit=limit, after=Place(*parts) if parts else None)
    page = {"nextCursor": encode(*last)} if last and is_paged() else {}
    return jsonify(success=True, chats=[_summary(item) for item in saved], **page)


@bp.get("/chat/<chat_id>")
@documented_for_user(
    "One conversation",
    response=WholeChat,
    response_example=examples.WHOLE_CHAT,
)
def read_chat(chat_id: str) -> ResponseReturnValue:
    """Answer one conversation with its messages."""
    conversation = conversations.get_conversation(db(), authorise().user_id, chat_id)
    return jsonify(
        success=True,
        **_summary(conversation),
        summary=conversation.summary,
        tags=conversation.tags,
        messages=conversation.messages,
    )


@bp.delete("/chat/<chat_id>")
@documented_for_user(
    "Delete a conversation",
    description="The count of conversations stays.",
    response=Done,
    response_example=examples.CHAT_DELETED,
)
def delete_chat(chat_id: str) -> ResponseReturnValue:
    """Delete one conversation; the count stays."""
    subject = authorise()
    require_empty_body()
    conversations.delete_conversation(db(), subject.user_id, chat_id)
    return jsonify(success=True, message="The conversation is deleted.")
