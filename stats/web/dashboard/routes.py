"""The routes of the dashboard: the page, the polled fragment, the charts, the mood form."""

from contextlib import suppress
from dataclasses import replace
from secrets import token_urlsafe
from statistics import fmean

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from stats.activity.clock import day_ends
from stats.activity.streak import day_now, record_login
from stats.dashboard import Dashboard, renew
from stats.errors import InvalidInput, OperationReused, WritesRefused
from stats.insights.daily_sentence import effect_of_the_day
from stats.insights.stored_tags import read_tags
from stats.insights.tag_effects import TagEffect, find_tag_effects
from stats.insights.tagged_days import tagged_year
from stats.lib.messages import N_
from stats.lib.timestamps import DAY
from stats.moods.entries import record_mood, undo_mood
from stats.moods.history import YEAR_DAYS
from stats.web.dashboard.form_day import moment_of, read_page_day
from stats.web.dashboard.mood_form import REFRESH, TEMPLATE, MoodForm, mood_form, saved_form
from stats.web.dashboard.stats_fragment import stats_fragment
from stats.web.http.access import session_checked_by_script
from stats.web.http.current_user import (
    UnchangedUser,
    current_dashboard,
    poll_cache,
    reload_dashboard,
)
from stats.web.http.forms.base_form import (
    NUMBER,
    form_operation,
    read_entry_id,
    read_note,
    read_score,
)
from stats.web.http.login_redirect import unauthorised
from stats.web.runtime import db
from stats.web.templating.charts import charts as chart_values
from stats.web.templating.formatting import clock_text, greeting, user_fingerprint
from stats.web.templating.translation import _, error_message

bp = Blueprint("dashboard", __name__)

# A form that was answered, though the response got lost: what is in it now is another check-in.
SENT_BEFORE = N_("This was saved already, with something else in it. Save again to add this too.")
# The client event at which the charts request themselves again.
MOODS_CHANGED = "aira:moods"


@bp.get("/dashboard")
def page() -> ResponseReturnValue:
    """Show the whole page; the first one of a user's day counts as that day's login.

    While Redis takes no writes, the polls of this page bring the login after it.
    """
    dashboard = _count_login(current_dashboard())
    opened = dashboard.today.isoformat() if dashboard.first_of_day else None
    return _page(dashboard, mood_form(dashboard), opened)


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
        greeting=greeting(dashboard),
        updated=clock_text(dashboard.clock, dashboard.now),
        day_ends=day_ends(dashboard.clock, dashboard.now) * 1000,
        effect=_effect_of_the_day(dashboard),
        **context,
    )


def _effect_of_the_day(dashboard: Dashboard) -> TagEffect | None:
    """Return the tag that the page names today, None if there is nothing true to say."""
    today = dashboard.today
    tags = read_tags(db(), dashboard.user_id, dashboard.calendar, today - YEAR_DAYS * DAY)
    means = {day: fmean(scores) for day, scores in dashboard.mood_days.items()}
    return effect_of_the_day(find_tag_effects(tagged_year(means, tags.by_day, today, today)), today)


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


@bp.post("/dashboard/mood")
@session_checked_by_script
def mood() -> ResponseReturnValue:
    """Record a mood; answer with the form (htmx) or go back to the page."""
    day, note = request.form.get("day", "today"), read_note(request.form.get("note", "")).strip()
    if day != "today" and not current_user.is_authenticated:
        return unauthorised()
    try:
        page_day = read_page_day(request.form.get("date", ""))
        score = read_score(request.form.get("score", ""))
        snapshot = record_mood(
            db(),
            session["_user_id"],
            score,
            note=note,
            at=None if day == "today" else moment_of(current_dashboard(), day, page_day),
            op=_operation_id("mood", day, page_day, score, note),
            session_id=session["sid"],
            page_day=page_day if day == "today" else None,
        )
    except InvalidInput as error:
        return _invalid(error, day, note)
    g.user_id = session["_user_id"]
    if not htmx_request.htmx:
        return redirect(url_for("dashboard.page"), 303)
    return _swap_form(render_template(TEMPLATE, mood=saved_form(score, day, page_day, snapshot)))


def _operation_id(kind: str, *content: object) -> str:
    return form_operation(kind, request.form.get("op", ""), *content)


def _invalid(error: InvalidInput, day: str, note: str) -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return unauthorised()
    reused = isinstance(error, OperationReused)
    errors = {error.field or "form": _(SENT_BEFORE) if reused else error_message(error)}
    typed = request.form.get("score", "").strip()
    score = min(float(typed), 10.0) if NUMBER.fullmatch(typed) else None
    dashboard, op = reload_dashboard(), token_urlsafe(9) if reused else request.form.get("op", "")
    form = MoodForm(dashboard.today, score, day=day, note=note, errors=errors, op=op)
    if htmx_request.htmx:
        return render_template(TEMPLATE, mood=form), 422
    return _page(dashboard, form), 422


@bp.post("/dashboard/mood/undo")
def undo() -> ResponseReturnValue:
    """Take back the entry that stands beside the button, once."""
    entry_id = read_entry_id(request.form.get("entry", ""))
    snapshot = undo_mood(
        db(), current_dashboard().user_id, entry_id, op=_operation_id("undo", entry_id)
    )
    if not htmx_request.htmx:
        return redirect(url_for("dashboard.page"), 303)
    dashboard = replace(current_dashboard(), snapshot=snapshot)
    return _swap_form(render_template(TEMPLATE, mood=mood_form(dashboard)))


def _swap_form(form: str) -> ResponseReturnValue:
    """Return the form for htmx, with the event that has the page request its numbers again."""
    response: ResponseReturnValue = make_response(form, trigger=REFRESH)
    return response
