"""Export and import of a user's data."""

import json
from datetime import UTC, datetime

from flask import Response, flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.errors import InvalidInput
from stats.export.archive_format import read_archive
from stats.export.csv_export import mood_csv
from stats.export.json_export import export_user
from stats.export.restore import restore
from stats.web.accounts.settings import back_to_settings, bp, settings_page
from stats.web.http.access import max_content_length
from stats.web.http.rate_limits import HOUR, by_user, limited
from stats.web.runtime import db
from stats.web.templating.translation import _, error_message

MAX_FILE_SIZE = 16 * 1024 * 1024


@bp.get("/settings/export.json")
@limited(60, HOUR, by=by_user, method="GET")
def export_json() -> ResponseReturnValue:
    """Download all data of the user as JSON."""
    text = json.dumps(export_user(db(), current_user.id), ensure_ascii=False, indent=1)
    return _download(text, "application/json", "json")


@bp.get("/settings/export.csv")
@limited(60, HOUR, by=by_user, method="GET")
def export_csv() -> ResponseReturnValue:
    """Download the mood history as CSV."""
    return _download(mood_csv(db(), current_user.id), "text/csv", "csv")


def _download(text: str, mimetype: str, extension: str) -> Response:
    response = Response(text, content_type=f"{mimetype}; charset=utf-8")
    name = f"aira-{datetime.now(UTC):%Y-%m-%d}.{extension}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.post("/settings/import")
@limited(20, HOUR, by=by_user)
@max_content_length(MAX_FILE_SIZE)
def import_() -> ResponseReturnValue:
    """Restore an export into an empty account."""
    file = request.files.get("file")
    try:
        archive = read_archive(file.read() if file else b"")
        restore(db(), current_user.id, archive)
    except InvalidInput as error:
        return settings_page(import_error=error_message(error)), 422
    flash(_("Everything is back where it was."))
    return back_to_settings()
