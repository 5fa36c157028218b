"""Export and import of a user's data."""

from collections.abc import Iterable
from typing import BinaryIO

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from stats.errors import InvalidInput
from stats.export.archive_reader import read_archive
from stats.export.csv_export import mood_csv
from stats.export.json_export import export_user
from stats.export.restore import Taken, restore
from stats.lib.messages import N_, ngettext_noop
from stats.web.accounts.settings import back_to_settings, bp, settings_page
from stats.web.http.access import max_content_length
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_user, limited
from stats.web.runtime import db
from stats.web.templating.translation import _, error_message, ngettext

# Thirty thousand conversations of 16 KB.
MAX_FILE_SIZE = 512 * 1024 * 1024
NO_FILE = N_("No file was chosen. Choose the JSON file that you saved.")
CONVERSATIONS = ngettext_noop("%(count)s conversation", "%(count)s conversations")
CHECK_INS = ngettext_noop("%(count)s check-in", "%(count)s check-ins")
DAYS = ngettext_noop("%(count)s day", "%(count)s days")
KNOWN = ngettext_noop("%(count)s was here already", "%(count)s were here already")


@bp.get("/settings/export.json")
@limited(60, HOUR, by=by_user, method="GET")
def export_json() -> ResponseReturnValue:
    """Download all data of the user as JSON."""
    return _download(export_user(db(), current_user.id), "application/json", "json")


@bp.get("/settings/export.csv")
@limited(60, HOUR, by=by_user, method="GET")
def export_csv() -> ResponseReturnValue:
    """Download the mood history as CSV."""
    return _download(mood_csv(db(), current_user.id), "text/csv", "csv")


def _download(text: str | Iterable[str], mimetype: str, extension: str) -> Response:
    response = Response(text, content_type=f"{mimetype}; charset=utf-8")
    name = f"aira-{current_dashboard().today.isoformat()}.{extension}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.post("/settings/import")
@limited(20, HOUR, by=by_user)
@max_content_length(MAX_FILE_SIZE)
@repeatable
def import_() -> ResponseReturnValue:
    """Add what an export holds to what is here."""
    try:
        taken = restore(db(), current_user.id, read_archive(_chosen_file()))
    except InvalidInput as error:
        return settings_page(import_error=error_message(error)), 422
    flash(_said(taken))
    if htmx_request.htmx:
        response: ResponseReturnValue = make_response("", redirect=url_for("account.settings"))
        return response
    return back_to_settings()


def _chosen_file() -> BinaryIO:
    """Return the file that was sent; raises InvalidInput if there is none."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(NO_FILE, "file")
    return file.stream  # type: ignore[return-value]


def _said(taken: Taken) -> str:
    """Return what an import took, in a sentence."""
    counts = ((CONVERSATIONS, taken.conversations), (CHECK_INS, taken.moods), (DAYS, taken.days))
    added = ", ".join(_counted(texts, count) for texts, count in counts if count)
    if not added:
        return _("Nothing is new: everything in this file was here already.")
    if not taken.known:
        return _("Taken: %(added)s.", added=added)
    return _("Taken: %(added)s; %(known)s.", added=added, known=_counted(KNOWN, taken.known))


def _counted(texts: tuple[str, str], count: int) -> str:
    return ngettext(*texts, count, count=f"{count:,}")
