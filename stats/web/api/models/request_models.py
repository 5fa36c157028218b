"""The models of the API's request bodies, which the OpenAPI description uses too.

msgspec validates types without coercion. What it accepts beyond that (duplicate keys, NUL, lone
surrogates, -0) is refused or normalised in `stats.lib.strict_json` and `stats.lib.text`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from flask import abort, request
from msgspec import Meta, Struct

from stats.conversations import TITLE_LENGTH
from stats.errors import InvalidInput
from stats.export.archive_format import Message, MoodTags, Tags
from stats.lib.strict_json import parse
from stats.lib.text import ID_PATTERN
from stats.moods.entries import NOTE_LENGTH
from stats.web.api.models.validation import convert
from stats.web.http.request_body import body_data

# The `$` of JSON Schema; `\Z` would be unknown to the clients that read the description.
ANCHORED_ID = f"^{ID_PATTERN}$"
Score = Annotated[float, Meta(ge=0, le=10, description="A mood, kept to one decimal.")]
Note = Annotated[str, Meta(max_length=NOTE_LENGTH)]
Moment = Annotated[datetime, Meta(tz=True, description="ISO 8601 with offset, not in the future.")]
ChatId = Annotated[
    str,
    Meta(
        pattern=ANCHORED_ID.replace("^", r"^(?!\.{1,2}$)"),
        description="Neither . nor .. alone, which browsers take out of an address.",
    ),
]
UserId = Annotated[str, Meta(pattern=ANCHORED_ID)]
Title = Annotated[str, Meta(max_length=TITLE_LENGTH)]


# What is read must be able to be seen; that white space cannot is what a schema can say of it.
Messages = Annotated[
    list[Message],
    Meta(
        min_length=1,
        description="At least one has content that can be seen; others may be empty.",
        extra_json_schema={
            "contains": {"properties": {"content": {"type": "string", "pattern": r"\S"}}}
        },
    ),
]


class MoodBody(Struct, forbid_unknown_fields=True):
    """A mood; without `at` it is as of now."""

    score: Score
    note: Note = ""
    tags: MoodTags = []
    at: Moment | None = None


class PlanBody(Struct, forbid_unknown_fields=True):
    """A plan granted by an operator; Free takes the grant away."""

    plan: Literal["Free", "Plus", "Premium"]


class ChatBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """A conversation to save."""

    messages: Messages
    chat_id: ChatId | None = None
    title: Title | None = None
    summary: str | None = None
    tags: Tags = []
    user_id: UserId | None = None


Body = TypeVar("Body", bound=Struct)


def read_body(model: type[Body]) -> Body:
    """Return the request's body as a `model`; raises InvalidInput, aborts with 400, 413 or 415."""
    return convert(read_json(), model)


def require_empty_body() -> None:
    """Accept no body or an empty object; raises InvalidInput, aborts with 400, 413 or 415."""
    if request.content_length and read_json() != {}:
        raise InvalidInput("This takes no fields.")


def read_json() -> Any:
    """Return the decoded JSON body, an object; raises InvalidInput, aborts with 400, 413 or 415."""
    if request.mimetype != "application/json":
        abort(415, "Send the body as application/json.")
    return parse(body_data(request.environ))
