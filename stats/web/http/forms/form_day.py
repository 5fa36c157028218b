"""The day that a check-in form is for, as its page calls its days, and where it leads back."""

from datetime import date, datetime, timedelta

from flask import request, url_for

from stats.dashboard import Dashboard
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY, moment
from stats.moods.entries import EARLIEST

# How far back a day can be checked in.
PAST_DAYS = timedelta(days=366)
# The field `page` of a form that stands on the dashboard.
DASHBOARD = "dashboard"
NO_DAY = "Choose today, yesterday or a past day."


def read_page_day(text: str) -> date | None:
    """Return the day that the page called today, None where the form says nothing of it.

    Raises InvalidInput for what is no date of this century.
    """
    if not text:
        return None
    if (day := _date(text)) < EARLIEST.date():
        raise InvalidInput(NO_DAY, "day")
    return day


def moment_of(dashboard: Dashboard, day: str, page_day: date | None) -> datetime | None:
    """Return the moment that a check-in for `day` is for, None for this moment.

    `day` is "yesterday", the day before the one that the page called today, or YYYY-MM-DD. Raises
    InvalidInput for a day that is still to come or over 366 days ago.
    """
    page_today = min(page_day or dashboard.today, dashboard.today)
    wanted = page_today - DAY if day == "yesterday" else _date(day)
    if not takes_check_in(dashboard, wanted):
        raise InvalidInput("Choose a day from the last 366.", "day")
    if wanted == dashboard.today:
        return None
    at = dashboard.calendar.same_time_on(wanted, dashboard.now)
    if at is None:
        raise InvalidInput("You had no such day: your time zone went past it.", "day")
    return moment(at)


def takes_check_in(dashboard: Dashboard, day: date) -> bool:
    """Return whether a check-in can be added to a day: today or one of the 366 before it."""
    return dashboard.today - PAST_DAYS <= day <= dashboard.today


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise InvalidInput(NO_DAY, "day") from None


def return_url(day: date | None = None) -> str:
    """Return the page that a form about a check-in goes back to, by its field `page`.

    "dashboard" is the dashboard, YYYY-MM-DD the page of that day; without one it is that of `day`,
    or the dashboard. Raises InvalidInput.
    """
    page = request.form.get("page", "")
    if page not in ("", DASHBOARD):
        day = _date(page)
    if page == DASHBOARD or day is None:
        return url_for("dashboard.page")
    return url_for("history.day", day=day.isoformat())
