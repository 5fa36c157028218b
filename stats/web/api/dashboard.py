"""The stats, and the answer of every change to them."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.snapshot import Snapshot
from stats.user_stats import open_stats
from stats.web.api import examples
from stats.web.api.authorisation import Subject, authorise
from stats.web.api.blueprint import bp
from stats.web.api.parameters import USER_ID
from stats.web.api.response_models import Dashboard
from stats.web.http.documented import SERVICE_KEY_OR_SESSION, documented
from stats.web.runtime import db


@bp.get("/dashboard")
@documented(
    "The stats",
    security=SERVICE_KEY_OR_SESSION,
    parameters=[USER_ID],
    response=Dashboard,
    response_example=examples.DASHBOARD,
)
def dashboard() -> ResponseReturnValue:
    """Answer the stats."""
    return jsonify(success=True, data=read_stats(authorise()).stats().to_dict())


def read_stats(subject: Subject) -> Snapshot:
    """Return the stats of `subject`: read with the session, or made for a service key."""
    if subject.service:
        return open_stats(db(), subject.user_id, create=bool(subject.create_day))
    snapshot: Snapshot = current_user.dashboard.snapshot
    return snapshot


def changed(message: str, snapshot: Snapshot) -> dict[str, Any]:
    """Return the answer for a change: what was done, and the stats as they stand now."""
    return {"success": True, "message": message, "data": snapshot.stats().to_dict()}
