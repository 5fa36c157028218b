"""JSON from outside, read strictly: storable text, finite numbers, no key twice, not too deep."""

import json
import math
from typing import Any

from stats.errors import InvalidInput
from stats.lib.messages import N_, lazy_gettext
from stats.lib.text import clean_json

# What is saved must be readable later, whatever the stack is then: far from Python's own limit.
MAX_DEPTH = 64


def parse(data: bytes, name: str = N_("The body")) -> Any:
    """Return the decoded JSON value; raises InvalidInput, whose sentence begins with `name`."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_float=_float,
        )
        return clean_json(_shallow(value), name)
    except RecursionError:
        raise InvalidInput(lazy_gettext("%(name)s is nested too deeply.", name=name)) from None
    except _Refused as error:
        raise InvalidInput(lazy_gettext(error.args[0], name=name, number=error.args[-1])) from None
    except ValueError:
        raise InvalidInput(lazy_gettext("%(name)s is not valid JSON.", name=name)) from None


class _Refused(Exception):
    """Valid JSON of a kind that is not taken: the pattern of a sentence, perhaps with a number."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Refused(N_("%(name)s names a field twice."))
    return result


def _constant(name: str) -> Any:
    raise _Refused(N_("%(name)s holds %(number)s, which is not a JSON number."), name)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(N_("%(name)s holds a number that is too large."))
    return value


def _shallow(value: Any, depth: int = MAX_DEPTH) -> Any:
    if isinstance(value, dict | list):
        if not depth:
            raise _Refused(N_("%(name)s is nested too deeply."))
        for item in value.values() if isinstance(value, dict) else value:
            _shallow(item, depth - 1)
    return value
