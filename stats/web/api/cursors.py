"""Cursors: where a page of a list ended. What they hold is ours to change."""

import base64
import re
from typing import Any

from flask import request

from stats.errors import InvalidInput


def cursor_parameter(example: str) -> dict[str, Any]:
    """Return the query parameter as an OpenAPI object."""
    return {
        "name": "cursor",
        "in": "query",
        "description": "The `nextCursor` of the answer before, to go on after it.",
        "schema": {"type": "string"},
        "example": example,
    }


def encode(*parts: str) -> str:
    """Return a cursor; no part holds a space."""
    return base64.urlsafe_b64encode(" ".join(parts).encode()).rstrip(b"=").decode()


def read_cursor(pattern: str) -> list[str]:
    """Return the parts of the request's cursor, [] without one.

    `pattern` is what they are, with spaces between. Raises InvalidInput.
    """
    if (text := request.args.get("cursor")) is None:
        return []
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        decoded = ""
    parts = decoded.split(" ")
    if not re.fullmatch(pattern, decoded) or encode(*parts) != text:
        raise InvalidInput("cursor must be the nextCursor of an answer of this list.", "cursor")
    return parts


def is_paged() -> bool:
    """Return whether the request asks for pages: who does not, gets the answer that always was."""
    return "limit" in request.args or "cursor" in request.args
