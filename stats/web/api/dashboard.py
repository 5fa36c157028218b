"""The stats route, and the response of every change to the stats."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.snapshot import Snapshot
from stats.user_stats import open_stats
from stats.web.api.authorisation import Subject, authorise
from stats.web.api.blueprint import bp
from stats.web.api.models import examples
from stats.web.api.models.response_models import Dashboard
from stats.web.api.parameters import documented_for_user
from stats.web.runtime import db


@bp.get("/dashboard")
@documented_for_user(
    "The stats",
    response=Dashboard,
    response_example=examples.DASHBOARD,
)
def dashboard() -> ResponseReturnValue:
    """Answer the stats."""
    return jsonify(success=True, data=read_stats(authorise()).stats().to_dict())


def read_stats(subject: Subject) -> Snapshot:
    """Return the stats of `subject`, which a service key may create; raises UserNotFound."""
    if subject.service:
        return open_stats(db(), subject.user_id, create=bool(subject.create_day))
    snapshot: Snapshot = current_user.dashboard.snapshot
    return snapshot


def changed_response(message: str, snapshot: Snapshot) -> dict[str, Any]:
    """Return the response to a change: a message, and the stats after it."""
    return {"success": True, "message": message, "data": snapshot.stats().to_dict()}
