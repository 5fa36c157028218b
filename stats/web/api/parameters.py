"""The parameters of the routes as OpenAPI objects, and `@documented_for_user(...)`."""

from collections.abc import Callable, Sequence
from typing import Any

from stats.web.api.idempotency import KEY_LENGTH
from stats.web.api.models.request_models import ANCHORED_ID
from stats.web.http.documented import SERVICE_KEY_OR_SESSION, View, documented

USER_ID: dict[str, Any] = {
    "name": "userId",
    "in": "query",
    "description": "Required with a service key; with a session it may be left out.",
    "schema": {"type": "string", "pattern": ANCHORED_ID},
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
    "description": "A repeated change with the same key counts once; the last 64 are remembered. "
    "The same key with other content is a 422.",
    "schema": {"type": "string", "maxLength": KEY_LENGTH},
}
CSRF_TOKEN: dict[str, Any] = {
    "name": "X-CSRFToken",
    "in": "header",
    "description": "The token of the page. Required with a session, not with a service key.",
    "schema": {"type": "string"},
}


def whole_number(name: str, default: int | None, maximum: int) -> dict[str, Any]:
    """Return a query parameter that is a whole number from 1 to `maximum`."""
    schema = {"type": "integer", "minimum": 1, "maximum": maximum}
    if default is not None:
        schema["default"] = default
    return {"name": name, "in": "query", "schema": schema}


def in_path(name: str) -> dict[str, Any]:
    """Return a path parameter that is an id."""
    schema = {"type": "string", "pattern": ANCHORED_ID}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def documented_for_user(
    summary: str, *, parameters: Sequence[dict[str, Any]] = (), **kwargs: Any
) -> Callable[[View], View]:
    """Describe a view that takes a service key or a session, and `userId`.

    `kwargs` are those of `documented`.
    """
    return documented(
        summary, security=SERVICE_KEY_OR_SESSION, parameters=[USER_ID, *parameters], **kwargs
    )
