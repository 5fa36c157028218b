"""Messages made outside a request: English now, translated when they are rendered.

The API answers them in English; `stats.web.templating.translation` translates them. `make strings`
collects the arguments of `N_`, `ngettext_noop`, `lazy_gettext` and `lazy_ngettext` for translators.
"""

from typing import Any


def N_(text: str) -> str:
    """Return `text` unchanged; marks it for extraction only."""
    return text


def ngettext_noop(singular: str, plural: str) -> tuple[str, str]:
    """Return both forms of a pattern unchanged; marks them for extraction only."""
    return singular, plural


class LazyMessage(str):
    """An English text that keeps the pattern and the values from which it can be translated.

    `plural` is "" for a pattern without a plural form; otherwise `values["num"]` chooses the form.
    """

    singular: str
    plural: str
    values: dict[str, Any]

    def __new__(cls, singular: str, plural: str, values: dict[str, Any]) -> "LazyMessage":
        """Return the message; raises KeyError for a placeholder without a value."""
        pattern = plural if plural and values["num"] != 1 else singular
        message = super().__new__(cls, pattern % values)
        message.singular, message.plural, message.values = singular, plural, values
        return message


def lazy_gettext(text: str, /, **values: Any) -> LazyMessage:
    """Return a message by a pattern such as `%(name)s is not valid JSON.` and its values."""
    return LazyMessage(text, "", values)


def lazy_ngettext(singular: str, plural: str, /, num: int, **values: Any) -> LazyMessage:
    """Return a message by one of two patterns, chosen by `num`."""
    return LazyMessage(singular, plural, {"num": num, **values})
