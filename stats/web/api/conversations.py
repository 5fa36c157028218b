"""Saving, reading and deleting conversations."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from stats import conversations
from stats.conversations import Conversation
from stats.web.api import examples
from stats.web.api.authorisation import Subject, authorise, check_credentials
from stats.web.api.blueprint import bp
from stats.web.api.idempotency import idempotency_key
from stats.web.api.parameters import IDEMPOTENCY_KEY, USER_ID
from stats.web.api.request_models import ChatBody, convert, no_fields, read_json
from stats.web.api.response_models import Chats, Done, Saved, WholeChat
from stats.web.http.documented import SERVICE_KEY_OR_SESSION, documented
from stats.web.runtime import db


@bp.post("/chat/save")
@documented(
    "Save a conversation",
    description="Saving one `chatId` again updates it and counts once. `userId` may stand in "
    "the body instead.",
    security=SERVICE_KEY_OR_SESSION,
    parameters=[USER_ID, IDEMPOTENCY_KEY],
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
    return jsonify(success=True, tags=conversation.tags, **_listed(conversation))


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


def _listed(conversation: Conversation) -> dict[str, Any]:
    return {
        "chatId": conversation.chat_id,
        "title": conversation.title,
        "messageCount": conversation.message_count,
        "savedAt": conversation.saved_at,
    }


@bp.get("/chat")
@documented(
    "The saved conversations",
    security=SERVICE_KEY_OR_SESSION,
    parameters=[USER_ID],
    response=Chats,
    response_example=examples.CHATS,
)
def list_chats() -> ResponseReturnValue:
    """Answer the saved conversations, newest first."""
    user_id = authorise().user_id
    listed = conversations.list_conversations(db(), user_id, limit=conversations.MAX_SEARCHED)
    return jsonify(success=True, chats=[_listed(conversation) for conversation in listed])


@bp.get("/chat/<chat_id>")
@documented(
    "One conversation",
    security=SERVICE_KEY_OR_SESSION,
    parameters=[USER_ID],
    response=WholeChat,
    response_example=examples.WHOLE_CHAT,
)
def read_chat(chat_id: str) -> ResponseReturnValue:
    """Answer one conversation with its messages."""
    conversation = conversations.get_conversation(db(), authorise().user_id, chat_id)
    return jsonify(
        success=True,
        **_listed(conversation),
        summary=conversation.summary,
        tags=conversation.tags,
        messages=conversation.messages,
    )


@bp.delete("/chat/<chat_id>")
@documented(
    "Delete a conversation",
    description="The count of conversations stays.",
    security=SERVICE_KEY_OR_SESSION,
    parameters=[USER_ID],
    response=Done,
    response_example=examples.CHAT_DELETED,
)
def delete_chat(chat_id: str) -> ResponseReturnValue:
    """Delete one conversation; the count stays."""
    subject = authorise()
    no_fields()
    conversations.delete_conversation(db(), subject.user_id, chat_id)
    return jsonify(success=True, message="The conversation is deleted.")
