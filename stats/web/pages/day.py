"""The page of one day: its neighbours, its check-ins and conversations, a check-in for it."""

from datetime import date

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from stats.conversations import conversations_between
from stats.dashboard import Dashboard
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY
from stats.moods import entries as moods
from stats.moods.history import read_history
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.base_form import form_operation, read_note, read_score, read_tags
from stats.web.http.forms.check_ins import take_deleted
from stats.web.http.forms.form_day import moment_of, return_url, takes_check_in
from stats.web.http.forms.mood_form import MoodForm, invalid_form
from stats.web.pages.day_strip import FIRST_DAY, day_strip
from stats.web.pages.history import bp, parse_day
from stats.web.runtime import db
from stats.web.templating.entries import Correction, DayView, day_view
from stats.web.templating.formatting import ConversationView

# How many days stand before and after the one that is shown.
NEIGHBOURS = 3


@bp.get("/<day>")
def day(day: str) -> ResponseReturnValue:
    """Show one day with its check-ins and conversations."""
    return show_day(parse_day(day))


@bp.post("/<day>")
def add(day: str) -> ResponseReturnValue:
    """Add a check-in to a day."""
    wanted, note = parse_day(day), read_note(request.form.get("note", "")).strip()
    try:
        _add(current_dashboard(), wanted, note)
    except InvalidInput as error:
        form = invalid_form(error, current_dashboard().today, wanted.isoformat(), note)
        return show_day(wanted, form=form), 422
    return redirect(return_url(wanted), 303)


def _add(dashboard: Dashboard, day: date, note: str) -> None:
    score, tags = read_score(request.form.get("score", "")), read_tags(request.form)
    moods.record_mood(
        db(),
        dashboard.user_id,
        score,
        note=note,
        tags=tags,
        at=moment_of(dashboard, day.isoformat(), None),
        op=form_operation("add", request.form.get("op", ""), day.isoformat(), score, note, tags),
    )


def show_day(
    day: date, *, correction: Correction | None = None, form: MoodForm | None = None
) -> str:
    """Return the page of a day, with an entry or a form that was refused; aborts with 404."""
    dashboard, correction = current_dashboard(), correction or Correction(deleted=take_deleted())
    last = _last_day(dashboard)
    if not FIRST_DAY <= day <= last:
        abort(404)
    since = max(day - NEIGHBOURS * DAY, FIRST_DAY)
    scores, activity = read_history(db(), dashboard.user_id, dashboard.calendar, since)
    return render_template(
        "history/day.html",
        day=day,
        is_today=day == dashboard.today,
        strip=day_strip(day - NEIGHBOURS * DAY, last, scores),
        shown=_check_ins(dashboard, day, correction),
        undo=dashboard.snapshot.undo,
        correction=correction,
        active=day in activity.active,
        conversations=_conversations(dashboard, day),
        own_tags=dashboard.latest.tags,
        mood=form or _form(dashboard, day),
    )


def _last_day(dashboard: Dashboard) -> date:
    """Return today, or the day of a later entry, which a clock that ran ahead has left."""
    return max(dashboard.today, dashboard.mood_day or dashboard.today)


def _form(dashboard: Dashboard, day: date) -> MoodForm | None:
    """Return the form for a past day, None for one that takes no check-in.

    Today has its own form on the dashboard.
    """
    if day == dashboard.today or not takes_check_in(dashboard, day):
        return None
    if dashboard.calendar.same_time_on(day, dashboard.now) is None:
        return None  # a zone that was changed has gone past it
    return MoodForm(dashboard.today, day=day.isoformat())


def _check_ins(dashboard: Dashboard, day: date, correction: Correction) -> DayView:
    calendar = dashboard.calendar
    span = {"since": calendar.begins(day), "before": calendar.ends(day)}
    entries = moods.read_moods(db(), dashboard.user_id, **span)
    return day_view(calendar, day, entries, correction.submitted)


def _conversations(dashboard: Dashboard, day: date) -> list[ConversationView]:
    begins, ends = dashboard.calendar.begins(day), dashboard.calendar.ends(day)
    conversations = conversations_between(db(), dashboard.user_id, begins, ends)
    views = [ConversationView(conversation, dashboard) for conversation in conversations]
    return [view for view in views if dashboard.calendar.day_at(view.first_saved) == day]
