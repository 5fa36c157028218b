"""The JSON bodies of the API, and how they are read: strictly.

The same models make the OpenAPI description. msgspec checks types without coercion; what it would
let through (duplicate keys, NUL, lone surrogates, -0) is refused or made harmless in
`stats.strict` and `stats.text`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from flask import abort, request
from msgspec import Meta, Struct

from stats.errors import InvalidInput
from stats.export.archive_format import Message, Tag
from stats.lib.strict_json import parse
from stats.web.http.request_body import body_data

ID_PATTERN = "^[A-Za-z0-9_.:@|-]{1,128}$"
Score = Annotated[float, Meta(ge=0, le=10, description="A mood, kept to one decimal.")]
Note = Annotated[str, Meta(max_length=280)]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with offset, not in the future.")]
ChatId = Annotated[str, Meta(pattern=ID_PATTERN)]
UserId = Annotated[str, Meta(pattern=ID_PATTERN)]
Title = Annotated[str, Meta(max_length=1000)]


class MoodBody(Struct, forbid_unknown_fields=True):
    """A mood; without `at` it is as of now."""

    score: Score
    note: Note = ""
    at: Moment | None = None


class PlanBody(Struct, forbid_unknown_fields=True):
    """A plan granted by an operator; Free takes the grant away."""

    plan: Literal["Free", "Plus", "Premium"]


class ChatBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """A conversation to save."""

    messages: list[Message]
    chat_id: ChatId | None = None
    title: Title | None = None
    summary: str | None = None
    tags: Annotated[list[Tag], Meta(max_length=20)] = []
    user_id: UserId | None = None


Body = TypeVar("Body", bound=Struct)


def read_body(kind: type[Body]) -> Body:
    """Return the request's body as `kind`; raises InvalidInput, or aborts with 415 or 413."""
    return convert(read_json(), kind)


def convert(value: Any, kind: type[Body]) -> Body:
    """Return a decoded JSON value as `kind`; raises InvalidInput."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidInput(f"{error}.") from None


def no_fields() -> None:
    """Refuse fields where none are asked for; raises InvalidInput, or aborts with 415 or 413."""
    if request.content_length and read_json() != {}:
        raise InvalidInput("This takes no fields.")


def read_json() -> Any:
    """Return the decoded JSON body: an object of storable text without a key twice."""
    if request.mimetype != "application/json":
        abort(415, "Send the body as application/json.")
    return parse(body_data(request.environ))
