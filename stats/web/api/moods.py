"""Recording moods and reading their history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import abort, g, jsonify
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from stats.errors import InvalidInput
from stats.lib.timestamps import iso
from stats.moods import entries as moods
from stats.moods.summary import summarise
from stats.snapshot import Snapshot
from stats.web.api import query
from stats.web.api.authorisation import CREDENTIALS_REQUIRED, Subject, authorise, authorise_action
from stats.web.api.blueprint import bp
from stats.web.api.cursors import cursor_parameter, encode, is_paged, read_cursor
from stats.web.api.dashboard import changed_response
from stats.web.api.idempotency import idempotent_operation
from stats.web.api.models import examples
from stats.web.api.models.request_models import MoodBody, read_body
from stats.web.api.models.response_models import Changed, History
from stats.web.api.parameters import IDEMPOTENCY_KEY, documented_for_user, whole_number
from stats.web.http.access import session_checked_by_script
from stats.web.runtime import db

DEFAULT_MOODS, MAX_MOODS = 30, 1000
DEFAULT_DAYS, MAX_DAYS = 30, 3660


@bp.get("/mood")
@documented_for_user(
    "The mood history",
    description="Newest first. With `limit` there is `nextCursor` where more follow; the `stats` "
    "are of all entries of these days.",
    parameters=[
        whole_number("limit", DEFAULT_MOODS, MAX_MOODS),
        whole_number("days", DEFAULT_DAYS, MAX_DAYS),
        cursor_parameter(encode("1773343864120")),
    ],
    response=History,
    response_example=examples.MOOD_HISTORY,
)
def read_moods() -> ResponseReturnValue:
    """Answer the mood history, newest first, and its summary."""
    subject = authorise()
    limit = query.whole_number("limit", DEFAULT_MOODS, MAX_MOODS)
    days = query.whole_number("days", DEFAULT_DAYS, MAX_DAYS)
    since = datetime.now(UTC) - timedelta(days=days)
    entries = moods.read_moods(db(), subject.user_id, since=since)
    return jsonify(success=True, **_page(entries, limit), stats=_summary(entries))


def _page(entries: list[moods.MoodEntry], limit: int) -> dict[str, Any]:
    if parts := read_cursor("[0-9]{1,15}"):
        entries = [entry for entry in entries if entry.id < int(parts[0])]
    page = {"history": [_entry(entry) for entry in entries[:limit]]}
    if len(entries) <= limit or not is_paged():
        return page
    return {**page, "nextCursor": encode(str(entries[limit - 1].id))}


def _entry(entry: moods.MoodEntry) -> dict[str, Any]:
    response = {"id": str(entry.id), "score": entry.score, "timestamp": iso(entry.at)}
    words = {"note": entry.note, "tags": entry.tags}
    return response | {name: value for name, value in words.items() if value}


def _summary(entries: list[moods.MoodEntry]) -> dict[str, Any]:
    summary = summarise(entries)
    return {
        "average": summary.average,
        "highest": summary.highest,
        "lowest": summary.lowest,
        "trend": summary.trend,
        "totalEntries": summary.total,
    }


@bp.patch("/mood")
@documented_for_user(
    "Record a mood",
    description="The score of the entry with the latest `at` is the one that is shown. An entry "
    "about this moment (within a minute) counts the day as active. Tags are kept without spaces "
    "around them, and one that is there twice, in whatever case, once.",
    parameters=[IDEMPOTENCY_KEY],
    body=MoodBody,
    body_example=examples.MOOD_BODY,
    response=Changed,
    response_example=examples.MOOD_RECORDED,
)
@session_checked_by_script
def record_mood() -> ResponseReturnValue:
    """Record a mood."""
    subject = authorise_action()
    try:
        snapshot = _record(subject, read_body(MoodBody))
    except (InvalidInput, HTTPException):
        # Nobody without a live session learns what is wrong with the request.
        if not subject.service and not current_user.is_authenticated:
            abort(401, CREDENTIALS_REQUIRED)
        raise
    if not subject.service:
        g.user_id = subject.user_id
    return changed_response("The mood is saved.", snapshot)


def _record(subject: Subject, body: MoodBody) -> Snapshot:
    return moods.record_mood(
        db(),
        subject.user_id,
        body.score,
        note=body.note,
        tags=body.tags,
        at=body.at,
        op=idempotent_operation("mood", _content(body)),
        create_day=subject.create_day,
        session_id=subject.session_id,
    )


def _content(body: MoodBody) -> dict[str, Any]:
    """Return what an idempotency key stands for: without tags the same as before there were any."""
    content: dict[str, Any] = msgspec.to_builtins(body)
    return content if body.tags else {k: v for k, v in content.items() if k != "tags"}
