"""The words on the screen: what marks them, and the one place where a language comes in.

Templates say `{{ _('…') }}` and `ngettext`, modules of this package call `_` and `ngettext` when
they have something to show, and constants and the domain mark with `N_`, `both` and `Sentence`
what is translated once it is shown. app.js keeps its own words at its top. `make strings` collects
all of them in build/messages.pot.

English needs no catalogue: the null translations of the standard library give every text back. To
add a language, translate that file, compile it (`pybabel compile`), and let `spoken` return its
`gettext.translation(…)`, made once, for the language of the request; everything else stands. Names
of days and months and the order within a date are patterns like any other and live below.
"""

import gettext as catalogues
import re
from datetime import date
from typing import Any

from flask import Flask

from stats.sentences import N_, Sentence

ENGLISH = catalogues.NullTranslations()

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
# What follows the amount of a price, as Stripe's prices and the settings put it.
PERIODS = (
    *(N_("a day"), N_("a week"), N_("a month"), N_("a year")),
    *(N_("every %(num)s days"), N_("every %(num)s weeks")),
    *(N_("every %(num)s months"), N_("every %(num)s years")),
)


def init_app(app: Flask) -> None:
    """Give the templates the words."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(_look_up, _look_up_plural, newstyle=True)
    app.jinja_env.globals.update(
        language=language,
        weekday=weekday,
        short_weekday=short_weekday,
        day_month=day_month,
        cell=cell,
        short_day_month=short_day_month,
        month_year=month_year,
        day_month_year=day_month_year,
        weekday_day_month=weekday_day_month,
        price_parts=price_parts,
    )


def spoken() -> catalogues.NullTranslations:
    """Return the translations into the language of this request: so far it is always English."""
    return ENGLISH


def language() -> str:
    """Return the language that is spoken, as the `lang` attribute wants it."""
    return spoken().info().get("language", "en").replace("_", "-")


def _look_up(text: str) -> str:
    return spoken().gettext(text)


def _look_up_plural(one: str, many: str, num: int) -> str:
    return spoken().ngettext(one, many, num)


def gettext(text: str, **values: object) -> str:
    """Return `text` in the language that is spoken, with the values put in."""
    if isinstance(text, Sentence):
        values = {
            name: gettext(value) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        if text.many:
            return _look_up_plural(text.one, text.many, text.values["num"]) % values
        text = text.one
    said = _look_up(text) if text else ""
    return said % values if values else said


_ = gettext


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return one of two texts by `num` in the language that is spoken, with the values put in."""
    return _look_up_plural(one, many, num) % {"num": num, **values}


def reason(error: Exception) -> str:
    """Return the sentence of a domain error in the language that is spoken."""
    # str() of the error would forget the pattern of the sentence.
    return gettext(error.args[0]) if error.args else ""


def weekday(day: date) -> str:
    """Return `Thursday`."""
    return _(WEEKDAYS[day.weekday()])


def short_weekday(day: date) -> str:
    """Return `Thu`."""
    return _(SHORT_WEEKDAYS[day.weekday()])


def _month(day: date) -> str:
    return _(MONTHS[day.month - 1])


def day_month(day: date, today: date | None = None) -> str:
    """Return `12 March`, with the year if it is not that of `today`."""
    if today is not None and day.year != today.year:
        return day_month_year(day)
    return _("%(day)s %(month)s", day=day.day, month=_month(day))


def short_day_month(day: date) -> str:
    """Return `12 Mar`."""
    return _("%(day)s %(month)s", day=day.day, month=_(SHORT_MONTHS[day.month - 1]))


def month_year(day: date) -> str:
    """Return `March 2026`."""
    return _("%(month)s %(year)s", month=_month(day), year=day.year)


def day_month_year(day: date) -> str:
    """Return `12 March 2026`."""
    return _("%(day)s %(month)s %(year)s", day=day.day, month=_month(day), year=day.year)


def weekday_day_month(day: date, *, year: bool = False) -> str:
    """Return `Thursday 12 March`, or `Thursday 12 March 2026`."""
    return _(
        "%(weekday)s %(day)s",
        weekday=weekday(day),
        day=(day_month_year if year else day_month)(day),
    )


def cell(day: date, mean: float | None) -> str:
    """Return what one cell of the year says: `12 Mar, 6.5`, or that nothing was logged."""
    if mean is not None:
        return _("%(day)s, %(score)s", day=short_day_month(day), score=f"{mean:g}")
    return _("%(day)s, not logged", day=short_day_month(day))


def price_parts(text: str) -> tuple[str, str]:
    """Return the amount of a price and the rest: `£6`, `a month`."""
    found = re.fullmatch(r"(.*?) ((?:a|every) .*)", text, re.DOTALL)
    if found is None:
        return text, ""
    amount, period = found.groups()
    number = re.match(r"every (\d+) ", period)
    if number is None:
        return amount, _(period) if period in PERIODS else period
    pattern = period.replace(number[1], "%(num)s", 1)
    return amount, _(pattern, num=number[1]) if pattern in PERIODS else period
