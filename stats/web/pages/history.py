"""The history pages: trend, year and activity; one day with its entries."""

from datetime import date, datetime
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.conversations import conversations_between
from stats.dashboard import Dashboard
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY, moment
from stats.moods import entries as moods
from stats.moods.entries import MoodEntry
from stats.moods.history import WEEKS, make_day, make_year, read_history
from stats.moods.insights import describe_weekdays
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.base_form import NUMBER, form_operation, read_note, read_score
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.runtime import db
from stats.web.templating.charts import charts
from stats.web.templating.formatting import ConversationView, day_entries
from stats.web.templating.translation import _, error_message

bp = Blueprint("history", __name__, url_prefix="/history")

RECENT_DAYS = 14
FIRST_DAY = date(2000, 1, 1)
# Where the session keeps an entry from its deletion to the next page.
DELETED = "deleted_entry"


@bp.get("")
def page() -> ResponseReturnValue:
    """Show the trend, the year and what the days say, or go to the day asked for."""
    if wanted := request.args.get("day"):
        return redirect(url_for("history.day", day=_parse_day(wanted).isoformat()))
    dashboard = current_dashboard()
    scores, activity = read_history(
        db(), dashboard.user_id, dashboard.calendar, dashboard.today - WEEKS * 7 * DAY
    )
    year = make_year(scores, dashboard.today, activity)
    days = [dashboard.today - back * DAY for back in range(RECENT_DAYS)]
    later = sorted((day for day in scores if day > dashboard.today), reverse=True)
    recent = [make_day(day, scores, activity) for day in (*later, *days)]
    return render_template(
        "history/page.html",
        activity_year=year,
        insights=[_(sentence) for sentence in describe_weekdays(scores)],
        recent_days=recent,
        active_days=sum(bool(day.active) for day in year.days),
        conversations=sum(day.conversations or 0 for day in year.days),
        **charts(scores, dashboard.today, activity),
    )


def _parse_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        abort(404)


@bp.get("/<day>")
def day(day: str) -> ResponseReturnValue:
    """Show one day with its entries and conversations."""
    return _show(_parse_day(day))


def _show(
    day: date, errors: dict[int, str] | None = None, submitted: tuple[MoodEntry, ...] = ()
) -> str:
    dashboard = current_dashboard()
    last = _last_day(dashboard)
    if not FIRST_DAY <= day <= last:
        abort(404)
    entries = _entries(dashboard, day)
    _, activity = read_history(db(), dashboard.user_id, dashboard.calendar, day)
    return render_template(
        "history/day.html",
        day=day,
        previous=day - DAY if day > FIRST_DAY else None,
        next=day + DAY if day < last else None,
        is_today=day == dashboard.today,
        deleted=_just_deleted(),
        entries=day_entries(dashboard, [_submitted_or(one, submitted) for one in entries]),
        mean=make_day(day, {day: [one.score for one in entries]}).mean,
        active=day in activity.active,
        conversations=_conversations(dashboard, day),
        errors=errors or {},
    )


def _last_day(dashboard: Dashboard) -> date:
    """Return today, or the day of a later entry, which a clock that ran ahead has left."""
    return max(dashboard.today, dashboard.mood_day or dashboard.today)


def _just_deleted() -> dict[str, Any] | None:
    """Return the entry that the page before deleted, once, for the form that puts it back."""
    deleted = session.pop(DELETED, None)
    return deleted and dict(zip(("id", "score", "note", "op"), deleted, strict=True))


def _entries(dashboard: Dashboard, day: date) -> list[MoodEntry]:
    calendar = dashboard.calendar
    entries = moods.read_moods(db(), dashboard.user_id, since=calendar.begins(day))
    return [entry for entry in entries if calendar.day_of(entry.id) == day]


def _conversations(dashboard: Dashboard, day: date) -> list[ConversationView]:
    begins, ends = dashboard.calendar.begins(day), dashboard.calendar.ends(day)
    conversations = conversations_between(db(), dashboard.user_id, begins, ends)
    views = [ConversationView(conversation, dashboard) for conversation in conversations]
    return [view for view in views if dashboard.calendar.day_at(view.first_saved) == day]


def _submitted_or(stored: MoodEntry, submitted: tuple[MoodEntry, ...]) -> MoodEntry:
    return next((entry for entry in submitted if entry.id == stored.id), stored)


@bp.post("/entries/<int(max=4102444800000):entry_id>")
def edit(entry_id: int) -> ResponseReturnValue:
    """Change the score and the note of an entry."""
    score, note = request.form.get("score", ""), read_note(request.form.get("note", "")).strip()
    try:
        kept = _stored_if_unchanged(entry_id, note)
        moods.edit_mood(db(), current_user.id, entry_id, read_score(score), kept)
    except InvalidInput as error:
        shown = min(float(score), 10.0) if NUMBER.fullmatch(score) else 5.0
        day, submitted = _day_of(entry_id), MoodEntry(entry_id, shown, note)
        return _show(day, {entry_id: error_message(error)}, (submitted,)), 422
    flash(_("Saved."))
    return _to_day(entry_id)


def _stored_if_unchanged(entry_id: int, note: str) -> str:
    """Return the stored note if `note` is what a form makes of it, else `note`."""
    later = moods.read_moods(db(), current_user.id, since=moment(entry_id))
    stored = next((entry.note for entry in later if entry.id == entry_id), "")
    return stored if read_note(stored).strip() == note else note


@bp.post("/entries/<int(max=4102444800000):entry_id>/delete")
@repeatable
def delete(entry_id: int) -> ResponseReturnValue:
    """Delete an entry; the next page offers to put it back."""
    deleted = moods.delete_mood(db(), current_user.id, entry_id)
    session[DELETED] = (*deleted, token_urlsafe(9))
    return _to_day(entry_id)


@bp.post("/entries/<int(max=4102444800000):entry_id>/restore")
def restore(entry_id: int) -> ResponseReturnValue:
    """Put an entry back that was deleted on the page before, once."""
    score = read_score(request.form.get("score", ""))
    note = read_note(request.form.get("note", ""))
    op = form_operation("restore", request.form.get("op", ""), entry_id, score, note)
    moods.record_mood(db(), current_user.id, score, note=note, at=moment(entry_id), op=op)
    flash(_("The check-in is back."))
    return _to_day(entry_id)


def _to_day(entry_id: int) -> ResponseReturnValue:
    return redirect(url_for("history.day", day=_day_of(entry_id).isoformat()), 303)


def _day_of(entry_id: int) -> date:
    return current_dashboard().calendar.day_of(entry_id)
