"""The days on which check-ins had one tag."""

from flask import render_template

from stats.dashboard import Dashboard
from stats.lib.tags import fold_tag
from stats.lib.timestamps import DAY
from stats.moods.history import WEEKS, make_day, read_history
from stats.moods.scores import mean_score
from stats.moods.tags import days_with
from stats.web.runtime import db


def tagged_days(dashboard: Dashboard, tag: str) -> str:
    """Return the page of the days of the year that have a tag, the last one first."""
    since = dashboard.today - WEEKS * 7 * DAY
    scores, activity = read_history(db(), dashboard.user_id, dashboard.calendar, since)
    days = [make_day(day, scores, activity) for day in days_with(activity.tags, tag)]
    means = [day.mean for day in days if day.mean is not None]
    return render_template(
        "history/tagged_days.html",
        tag=activity.tags.names.get(fold_tag(tag), tag),
        days=days,
        mean=mean_score(means) if means else None,
        today=dashboard.today,
    )
