"""What msgspec leaves out of a JSON Schema, and generators of clients need."""

from typing import Any

TYPES = {bool: "boolean", int: "integer", str: "string"}


def typed(schema: Any) -> Any:
    """Return a JSON Schema in which each `enum` has its type, and no field has a default.

    msgspec writes `{"enum": [true]}`, for which openapi-python-client makes no model. That a field
    may be left out is said by `required`; openapi-typescript wants every field with a default sent,
    and `null` is the default of fields that are no `null` when they are there.
    """
    if isinstance(schema, list):
        return [typed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: typed(value) for name, value in schema.items() if name != "default"}
    return plain | _type_of(plain["enum"]) if isinstance(plain.get("enum"), list) else plain


def _type_of(values: list[Any]) -> dict[str, Any]:
    (kind,) = {type(value) for value in values}
    return {"type": TYPES[kind]}
