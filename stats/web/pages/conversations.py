"""The pages of saved conversations: list with search, one conversation, deletion."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats import conversations
from stats.conversation_search import matching_tags, search_conversations
from stats.lib.normalisation import visible
from stats.lib.text import clean
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_user, limited
from stats.web.runtime import db
from stats.web.templating.formatting import ConversationView
from stats.web.templating.markdown import MarkdownPage
from stats.web.templating.translation import _

bp = Blueprint("conversations", __name__, url_prefix="/conversations")

QUERY_LENGTH = 200
PAGE_SIZE, MAX_PAGES = 30, 10_000


@bp.get("")
@limited(600, HOUR, by=by_user, method="GET")
def page() -> ResponseReturnValue:
    """List the conversations, newest first, or those that contain the words in `q`."""
    query = visible(clean(request.args.get("q", ""), "q", max_length=QUERY_LENGTH))
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= MAX_PAGES:
        abort(404)
    skip = (number - 1) * PAGE_SIZE
    results, total = search_conversations(db(), current_user.id, query, limit=PAGE_SIZE, skip=skip)
    if number > 1 and not results:
        return _last_page(query, total)
    conversations = [
        (ConversationView(result, current_dashboard()), matching_tags(result, query))
        for result in results
    ]
    return render_template(
        "conversations/list.html",
        q=query,
        query_length=QUERY_LENGTH,
        conversations=conversations,
        page=number,
        total=total,
        has_more=total > skip + PAGE_SIZE,
    )


def _last_page(query: str, total: int) -> ResponseReturnValue:
    """Go to the last page that has something: one behind it may have been emptied by a deletion."""
    last = -(-total // PAGE_SIZE)
    page = last if last > 1 else None
    return redirect(url_for("conversations.page", q=query or None, page=page))


@bp.get("/<chat_id>")
def one(chat_id: str) -> ResponseReturnValue:
    """Show one conversation."""
    chat = conversations.get_conversation(db(), current_user.id, chat_id)
    return render_template(
        "conversations/detail.html",
        conversation=ConversationView(chat, current_dashboard()),
        markdown=MarkdownPage(),
    )


@bp.post("/<chat_id>/delete")
@repeatable
def delete(chat_id: str) -> ResponseReturnValue:
    """Delete one conversation; the count stays."""
    conversations.delete_conversation(db(), current_user.id, chat_id)
    flash(_("The conversation is deleted."))
    return redirect(url_for("conversations.page"), 303)
