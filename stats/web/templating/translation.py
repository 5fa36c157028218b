"""Translation of the texts on the screen: gettext for templates, views and lazy messages.

Templates call `{{ _('…') }}` and `ngettext`; modules of this package call `_` and `ngettext` where
they render; constants and the domain use `N_`, `ngettext_noop`, `lazy_gettext` and `lazy_ngettext`
(stats/lib/messages.py). app.js keeps its own texts at its top. `make strings` extracts all of them
to build/messages.pot.

English needs no catalogue: the null translations of the standard library return every text as it
is. To add a language, translate that file, compile it (`pybabel compile`), and let
`get_translations` return its `gettext.translation(…)`, loaded once, for the language of the
request. The names of days and months and the order within a date are patterns like any other
(stats/web/templating/dates.py).
"""

import gettext as gettext_module
import re

from stats.lib.messages import N_, LazyMessage

ENGLISH = gettext_module.NullTranslations()
# What follows the amount of a price, as Stripe's prices and the settings put it.
PERIODS = (
    *(N_("a day"), N_("a week"), N_("a month"), N_("a year")),
    *(N_("every %(num)s days"), N_("every %(num)s weeks")),
    *(N_("every %(num)s months"), N_("every %(num)s years")),
)


def get_translations() -> gettext_module.NullTranslations:
    """Return the translations for the language of this request: so far it is always English."""
    return ENGLISH


def language() -> str:
    """Return the language of this request as the `lang` attribute takes it."""
    return get_translations().info().get("language", "en").replace("_", "-")


def translate(text: str) -> str:
    """Return the translation of a text, without values: what Jinja's i18n extension calls."""
    return get_translations().gettext(text)


def translate_plural(singular: str, plural: str, num: int) -> str:
    """Return the translation of the form for `num`, without values, for Jinja's i18n extension."""
    return get_translations().ngettext(singular, plural, num)


def gettext(text: str, **values: object) -> str:
    """Return the translation of `text` with `values` filled in.

    A LazyMessage brings its own values, which are translated too.
    """
    if isinstance(text, LazyMessage):
        values = {
            name: gettext(value) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        if text.plural:
            return translate_plural(text.singular, text.plural, text.values["num"]) % values
        text = text.singular
    # The empty text is the key of a catalogue's header.
    translated = translate(text) if text else ""
    return translated % values if values else translated


_ = gettext


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Return the translation of the form for `num`, with `num` and `values` filled in."""
    return translate_plural(singular, plural, num) % {"num": num, **values}


def error_message(error: Exception) -> str:
    """Return the translated message of a domain error, "" for one without a message."""
    # str(error) would be plain text and lose the pattern of a LazyMessage.
    return gettext(error.args[0]) if error.args else ""


def price_parts(text: str) -> tuple[str, str]:
    """Return the amount of a price and the rest: `£6`, `a month`."""
    match = re.fullmatch(r"(.*?) ((?:a|every) .*)", text, re.DOTALL)
    if match is None:
        return text, ""
    amount, period = match.groups()
    number = re.match(r"every (\d+) ", period)
    if number is None:
        return amount, _(period) if period in PERIODS else period
    pattern = period.replace(number[1], "%(num)s", 1)
    return amount, _(pattern, num=number[1]) if pattern in PERIODS else period
