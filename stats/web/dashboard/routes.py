"""The routes of the dashboard: the page, the polled fragment, the charts, the mood form."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from stats.activity.clock import day_ends, user_day
from stats.activity.streak import day_now, record_login
from stats.dashboard import Dashboard, renew
from stats.errors import InvalidInput, WritesRefused
from stats.insights.daily_sentence import read_effect_of_the_day
from stats.moods.entries import LatestEntries, check_in, undo_mood
from stats.snapshot import Snapshot
from stats.web.dashboard.stats_fragment import stats_fragment
from stats.web.http.access import session_checked_by_script
from stats.web.http.current_user import (
    UnchangedUser,
    current_dashboard,
    poll_cache,
    reload_dashboard,
)
from stats.web.http.forms.base_form import (
    form_operation,
    read_entry_id,
    read_note,
    read_score,
    read_tags,
)
from stats.web.http.forms.check_ins import (
    REFRESH,
    dashboard_check_ins,
    entries_since,
    render_entries,
    take_deleted,
)
from stats.web.http.forms.form_day import moment_of, read_page_day, return_url
from stats.web.http.forms.mood_form import MoodForm, invalid_form
from stats.web.http.login_redirect import unauthorised
from stats.web.runtime import db
from stats.web.templating.charts import charts as chart_values
from stats.web.templating.entries import Correction, check_ins
from stats.web.templating.formatting import clock_text, greeting, user_fingerprint

bp = Blueprint("dashboard", __name__)

TEMPLATE = "dashboard/_mood_form.html"
# The client event at which the charts request themselves again.
MOODS_CHANGED = "aira:moods"


@bp.get("/dashboard")
def page() -> ResponseReturnValue:
    """Show the whole page; the first one of a user's day counts as that day's login.

    While Redis takes no writes, the polls of this page bring the login after it.
    """
    dashboard = _count_login(current_dashboard())
    opened = dashboard.today.isoformat() if dashboard.first_of_day else None
    day = "yesterday" if request.args.get("day") == "yesterday" else "today"
    return _page(dashboard, MoodForm(dashboard.today, day=day), opened)


def _count_login(dashboard: Dashboard) -> Dashboard:
    """Return the dashboard with its day's login counted, as it is stored if that cannot be."""
    if dashboard.first_of_day and request.method == "GET":
        with suppress(WritesRefused):
            record_login(db(), dashboard.user_id, day_now(dashboard.clock, dashboard.now))
            return reload_dashboard()
    return dashboard


def _page(dashboard: Dashboard, form: MoodForm, opened: str | None = None) -> str:
    dashboard = _renew_if_stale(dashboard)
    context = stats_fragment(dashboard, opened) | chart_values(dashboard.mood_days, dashboard.today)
    return render_template(
        "dashboard/page.html",
        mood=form,
        check_ins=dashboard_check_ins(dashboard),
        correction=Correction(deleted=take_deleted()),
        greeting=greeting(dashboard),
        updated=clock_text(dashboard.clock, dashboard.now),
        day_ends=day_ends(dashboard.clock, dashboard.now) * 1000,
        effect=read_effect_of_the_day(db(), dashboard),
        **context,
    )


@bp.get("/dashboard/stats")
def stats() -> ResponseReturnValue:
    """Show the fragment, or 204 if the version in `v` is current.

    If the version in `charts` is not, the event `aira:moods` has the page request its charts.
    `opened` is the day on which the page was opened, while that is not counted yet.
    """
    user = current_user._get_current_object()
    if isinstance(user, UnchangedUser):
        poll_cache().remember(request.environ, user.read_stamp, user.until)
        return "", 204
    if _is_other_user():
        return _refresh_page()
    dashboard, today = current_dashboard(), current_dashboard().today.isoformat()
    was_opened = request.args.get("opened") == today
    dashboard = _renew_if_stale(_count_login(dashboard) if was_opened else dashboard)
    opened = today if was_opened and dashboard.first_of_day else None
    fragment = stats_fragment(dashboard, opened)
    response: Response = make_response(render_template("dashboard/_stats.html", **fragment))
    if request.args.get("charts", dashboard.charts) != dashboard.charts:
        response.headers["HX-Trigger"] = MOODS_CHANGED
    return response


@bp.get("/dashboard/charts")
def charts() -> ResponseReturnValue:
    """Show the charts, or 204 if the version in `v` is current."""
    if _is_other_user():
        return _refresh_page()
    dashboard = current_dashboard()
    if request.args.get("v") == dashboard.charts:
        return "", 204
    values = chart_values(dashboard.mood_days, dashboard.today)
    fingerprint = user_fingerprint(dashboard.user_id)
    return render_template(
        "dashboard/_charts.html", dashboard=dashboard, fingerprint=fingerprint, **values
    )


def _is_other_user() -> bool:
    """Return whether the requesting page belongs to the user who was logged in before."""
    own = user_fingerprint(current_user.id)
    return request.args.get("who", own) != own


def _refresh_page() -> ResponseReturnValue:
    response: ResponseReturnValue = make_response("", refresh=True)
    return response


def _renew_if_stale(dashboard: Dashboard) -> Dashboard:
    """Return the dashboard with a new version if the clock has changed it.

    While Redis takes no writes it is returned as it is: its version is then never current.
    """
    if not dashboard.is_fresh and request.method != "HEAD":
        with suppress(WritesRefused):
            renew(db(), dashboard)
            return reload_dashboard()
    return dashboard


@bp.get("/dashboard/entries")
def entries() -> ResponseReturnValue:
    """Show the check-ins beside the form, or 204 if the version of the moods in `v` is current.

    `day` is the day that the page calls today.
    """
    if _is_other_user():
        return _refresh_page()
    dashboard = current_dashboard()
    if request.args.get("v") == dashboard.snapshot.drawn:
        return "", 204
    page_day = read_page_day(request.args.get("day", ""))
    if page_day and page_day < dashboard.today:
        dashboard = reload_dashboard(entries_since(page_day))
    return render_entries(dashboard.user_id, dashboard_check_ins(dashboard, page_day))


@bp.post("/dashboard/mood")
@session_checked_by_script
def mood() -> ResponseReturnValue:
    """Record a mood; answer with the form (htmx) or go back to the page."""
    day, note = request.form.get("day", "today"), read_note(request.form.get("note", "")).strip()
    if day != "today" and not current_user.is_authenticated:
        return unauthorised()
    try:
        page_day = read_page_day(request.form.get("date", ""))
        score, tags = read_score(request.form.get("score", "")), read_tags(request.form)
        snapshot, latest = check_in(
            db(),
            session["_user_id"],
            score,
            since=entries_since(page_day),
            note=note,
            tags=tags,
            at=None if day == "today" else moment_of(current_dashboard(), day, page_day),
            op=_operation_id("mood", day, page_day, score, note, *([tags] if tags else [])),
            session_id=session["sid"],
            page_day=page_day if day == "today" else None,
        )
    except InvalidInput as error:
        return _invalid(error, day, note)
    g.user_id = session["_user_id"]
    if not htmx_request.htmx:
        return redirect(return_url(), 303)
    today = page_day or user_day(snapshot.clock, datetime.now(UTC))
    return _swap_form(MoodForm(today, day=day), g.user_id, snapshot, latest)


def _operation_id(kind: str, *content: object) -> str:
    return form_operation(kind, request.form.get("op", ""), *content)


def _invalid(error: InvalidInput, day: str, note: str) -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return unauthorised()
    dashboard = reload_dashboard()
    form = invalid_form(error, dashboard.today, day, note)
    if htmx_request.htmx:
        shown = dashboard_check_ins(dashboard)
        return render_template(TEMPLATE, mood=form, check_ins=shown), 422
    return _page(dashboard, form), 422


@bp.post("/dashboard/mood/undo")
def undo() -> ResponseReturnValue:
    """Take back the entry that stands beside the button, once."""
    entry_id = read_entry_id(request.form.get("entry", ""))
    undo_mood(db(), current_dashboard().user_id, entry_id, op=_operation_id("undo", entry_id))
    if not htmx_request.htmx:
        return redirect(return_url(), 303)
    page_day = read_page_day(request.form.get("date", ""))
    dashboard = reload_dashboard(entries_since(page_day))
    form = MoodForm(page_day or dashboard.today)
    return _swap_form(form, dashboard.user_id, dashboard.snapshot, dashboard.latest)


def _swap_form(
    form: MoodForm, user_id: str, snapshot: Snapshot, latest: LatestEntries
) -> ResponseReturnValue:
    """Return form and entries for htmx, with the event that has the page request its numbers."""
    shown = check_ins(snapshot, latest, form.date)
    text = render_template(TEMPLATE, mood=form, check_ins=shown)
    response: ResponseReturnValue = make_response(
        text + render_entries(user_id, shown, out_of_band=True), trigger=REFRESH
    )
    return response
