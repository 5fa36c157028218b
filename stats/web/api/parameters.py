"""The parameters of the routes, as the OpenAPI description names them."""

from typing import Any

from stats.web.api.idempotency import KEY_LENGTH
from stats.web.api.request_models import ID_PATTERN

USER_ID: dict[str, Any] = {
    "name": "userId",
    "in": "query",
    "description": "Required with a service key; with a session it may be left out.",
    "schema": {"type": "string", "pattern": ID_PATTERN},
}
EMAIL: dict[str, Any] = {
    "name": "email",
    "in": "query",
    "required": True,
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated change with the same key counts once; the last 64 are remembered.",
    "schema": {"type": "string", "maxLength": KEY_LENGTH},
}


def whole_number(name: str, default: int, maximum: int) -> dict[str, Any]:
    """Return a parameter of the query that is a whole number from 1 to `maximum`."""
    schema = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}
    return {"name": name, "in": "query", "schema": schema}


def in_path(name: str) -> dict[str, Any]:
    """Return a parameter of the path, which is an id."""
    schema = {"type": "string", "pattern": ID_PATTERN}
    return {"name": name, "in": "path", "required": True, "schema": schema}
