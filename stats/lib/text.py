"""Text on its way into and out of Redis: names, notes, titles, messages, ids."""

import re
from collections.abc import Sequence
from typing import Any

from stats.errors import InvalidInput
from stats.lib.messages import lazy_gettext

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
# An id of a user or a conversation. Braces and newlines are left out, so that no id can leave
# its Redis hash tag.
ID_PATTERN = r"[A-Za-z0-9_.:@|-]{1,128}"
_ID = re.compile(ID_PATTERN)


def clean(text: object, field: str, *, max_length: int | None = None) -> str:
    """Return `text` unchanged if it can be stored.

    `max_length` counts code points. Raises InvalidInput for a value that is no text,
    for NUL, for lone surrogates (which UTF-8 cannot carry, RFC 3629 section 3) and for a text that
    is too long.
    """
    if not isinstance(text, str):
        raise InvalidInput(lazy_gettext("%(field)s must be text.", field=field), field)
    if _FORBIDDEN.search(text):
        raise InvalidInput(
            lazy_gettext("%(field)s holds a character that cannot be stored.", field=field), field
        )
    if max_length is not None and len(text) > max_length:
        raise InvalidInput(
            lazy_gettext(
                "%(field)s can have %(most)s characters at most.", field=field, most=max_length
            ),
            field,
        )
    return text


def clean_json(value: Any, field: str) -> Any:
    """Return a decoded JSON value once every string and key within it has passed `clean`."""
    if isinstance(value, str):
        clean(value, field)
    elif isinstance(value, list):
        for item in value:
            clean_json(item, field)
    elif isinstance(value, dict):
        for key, item in value.items():
            clean(key, field)
            clean_json(item, field)
    return value


def cut(text: str, length: int) -> str:
    """Return the first `length` code points of `text`."""
    return text[:length]


def check_id(value: object, field: str = "userId") -> str:
    """Return `value` if it is an id of 1 to 128 characters of A-Z a-z 0-9 _ . : @ | -.

    Braces and newlines are outside, so that no id can leave its Redis hash tag.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidInput(
            f"{field} must be 1 to 128 letters, digits or _ . : @ | - characters.", field
        )
    return value


def as_text(reply: Any) -> str:
    """Return a Redis reply as text, whether or not the client decodes answers."""
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def texts(reply: Sequence[Any]) -> Sequence[Any]:
    """Return the items of a Redis reply as text, those that are missing as None."""
    if bytes in map(type, reply):
        return [item.decode() if isinstance(item, bytes) else item for item in reply]
    return reply
