"""The history: trend, year and activity; one day with its entries."""

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
from stats.web.http.current_user import board
from stats.web.http.forms import NUMBER, read_score
from stats.web.runtime import db
from stats.web.templating.charts import charts
from stats.web.templating.formatting import ChatView, day_entries
from stats.web.templating.translation import _, reason

bp = Blueprint("history", __name__, url_prefix="/history")

RECENT_DAYS = 14


@bp.get("")
def page() -> ResponseReturnValue:
    """Show the trend, the year and what the days say, or go to the day asked for."""
    if wanted := request.args.get("day"):
        return redirect(url_for("history.day", day=_day(wanted).isoformat()))
    now = board()
    scores, activity = read_history(db(), now.user_id, now.clock, now.today - WEEKS * 7 * DAY)
    year = make_year(scores, now.today, activity)
    recent = [make_day(now.today - back * DAY, scores, activity) for back in range(RECENT_DAYS)]
    return render_template(
        "history/page.html",
        activity_year=year,
        insights=[_(sentence) for sentence in describe_weekdays(scores)],
        recent_days=recent,
        active_days=sum(bool(day.active) for day in year.days),
        conversations=sum(day.conversations or 0 for day in year.days),
        **charts(scores, now.today),
    )


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        abort(404)


@bp.get("/<day>")
def day(day: str) -> ResponseReturnValue:
    """Show one day with its entries and conversations."""
    return _show(_day(day))


def _show(
    day: date, errors: dict[int, str] | None = None, typed: tuple[MoodEntry, ...] = ()
) -> str:
    now = board()
    if not date(2000, 1, 1) <= day <= now.today:
        abort(404)
    begins, ends = day_begins(now.clock, day), day_begins(now.clock, day + DAY)
    entries = [one for one in moods.read_moods(db(), now.user_id, since=begins) if one.at < ends]
    chats = list_conversations(db(), now.user_id, most=MAX_SEARCHED, since=begins, before=ends)
    _, activity = read_history(db(), now.user_id, now.clock, day)
    return render_template(
        "history/day.html",
        day=day,
        previous=day - DAY,
        next=day + DAY if day < now.today else None,
        entries=day_entries(now, [_typed(one, typed) for one in entries]),
        mean=make_day(day, {day: [one.score for one in entries]}).mean,
        active=day in activity.active,
        conversations=[ChatView(chat, now) for chat in chats],
        errors=errors or {},
    )


def _typed(stored: MoodEntry, typed: tuple[MoodEntry, ...]) -> MoodEntry:
    return next((entry for entry in typed if entry.id == stored.id), stored)


@bp.post("/entries/<int(max=4102444800000):entry_id>")
def edit(entry_id: int) -> ResponseReturnValue:
    """Change the score and the note of an entry."""
    day = user_day(board().clock, MoodEntry(entry_id, 0).at)
    score, note = request.form.get("score", ""), request.form.get("note", "").strip()
    try:
        moods.edit_mood(db(), current_user.id, entry_id, read_score(score), note)
    except InvalidInput as error:
        shown = min(float(score), 10.0) if NUMBER.fullmatch(score) else 5.0
        return _show(day, {entry_id: reason(error)}, (MoodEntry(entry_id, shown, note),)), 422
    flash(_("Saved."))
    return redirect(url_for("history.day", day=day.isoformat()), 303)


@bp.post("/entries/<int(max=4102444800000):entry_id>/delete")
def delete(entry_id: int) -> ResponseReturnValue:
    """Delete an entry."""
    day = user_day(board().clock, MoodEntry(entry_id, 0).at)
    moods.delete_mood(db(), current_user.id, entry_id)
    flash(_("The check-in is deleted."))
    return redirect(url_for("history.day", day=day.isoformat()), 303)
