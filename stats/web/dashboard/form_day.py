"""Which day a check-in of the form is for: as the page that shows the form calls its days."""

from datetime import date, datetime, timedelta

from stats.dashboard import Dashboard
from stats.errors import InvalidInput
from stats.lib.timestamps import DAY, moment

# How far back a day can be checked in.
PAST_DAYS = timedelta(days=366)


def read_page_day(text: str) -> date | None:
    """Return the day that the page called today, None where the form says nothing of it.

    Raises InvalidInput for what is no date.
    """
    return _date(text) if text else None


def moment_of(dashboard: Dashboard, day: str, page_day: date | None) -> datetime | None:
    """Return the moment that a check-in for `day` is for, None for this moment.

    `day` is "yesterday", the day before the one that the page called today, or YYYY-MM-DD. Raises
    InvalidInput for a day that is still to come or over 366 days ago.
    """
    page_today = min(page_day or dashboard.today, dashboard.today)
    wanted = page_today - DAY if day == "yesterday" else _date(day)
    if not dashboard.today - PAST_DAYS <= wanted <= dashboard.today:
        raise InvalidInput("Choose a day from the last 366.", "day")
    if wanted == dashboard.today:
        return None
    at = dashboard.calendar.same_time_on(wanted, dashboard.now)
    if at is None:
        raise InvalidInput("You had no such day: your time zone went past it.", "day")
    return moment(at)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise InvalidInput("Choose today, yesterday or a past day.", "day") from None
