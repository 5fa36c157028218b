"""The history page: trend, year and activity."""

from datetime import date, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from stats.lib.timestamps import DAY
from stats.moods.history import WEEKS, make_day, make_year, read_history
from stats.moods.insights import describe_weekdays
from stats.web.http.current_user import current_dashboard
from stats.web.pages.tagged_days import tagged_days
from stats.web.runtime import db
from stats.web.templating.charts import charts
from stats.web.templating.translation import _

bp = Blueprint("history", __name__, url_prefix="/history")

RECENT_DAYS = 14


@bp.get("")
def page() -> ResponseReturnValue:
    """Show the trend, the year and what the days say, or go to the day asked for.

    With `tag` it shows the days that have that tag.
    """
    if wanted := request.args.get("day"):
        return redirect(url_for("history.day", day=parse_day(wanted).isoformat()))
    dashboard = current_dashboard()
    if tag := request.args.get("tag"):
        return tagged_days(dashboard, tag)
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
        **charts(scores, dashboard.today),
    )


def parse_day(text: str) -> date:
    """Return the day of an address; aborts with 404 for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        abort(404)
