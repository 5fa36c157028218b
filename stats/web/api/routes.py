"""The JSON API. A login session sees its own data; a service key any user's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from stats import conversations
from stats.accounts import sign_in_links
from stats.accounts.deletion import close_account
from stats.accounts.log_in import find_user
from stats.activity.clock import user_day
from stats.activity.streak import record_login
from stats.conversations import Conversation
from stats.errors import InvalidInput, NotFound
from stats.lib.messages import N_
from stats.lib.text import check_id
from stats.lib.timestamps import iso
from stats.moods import entries as moods
from stats.snapshot import Snapshot
from stats.store.keys import operation_id
from stats.user_stats import grant_plan, open_stats
from stats.web.accounts.emails import link
from stats.web.api.authorisation import NOBODY, Subject, actor, credentials, service_only, subject
from stats.web.api.idempotency import idempotency_key
from stats.web.api.request_models import (
    ChatBody,
    MoodBody,
    PlanBody,
    convert,
    no_fields,
    read_body,
    read_json,
)
from stats.web.http.access import acts_by_session, public
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db, runtime
from stats.web.templating.translation import _

bp = Blueprint("api", __name__, url_prefix="/api")

MOST_MOODS, MOST_DAYS = 1000, 3660
# What somebody is called who came by a link and has not said yet.
NAMELESS = N_("friend")


def stats_of(asked: Subject) -> Snapshot:
    """Return the stats asked for: read with the session, or made for a service key."""
    if asked.service:
        return open_stats(db(), asked.user_id, create=bool(asked.create_day))
    snapshot: Snapshot = current_user.board.snapshot
    return snapshot


@bp.get("/dashboard")
def dashboard() -> ResponseReturnValue:
    """Answer the stats."""
    return jsonify(dashboard_reply(stats_of(subject())))


def dashboard_reply(snapshot: Snapshot) -> dict[str, Any]:
    """Return the answer for the stats as they stand now."""
    return {"success": True, "data": snapshot.stats().to_dict()}


@bp.patch("/mood")
@acts_by_session
def record_mood() -> ResponseReturnValue:
    """Record a mood."""
    asked = actor()
    try:
        body = read_body(MoodBody)
        snapshot = moods.record_mood(
            db(),
            asked.user_id,
            body.score,
            note=body.note,
            at=body.at,
            op=operation_id("mood", idempotency_key()),
            create_day=asked.create_day,
            session_id=asked.session_id,
        )
    except (InvalidInput, HTTPException):
        # What is wrong with a request is told to whom its answer would have been.
        if not asked.service and not current_user.is_authenticated:
            abort(401, NOBODY)
        raise
    if not asked.service:
        g.user_id = asked.user_id
    return _changed("The mood is saved.", snapshot)


def _changed(message: str, snapshot: Snapshot) -> dict[str, Any]:
    return {"success": True, "message": message, "data": snapshot.stats().to_dict()}


@bp.get("/mood")
def read_moods() -> ResponseReturnValue:
    """Answer the mood history, newest first, and what it amounts to."""
    asked = subject()
    limit, days = _number("limit", 30, MOST_MOODS), _number("days", 30, MOST_DAYS)
    since = datetime.now(UTC) - timedelta(days=days)
    entries = moods.read_moods(db(), asked.user_id, since=since)
    summary = moods.summarise(entries)
    return jsonify(
        success=True,
        history=[_entry(entry) for entry in entries[:limit]],
        stats={
            "average": summary.average,
            "highest": summary.highest,
            "lowest": summary.lowest,
            "trend": summary.trend,
            "totalEntries": summary.total,
        },
    )


def _entry(entry: moods.Entry) -> dict[str, Any]:
    shown = {"id": str(entry.id), "score": entry.score, "timestamp": iso(entry.at)}
    return {**shown, "note": entry.note} if entry.note else shown


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise InvalidInput(f"{name} must be a whole number from 1 to {most}.", name)
    return int(text)


@bp.patch("/plan")
def set_plan() -> ResponseReturnValue:
    """Set or remove an operator's grant."""
    service_only()
    asked, body = subject(), read_body(PlanBody)
    snapshot = grant_plan(
        db(),
        asked.user_id,
        body.plan,
        create=True,
        op=operation_id("plan", idempotency_key()),
    )
    event("plan.granted", asked.user_id, plan=body.plan)
    return _changed("The plan is set.", snapshot)


@bp.get("/entitlements")
def entitlements() -> ResponseReturnValue:
    """Answer what the plan gives, and how much of it was used today."""
    asked = subject()
    snapshot = open_stats(db(), asked.user_id, create=False) if asked.service else stats_of(asked)
    now = datetime.now(UTC)
    plan = snapshot.plan_at(now)
    return jsonify(
        success=True,
        plan=plan,
        limits={"daily_conversations": plan.daily_conversations},
        used={"daily_conversations": snapshot.used_on(now)},
    )


@bp.post("/login")
def login() -> ResponseReturnValue:
    """Count today as a day on which the user came to Aira."""
    service_only()
    asked = subject()
    no_fields()
    snapshot = stats_of(asked)
    today = user_day(snapshot.clock, datetime.now(UTC))
    if snapshot.last_day is None or snapshot.last_day < today:
        snapshot = Snapshot.read(record_login(db(), asked.user_id, today)[1])
    return _changed("The day is counted.", snapshot)


@bp.post("/chat/save")
def save_chat() -> ResponseReturnValue:
    """Save a conversation; one chatId counts once."""
    credentials()
    value = read_json()
    asked = subject(value.get("userId") if isinstance(value, Mapping) else None)
    body = convert(value, ChatBody)
    saved, _ = conversations.save_conversation(
        db(),
        asked.user_id,
        value["messages"],
        chat_id=body.chat_id,
        title=body.title,
        summary=body.summary,
        tags=body.tags,
        key=idempotency_key(),
        create_day=asked.create_day,
    )
    return jsonify(success=True, tags=saved.tags, **_listed(saved))


def _listed(saved: Conversation) -> dict[str, Any]:
    return {
        "chatId": saved.chat_id,
        "title": saved.title,
        "messageCount": saved.message_count,
        "savedAt": saved.saved_at,
    }


@bp.get("/chat")
def list_chats() -> ResponseReturnValue:
    """Answer the saved conversations, newest first."""
    found = conversations.list_conversations(db(), subject().user_id, most=conversations.SEARCHED)
    return jsonify(success=True, chats=[_listed(chat) for chat in found])


@bp.get("/chat/<chat_id>")
def read_chat(chat_id: str) -> ResponseReturnValue:
    """Answer one conversation with its messages."""
    found = conversations.get_conversation(db(), subject().user_id, chat_id)
    more = {"summary": found.summary, "tags": found.tags, "messages": found.messages}
    return jsonify(success=True, **_listed(found), **more)


@bp.delete("/chat/<chat_id>")
def delete_chat(chat_id: str) -> ResponseReturnValue:
    """Delete one conversation; the count stays."""
    asked = subject()
    no_fields()
    conversations.delete_conversation(db(), asked.user_id, chat_id)
    return jsonify(success=True, message="The conversation is deleted.")


@bp.get("/users")
def find() -> ResponseReturnValue:
    """Answer the user id behind an e-mail address."""
    service_only()
    user_id = find_user(db(), request.args.get("email", ""))
    if user_id is None:
        raise NotFound("There is no user with this e-mail address.")
    return jsonify(userId=user_id)


@bp.post("/users/<user_id>/link")
def make_link(user_id: str) -> ResponseReturnValue:
    """Answer an address that lets its holder in as this user, once."""
    service_only()
    no_fields()
    made = sign_in_links.make_link(db(), user_id, _(NAMELESS))
    event("link.made", user_id)
    return jsonify(url=link("links.follow", token=made.token), expires=iso(made.expires))


@bp.delete("/users/<user_id>")
def delete_user(user_id: str) -> ResponseReturnValue:
    """Delete all that is stored about a user."""
    service_only()
    no_fields()
    close_account(db(), runtime().gateway, check_id(user_id))
    event("account.deleted", user_id, by="service key")
    return jsonify(success=True, message="All that was stored about the user is gone.")


@bp.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Answer the description of this API."""
    from stats.web.api.openapi import description

    return jsonify(description())


@bp.get("/docs")
@public
def docs() -> ResponseReturnValue:
    """Show the description to a person."""
    from stats.web.api.docs_page import shown

    return render_template("api/docs.html", **shown(link("pages.landing")))
