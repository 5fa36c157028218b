"""The history pages: trend, year and activity; one day with its entries."""

from datetime import date, datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.activity.clock import day_begins, user_day
from stats.conversations import MAX_SEARCHED, list_conversations
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY
from stats.moods import entries as moods
from stats.moods.entries import MoodEntry
from stats.moods.history import WEEKS, make_day, make_year, read_history
from stats.moods.insights import describe_weekdays
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms import NUMBER, read_score
from stats.web.runtime import db
from stats.web.templating.charts import charts
from stats.web.templating.formatting import ConversationView, day_entries
from stats.web.templating.translation import _, error_message

bp = Blueprint("history", __name__, url_prefix="/history")

RECENT_DAYS = 14


@bp.get("")
def page() -> ResponseReturnValue:
    """Show the trend, the year and the recent days, or redirect to the day in `day`."""
    if text := request.args.get("day"):
        return redirect(url_for("history.day", day=_parse_day(text).isoformat()))
    dashboard = current_dashboard()
    scores, activity = read_history(
        db(), dashboard.user_id, dashboard.clock, dashboard.today - WEEKS * 7 * DAY
    )
    year = make_year(scores, dashboard.today, activity)
    recent = [
        make_day(dashboard.today - days_ago * DAY, scores, activity)
        for days_ago in range(RECENT_DAYS)
    ]
    return render_template(
        "history/page.html",
        activity_year=year,
        sentences=[_(sentence) for sentence in describe_weekdays(scores)],
        recent_days=recent,
        active_days=sum(bool(day.active) for day in year.days),
        conversations=sum(day.conversations or 0 for day in year.days),
        **charts(scores, dashboard.today),
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
    if not date(2000, 1, 1) <= day <= dashboard.today:
        abort(404)
    start, end = day_begins(dashboard.clock, day), day_begins(dashboard.clock, day + DAY)
    entries = [
        entry for entry in moods.read_moods(db(), dashboard.user_id, since=start) if entry.at < end
    ]
    chats = list_conversations(db(), dashboard.user_id, limit=MAX_SEARCHED, since=start, before=end)
    _, activity = read_history(db(), dashboard.user_id, dashboard.clock, day)
    return render_template(
        "history/day.html",
        day=day,
        previous=day - DAY,
        next=day + DAY if day < dashboard.today else None,
        entries=day_entries(dashboard, [_submitted_or(entry, submitted) for entry in entries]),
        mean=make_day(day, {day: [entry.score for entry in entries]}).mean,
        active=day in activity.active,
        conversations=[ConversationView(chat, dashboard) for chat in chats],
        errors=errors or {},
    )


def _submitted_or(stored: MoodEntry, submitted: tuple[MoodEntry, ...]) -> MoodEntry:
    """Return the submitted form of an entry, or the entry as it is stored."""
    return next((entry for entry in submitted if entry.id == stored.id), stored)


@bp.post("/entries/<int(max=4102444800000):entry_id>")
def edit(entry_id: int) -> ResponseReturnValue:
    """Change the score and the note of an entry."""
    day = user_day(current_dashboard().clock, MoodEntry(entry_id, 0).at)
    score, note = request.form.get("score", ""), request.form.get("note", "").strip()
    try:
        moods.edit_mood(db(), current_user.id, entry_id, read_score(score), note)
    except InvalidInput as error:
        value = min(float(score), 10.0) if NUMBER.fullmatch(score) else 5.0
        submitted = MoodEntry(entry_id, value, note)
        return _show(day, {entry_id: error_message(error)}, (submitted,)), 422
    flash(_("Saved."))
    return redirect(url_for("history.day", day=day.isoformat()), 303)


@bp.post("/entries/<int(max=4102444800000):entry_id>/delete")
def delete(entry_id: int) -> ResponseReturnValue:
    """Delete an entry."""
    day = user_day(current_dashboard().clock, MoodEntry(entry_id, 0).at)
    moods.delete_mood(db(), current_user.id, entry_id)
    flash(_("The check-in is deleted."))
    return redirect(url_for("history.day", day=day.isoformat()), 303)
