"""The OpenAPI 3.1 description, made from the models that the routes read their bodies with."""

from functools import cache
from typing import Any, NamedTuple

import msgspec

from stats.web.bodies import ChatBody, MoodBody, PlanBody
from stats.web.replies import (
    Changed,
    Chats,
    Dashboard,
    Delivery,
    Done,
    Error,
    FoundUser,
    Given,
    History,
    Received,
    Saved,
    WholeChat,
)

WEBHOOK = "/api/webhooks/stripe"
SERVICE: list[dict[str, list[str]]] = [{"serviceKey": []}]
EITHER: list[dict[str, list[str]]] = [{"serviceKey": []}, {"session": []}]
ID_PATTERN = "^[A-Za-z0-9_.:@|-]{1,128}$"
USER_ID = {
    "name": "userId",
    "in": "query",
    "description": "Required with a service key; with a session it may be left out.",
    "schema": {"type": "string", "pattern": ID_PATTERN},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated change with the same key counts once; the last 64 are remembered.",
    "schema": {"type": "string", "maxLength": 255},
}
SIGNATURE = {
    "name": "Stripe-Signature",
    "in": "header",
    "required": True,
    "description": "https://docs.stripe.com/webhooks/signature",
    "schema": {"type": "string"},
}


class Route(NamedTuple):
    """One route of the API as the description needs it."""

    method: str
    path: str
    summary: str
    body: type | None
    reply: type
    security: list[dict[str, list[str]]]
    parameters: list[Any]


ROUTES = [
    Route("get", "/api/dashboard", "The stats", None, Dashboard, EITHER, [USER_ID]),
    Route(
        "get", "/api/mood", "The mood history", None, History, EITHER, [USER_ID, "limit", "days"]
    ),
    Route("patch", "/api/mood", "Record a mood", MoodBody, Changed, EITHER, [USER_ID, KEY]),
    Route("patch", "/api/plan", "Grant a plan", PlanBody, Changed, SERVICE, [USER_ID, KEY]),
    Route("get", "/api/entitlements", "What the plan gives", None, Given, EITHER, [USER_ID]),
    Route("post", "/api/login", "Count today as active", None, Changed, SERVICE, [USER_ID]),
    Route("post", "/api/chat/save", "Save a conversation", ChatBody, Saved, EITHER, [USER_ID, KEY]),
    Route("get", "/api/chat", "The saved conversations", None, Chats, EITHER, [USER_ID]),
    Route("get", "/api/chat/{chatId}", "One conversation", None, WholeChat, EITHER, [USER_ID]),
    Route("delete", "/api/chat/{chatId}", "Delete a conversation", None, Done, EITHER, [USER_ID]),
    Route("get", "/api/users", "Find a user by e-mail", None, FoundUser, SERVICE, ["email"]),
    Route("delete", "/api/users/{userId}", "Delete a user", None, Done, SERVICE, []),
    Route("post", WEBHOOK, "Take a delivery from Stripe", Delivery, Received, [], [SIGNATURE]),
]
REFUSALS = {
    "400": "The input is not valid; nothing was changed.",
    "401": "No credentials, or wrong ones.",
    "403": "Another user's data, or a service key is needed.",
    "404": "There is no such thing.",
    "413": "The body is larger than 256 KiB.",
    "415": "The body is not application/json.",
    "429": "Too much was asked in a short time; see Retry-After.",
    "503": "The store or Stripe does not answer just now; see Retry-After.",
}
HEADERS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


@cache
def description() -> dict[str, Any]:
    """Return the description as a JSON object."""
    models = [model for route in ROUTES for model in (route.body, route.reply) if model] + [Error]
    refs, components = msgspec.json.schema_components(
        models, ref_template="#/components/schemas/{name}"
    )
    schema = dict(zip(models, refs, strict=True))
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route, schema)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aira Stats", "version": "1"},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _schemes()},
    }


def _operation(route: Route, schema: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "security": route.security,
        "parameters": [_parameter(item) for item in route.parameters] + _in_path(route.path),
        "responses": {"200": _content("Done", schema[route.reply])}
        | {code: _refusal(code, why, schema[Error]) for code, why in REFUSALS.items()},
    }
    if route.body:
        body = {"application/json": {"schema": schema[route.body]}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameter(item: Any) -> Any:
    if item == "email":
        return {"name": item, "in": "query", "required": True, "schema": {"type": "string"}}
    if isinstance(item, str):
        most = 1000 if item == "limit" else 3660
        whole = {"type": "integer", "minimum": 1, "maximum": most, "default": 30}
        return {"name": item, "in": "query", "schema": whole}
    return item


def _in_path(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": ID_PATTERN}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _content(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusal(code: str, why: str, schema: Any) -> dict[str, Any]:
    answer = _content(why, schema)
    if header := HEADERS.get(code):
        answer["headers"] = {header: {"schema": {"type": "string"}}}
    return answer


def _schemes() -> dict[str, Any]:
    return {
        "serviceKey": {"type": "http", "scheme": "bearer"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "session",
            "description": "The cookie of a logged-in browser; changes also send X-CSRFToken.",
        },
    }
