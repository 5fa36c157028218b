"""The models of the API's responses, for the OpenAPI description and for tests.

The names of the classes are the names of the schemas in the description.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from stats.user_stats import SUMMARY_LENGTH
from stats.web.http.error_pages import CSRF_CODE, HTTP_CODES, STATUS

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
# Of all errors that an answer may carry.
CODES = sorted({*HTTP_CODES.values(), CSRF_CODE, *(kind.code for kind in STATUS)})
Cursor = Annotated[str, Meta(description="For the next page, where there is one.")]
Plan = Literal["Free", "Plus", "Premium"]


class Recent(Struct):
    timestamp: Time
    summary: Annotated[str, Meta(max_length=SUMMARY_LENGTH)]


class Stats(Struct):
    conversations: Annotated[int, Meta(ge=0)]
    mood_score: Annotated[float, Meta(ge=0, le=10)]
    days_active: Annotated[int, Meta(ge=1)]
    recent_conversations: Annotated[list[Recent], Meta(max_length=3)]
    plan: Plan
    streak: Annotated[int, Meta(ge=0)]
    longest_streak: Annotated[int, Meta(ge=0)]
    mood_updated_at: Time | None


class Dashboard(Struct):
    success: Literal[True]
    data: Stats


class Changed(Struct):
    success: Literal[True]
    message: str
    data: Stats


class Done(Struct):
    success: Literal[True]
    message: str


class Entry(Struct, omit_defaults=True):
    id: str
    score: Annotated[float, Meta(ge=0, le=10)]
    timestamp: Time
    note: str = ""
    tags: list[str] = []


class Summary(Struct, rename="camel"):
    average: float | None
    highest: float | None
    lowest: float | None
    trend: Literal["improving", "declining", "stable"] | None
    total_entries: int


class History(Struct, rename="camel", omit_defaults=True):
    success: Literal[True]
    history: list[Entry]
    stats: Summary
    next_cursor: Cursor = ""


class Chat(Struct, rename="camel"):
    chat_id: str
    title: str
    message_count: int
    saved_at: Time


class Saved(Chat, rename="camel"):
    success: Literal[True]
    tags: list[str]


class Chats(Struct, rename="camel", omit_defaults=True):
    success: Literal[True]
    chats: list[Chat]
    next_cursor: Cursor = ""


class WholeChat(Saved, rename="camel"):
    summary: str
    messages: list[dict[str, Any]]


class Daily(Struct):
    daily_conversations: int


class DailyLimit(Struct):
    daily_conversations: int | None


class Given(Struct):
    success: Literal[True]
    plan: Plan
    limits: DailyLimit
    used: Daily


class FoundUser(Struct, rename="camel"):
    user_id: str


class SignInLink(Struct):
    url: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
    expires: Time


class Error(Struct, omit_defaults=True):
    error: Annotated[str, Meta(description="A sentence for people; it may change.")]
    code: Annotated[str, Meta(description=f"For programs; more may come: {', '.join(CODES)}.")]
    field: Annotated[str, Meta(description="The field or parameter at fault, if one is.")] = ""
