"""The dashboard: the page, the polled fragment, the mood form."""

from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import make_response
from htmx_flask import request as htmx_request

from stats.activity.clock import day_begins, user_day
from stats.activity.streak import record_login
from stats.dashboard import Dashboard, renew
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY
from stats.moods.entries import record_mood, undo_mood
from stats.web.dashboard.mood_form import REFRESH, TEMPLATE, MoodForm, mood_form, saved_form
from stats.web.dashboard.stats_fragment import stats_fragment
from stats.web.http.access import acts_by_session
from stats.web.http.current_user import UnchangedUser, poll_cache, read_again
from stats.web.http.current_user import board as current_board
from stats.web.http.forms import NUMBER, form_operation, read_score
from stats.web.http.login_redirect import unauthorised
from stats.web.runtime import db
from stats.web.templating.charts import charts as chart_values
from stats.web.templating.formatting import clock_text, greeting, user_fingerprint
from stats.web.templating.translation import reason

bp = Blueprint("dashboard", __name__)

# The event at which the charts ask for themselves anew.
MOODS = "aira:moods"


@bp.get("/dashboard")
def page() -> ResponseReturnValue:
    """Show the whole page; the first one of a user's day counts as that day's login."""
    board = current_board()
    if board.first_of_day and request.method == "GET":
        record_login(db(), board.user_id, board.today)
        board = read_again()
    return _page(board, mood_form(board))


def _page(board: Dashboard, form: MoodForm) -> str:
    board = _renewed(board)
    shown = stats_fragment(board) | chart_values(board.mood_days, board.today)
    updated = clock_text(board.clock, board.now)
    return render_template(
        "dashboard/page.html", mood=form, greeting=greeting(board), updated=updated, **shown
    )


@bp.get("/dashboard/stats")
def stats() -> ResponseReturnValue:
    """Show the fragment, or nothing (204) if the version asked with still stands.

    A page whose charts are old is told so, by the event `aira:moods`.
    """
    user = current_user._get_current_object()
    if isinstance(user, UnchangedUser):
        poll_cache().remember(request.environ, user.question, user.until)
        return "", 204
    if _is_of_somebody_else():
        return _loaded_anew()
    board = _renewed(current_board())
    response: Response = make_response(
        render_template("dashboard/_stats.html", **stats_fragment(board))
    )
    if request.args.get("charts", board.charts) != board.charts:
        response.headers["HX-Trigger"] = MOODS
    return response


@bp.get("/dashboard/charts")
def charts() -> ResponseReturnValue:
    """Show the charts, or nothing (204) if those asked with still stand."""
    if _is_of_somebody_else():
        return _loaded_anew()
    board = current_board()
    if request.args.get("v") == board.charts:
        return "", 204
    values = chart_values(board.mood_days, board.today)
    fingerprint = user_fingerprint(board.user_id)
    return render_template(
        "dashboard/_charts.html", dashboard=board, fingerprint=fingerprint, **values
    )


def _is_of_somebody_else() -> bool:
    """Return whether the page that asks is of another user, who was logged in before."""
    own = user_fingerprint(current_user.id)
    return request.args.get("who", own) != own


def _loaded_anew() -> ResponseReturnValue:
    response: ResponseReturnValue = make_response("", refresh=True)
    return response


def _renewed(board: Dashboard) -> Dashboard:
    if board.is_fresh or request.method == "HEAD":
        return board
    renew(db(), board)
    return read_again()


@bp.post("/dashboard/mood")
@acts_by_session
def mood() -> ResponseReturnValue:
    """Record a mood; answer with the form (htmx) or go back to the page."""
    day, note = request.form.get("day", "today"), request.form.get("note", "")
    if day != "today" and not current_user.is_authenticated:
        return unauthorised()
    try:
        score = read_score(request.form.get("score", ""))
        op = _op("mood", day, score, note.strip())
        snapshot = record_mood(
            db(),
            session["_user_id"],
            score,
            note=note.strip(),
            at=_moment(day),
            op=op,
            session_id=session["sid"],
        )
    except InvalidInput as error:
        return _refused(error, day, note)
    g.user_id = session["_user_id"]
    if not htmx_request.htmx:
        return redirect(url_for("dashboard.page"), 303)
    return _swapped(render_template(TEMPLATE, mood=saved_form(score, day, snapshot.clock)))


def _moment(day: str) -> datetime | None:
    """Return when the mood is for: None for now, or yesterday at this time of day."""
    if day == "today":
        return None
    if day != "yesterday":
        raise InvalidInput("Choose today or yesterday.", "day")
    board = current_board()
    yesterday = board.today - DAY
    at = board.now.astimezone(board.clock.zone) - DAY
    # Daylight saving can push the same time of day out of yesterday.
    in_day = user_day(board.clock, at) == yesterday
    return at if in_day else day_begins(board.clock, yesterday) + timedelta(hours=12)


def _op(kind: str, *content: object) -> str:
    return form_operation(kind, request.form.get("op", ""), *content)


def _refused(error: InvalidInput, day: str, note: str) -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return unauthorised()
    errors = {error.field or "form": reason(error)}
    typed = request.form.get("score", "").strip()
    score = min(float(typed), 10.0) if NUMBER.fullmatch(typed) else None
    form = MoodForm(score, day=day, note=note, errors=errors, op=request.form.get("op", ""))
    if htmx_request.htmx:
        return render_template(TEMPLATE, mood=form), 422
    return _page(read_again(), form), 422


@bp.post("/dashboard/mood/undo")
def undo() -> ResponseReturnValue:
    """Take the last entry back, once."""
    snapshot = undo_mood(db(), current_board().user_id, op=_op("undo"))
    if not htmx_request.htmx:
        return redirect(url_for("dashboard.page"), 303)
    board = replace(current_board(), snapshot=snapshot)
    return _swapped(render_template(TEMPLATE, mood=mood_form(board)))


def _swapped(form: str) -> ResponseReturnValue:
    """Answer htmx with the form alone and let the page ask for its numbers anew."""
    response: ResponseReturnValue = make_response(form, trigger=REFRESH)
    return response
