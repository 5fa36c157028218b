"""What is wrong with a body, in sentences of ours: they name the field and what it takes.

msgspec says only whether a value fits; its own messages are made for programmers in Python.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

from stats.errors import InvalidInput
from stats.lib.text import cut

NAME_LENGTH = 50
EXAMPLE = "2026-03-12T19:30:00+01:00"
ID_WORDS = "1 to 128 letters, digits or _ . : @ | - characters"
NOT_DOTS = " (neither . nor .. alone)"

Model = TypeVar("Model", bound=Struct)


def convert(value: Any, model: type[Model]) -> Model:
    """Return a decoded JSON value as a `model`; raises InvalidInput."""
    try:
        return msgspec.convert(value, model)
    except msgspec.ValidationError:
        raise next(_faults(value, model), InvalidInput("The body is not valid.")) from None
    except RecursionError:
        raise InvalidInput("The body is nested too deeply.") from None


def listed(words: Sequence[str], conjunction: str) -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def _faults(value: Any, model: type[Struct], path: str = "") -> Iterator[InvalidInput]:
    if not isinstance(value, dict):
        place = path.rstrip(".")
        yield InvalidInput(f"{place or 'The body'} must be an object.", place or None)
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
    if model.__struct_config__.forbid_unknown_fields:
        yield from _unknown(value, list(fields))
    for name, field in fields.items():
        if name in value:
            yield from _faults_of(value[name], field.type, path + name)
        elif field.required:
            kind = expected(inspect.type_info(field.type))
            yield InvalidInput(f"{path}{name} is missing. It must be {kind}.", path + name)


def _unknown(value: dict[str, Any], known: list[str]) -> Iterator[InvalidInput]:
    for name in value:
        if name not in known:
            name = cut(name, NAME_LENGTH)
            takes = f"This takes {listed(known, 'and')}."
            yield InvalidInput(f"There is no field {name}. {takes}", name)


def _faults_of(value: Any, kind: Any, name: str) -> Iterator[InvalidInput]:
    if _fits(value, kind):
        return
    info = _without_metadata(inspect.type_info(kind))
    items = _without_metadata(info.item_type) if isinstance(info, inspect.ListType) else None
    if isinstance(items, inspect.StructType) and isinstance(value, list):
        for number, item in enumerate(value):
            if not _fits(item, items.cls):
                yield from _faults(item, items.cls, f"{name}[{number}].")
    yield InvalidInput(f"{name} must be {expected(info)}.", name)


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _without_metadata(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def expected(info: inspect.Type) -> str:
    """Return what a type takes, in words: `a number from 0 to 10`."""
    match _without_metadata(info):
        case inspect.UnionType(types):
            return listed([expected(option) for option in types], "or")
        case inspect.LiteralType(values):
            return listed([json.dumps(value) for value in values], "or")
        case inspect.StructType(fields=fields):
            names = [field.encode_name for field in fields if field.required]
            return f"an object with {listed(names, 'and')}"
        case inspect.ListType() as items:
            return f"a list of {_size(items)}, each {expected(items.item_type)}"
        case inspect.FloatType() as number:
            return f"a number from {number.ge} to {number.le}"
        case inspect.StrType() as text:
            return _text(text)
        case inspect.DateTimeType():
            return f"a date and time with an offset, such as {EXAMPLE}"
        case inspect.NoneType():
            return "null"
    return "of another type"


def _text(text: inspect.StrType) -> str:
    if text.pattern:
        return ID_WORDS + (NOT_DOTS if text.pattern.startswith("^(?!") else "")
    if text.min_length is None and text.max_length is None:
        return "text"
    return f"text of {_range(text.min_length, text.max_length)} characters"


def _size(items: inspect.ListType) -> str:
    return "at least one" if items.max_length is None else f"at most {items.max_length}"


def _range(least: int | None, most: int | None) -> str:
    return f"{least} to {most}" if least else f"at most {most}"
