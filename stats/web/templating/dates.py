"""Dates as text."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from stats.lib.messages import N_
from stats.lib.timestamps import iso
from stats.web.templating.translation import _

NO_BREAK_SPACE = "\u00a0"
# Monday first, January first.
WEEKDAYS = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday")),
    *(N_("Friday"), N_("Saturday"), N_("Sunday")),
)
SHORT_WEEKDAYS = (*(N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")),)
MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July")),
    *(N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)
SHORT_MONTHS = (
    *(N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul")),
    *(N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec")),
)


def server_time() -> str:
    """Return this moment as ISO 8601, by which a page tells how far its device's clock is off."""
    return iso(datetime.now(UTC))


def weekday(day: date) -> str:
    """Return `Thursday`."""
    return _(WEEKDAYS[day.weekday()])


def short_weekday(day: date) -> str:
    """Return `Thu`."""
    return _(SHORT_WEEKDAYS[day.weekday()])


def month(day: date) -> str:
    """Return `March`."""
    return _(MONTHS[day.month - 1])


def day_month(day: date, today: date | None = None) -> str:
    """Return `12 March`, with the year if it is not that of `today`."""
    if today is not None and day.year != today.year:
        return day_month_year(day)
    return _("%(day)s %(month)s", day=day.day, month=month(day))


def short_day_month(day: date) -> str:
    """Return `12 Mar`."""
    return _("%(day)s %(month)s", day=day.day, month=_(SHORT_MONTHS[day.month - 1]))


def short_weekdays_days_months(days: Iterable[date]) -> list[str]:
    """Return `Thu 12 Mar` for each of many days; the words are looked up once for all."""
    weekdays, months = list(map(_, SHORT_WEEKDAYS)), list(map(_, SHORT_MONTHS))
    day_pattern, pattern = _("%(day)s %(month)s"), _("%(weekday)s %(day)s")
    return [
        pattern
        % {
            "weekday": weekdays[day.weekday()],
            "day": day_pattern % {"day": day.day, "month": months[day.month - 1]},
        }
        for day in days
    ]


def month_year(day: date) -> str:
    """Return `March 2026`."""
    return _("%(month)s %(year)s", month=month(day), year=day.year)


def short_month_year(day: date) -> str:
    """Return `Mar 2026`."""
    return _("%(month)s %(year)s", month=_(SHORT_MONTHS[day.month - 1]), year=day.year)


def day_month_year(day: date) -> str:
    """Return `12 March 2026`."""
    return _("%(day)s %(month)s %(year)s", day=day.day, month=month(day), year=day.year)


def weekday_day_month(day: date, *, year: bool = False) -> str:
    """Return `Thursday 12 March`, or `Thursday 12 March 2026`, whose year stays with its day."""
    text = day_month_year(day).replace(" ", NO_BREAK_SPACE) if year else day_month(day)
    return _("%(weekday)s %(day)s", weekday=weekday(day), day=text)
