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

from stats.lib.messages import N_, Sentence

ENGLISH = catalogues.NullTranslations()
# What follows the amount of a price, as Stripe's prices and the settings put it.
PERIODS = (
    *(N_("a day"), N_("a week"), N_("a month"), N_("a year")),
    *(N_("every %(num)s days"), N_("every %(num)s weeks")),
    *(N_("every %(num)s months"), N_("every %(num)s years")),
)


def spoken() -> catalogues.NullTranslations:
    """Return the translations into the language of this request: so far it is always English."""
    return ENGLISH


def language() -> str:
    """Return the language that is spoken, as the `lang` attribute wants it."""
    return spoken().info().get("language", "en").replace("_", "-")


def look_up(text: str) -> str:
    return spoken().gettext(text)


def look_up_plural(one: str, many: str, num: int) -> str:
    return spoken().ngettext(one, many, num)


def gettext(text: str, **values: object) -> str:
    """Return `text` in the language that is spoken, with the values put in."""
    if isinstance(text, Sentence):
        values = {
            name: gettext(value) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        if text.many:
            return look_up_plural(text.one, text.many, text.values["num"]) % values
        text = text.one
    said = look_up(text) if text else ""
    return said % values if values else said


_ = gettext


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """Return one of two texts by `num` in the language that is spoken, with the values put in."""
    return look_up_plural(one, many, num) % {"num": num, **values}


def reason(error: Exception) -> str:
    """Return the sentence of a domain error in the language that is spoken."""
    # str() of the error would forget the pattern of the sentence.
    return gettext(error.args[0]) if error.args else ""


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
