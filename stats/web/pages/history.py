"""The history page: a year, a month, a week."""

from datetime import date, datetime
from functools import partial

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from stats.moods.ranges import month_range, week_range, year_range
from stats.web.http.current_user import current_dashboard
from stats.web.pages.day_strip import FIRST_DAY
from stats.web.pages.ranges import show_range

bp = Blueprint("history", __name__, url_prefix="/history")


@bp.get("")
def page() -> ResponseReturnValue:
    """Show the year up to today, or go to the day asked for."""
    if wanted := request.args.get("day"):
        return redirect(url_for("history.day", day=parse_day(wanted).isoformat()))
    today = current_dashboard().today
    return show_range(partial(year_range, today, today))


@bp.get("/week/<day>")
def week(day: str) -> ResponseReturnValue:
    """Show the week of a day."""
    return show_range(partial(week_range, _past(day), current_dashboard().today))


@bp.get("/month/<month>")
def month(month: str) -> ResponseReturnValue:
    """Show a month (YYYY-MM)."""
    return show_range(partial(month_range, _past(f"{month}-01"), current_dashboard().today))


@bp.get("/year/<day>")
def year(day: str) -> ResponseReturnValue:
    """Show the 365 days up to a day."""
    return show_range(partial(year_range, _past(day), current_dashboard().today))


def _past(text: str) -> date:
    """Return the day of an address; 404 for one that is none, lies ahead or before all days."""
    day = parse_day(text)
    if not FIRST_DAY <= day <= current_dashboard().today:
        abort(404)
    return day


def parse_day(text: str) -> date:
    """Return the day of an address; aborts with 404 for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        abort(404)
