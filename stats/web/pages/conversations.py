"""Saved conversations: the list with its search, one of them, and letting one go."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats import conversations
from stats.conversations import search_conversations
from stats.lib.text import clean
from stats.web.http.current_user import board
from stats.web.runtime import db
from stats.web.templating.formatting import ChatView
from stats.web.templating.translation import _

bp = Blueprint("conversations", __name__, url_prefix="/conversations")

QUERY_LENGTH = 200
PAGE, MOST_PAGES = 30, 10_000


@bp.get("")
def page() -> ResponseReturnValue:
    """List the conversations, newest first, or those that hold the words looked for."""
    words = clean(request.args.get("q", ""), "q", most=QUERY_LENGTH)
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= MOST_PAGES:
        abort(404)
    skip = (number - 1) * PAGE
    found, more = search_conversations(db(), current_user.id, words, most=PAGE, skip=skip)
    chats = [ChatView(chat, board()) for chat in found]
    return render_template(
        "conversations/list.html", q=words, conversations=chats, page=number, has_more=more
    )


@bp.get("/<chat_id>")
def one(chat_id: str) -> ResponseReturnValue:
    """Show one conversation."""
    chat = conversations.get_conversation(db(), current_user.id, chat_id)
    return render_template("conversations/detail.html", conversation=ChatView(chat, board()))


@bp.post("/<chat_id>/delete")
def delete(chat_id: str) -> ResponseReturnValue:
    """Delete one conversation; the count stays."""
    conversations.delete_conversation(db(), current_user.id, chat_id)
    flash(_("The conversation is deleted."))
    return redirect(url_for("conversations.page"), 303)
