"""The check-ins beside the form of the dashboard, as a fragment of their own."""

from datetime import UTC, date, datetime
from secrets import token_urlsafe
from typing import Any

from flask import render_template, request, session
from flask.typing import ResponseReturnValue
from htmx_flask import make_response

from stats.dashboard import Dashboard
from stats.moods.entries import MoodEntry
from stats.web.http.current_user import TWO_DAYS, reload_dashboard
from stats.web.http.forms.form_day import DASHBOARD, read_page_day
from stats.web.templating.entries import CheckIns, Correction, check_ins
from stats.web.templating.formatting import user_fingerprint

TEMPLATE = "dashboard/_entries.html"
# The client event at which the page requests its numbers again.
REFRESH = "aira:refresh"
# Where the session keeps an entry from its deletion to the next page.
DELETED = "deleted_entry"


def entries_since(page_day: date | None) -> datetime:
    """Return a moment before the day that a page calls yesterday; `page_day` is its today."""
    now = datetime.now(UTC)
    if page_day is None:
        return now - TWO_DAYS
    begins = datetime(page_day.year, page_day.month, page_day.day, tzinfo=UTC)
    return min(now, begins) - TWO_DAYS


def dashboard_check_ins(
    dashboard: Dashboard, page_day: date | None = None, correction: Correction | None = None
) -> CheckIns:
    """Return what stands beside the form, of a dashboard that was read with its entries."""
    submitted = correction.submitted if correction else None
    today = page_day or dashboard.today
    return check_ins(dashboard.snapshot, dashboard.latest, today, submitted)


def render_entries(
    user_id: str,
    shown: CheckIns,
    correction: Correction | None = None,
    *,
    out_of_band: bool = False,
) -> str:
    """Return the entries for htmx to put in place.

    Beside a form that is answered they come `out_of_band`; otherwise the texts of the form that go
    by them come so. https://htmx.org/attributes/hx-swap-oob/
    """
    return render_template(
        TEMPLATE,
        check_ins=shown,
        correction=correction or Correction(),
        fingerprint=user_fingerprint(user_id),
        out_of_band=out_of_band,
        form_texts=not out_of_band,
    )


def keep_deleted(deleted: MoodEntry) -> None:
    """Have the next page offer to put an entry back."""
    session[DELETED] = deleted_context(deleted)


def take_deleted() -> dict[str, Any] | None:
    """Return the entry that the page before deleted, once, for the form that puts it back."""
    deleted = session.pop(DELETED, None)
    # Older versions kept a list.
    return deleted if isinstance(deleted, dict) else None


def deleted_context(deleted: MoodEntry) -> dict[str, Any]:
    """Return what the form takes that puts an entry back."""
    return {**deleted._asdict(), "op": token_urlsafe(9)}


def is_on_dashboard() -> bool:
    """Return whether the form that is answered stands on the dashboard and htmx has sent it."""
    return "HX-Request" in request.headers and request.form.get("page") == DASHBOARD


def swapped_entries(correction: Correction | None = None) -> ResponseReturnValue:
    """Return the entries for htmx as they stand after a change, or with what was refused."""
    page_day = read_page_day(request.form.get("date", ""))
    dashboard = reload_dashboard(entries_since(page_day))
    shown = dashboard_check_ins(dashboard, page_day, correction)
    entries = render_entries(dashboard.user_id, shown, correction)
    if correction and correction.errors:
        return entries, 422
    response: ResponseReturnValue = make_response(entries, trigger=REFRESH)
    return response
