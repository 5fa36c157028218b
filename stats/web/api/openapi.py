"""The OpenAPI 3.1 description, made from the models that the routes read their bodies with."""

import re
from functools import cache
from typing import Any, NamedTuple

import msgspec

from stats.web.api import examples
from stats.web.api.request_models import ChatBody, MoodBody, PlanBody
from stats.web.api.response_models import (
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
    SignInLink,
    WholeChat,
)

WEBHOOK, LINK = "/api/webhooks/stripe", "/api/users/{userId}/link"
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
    Route("post", LINK, "Make a sign-in link", None, SignInLink, SERVICE, []),
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
# What a person has to know and the models do not say.
DESCRIPTIONS = {
    ("patch", "/api/mood"): "The score of the entry with the latest `at` is the one that is shown.",
    ("patch", "/api/plan"): "A grant is kept apart from what is paid for: the higher one counts, "
    "and `Free` takes the grant away.",
    ("get", "/api/entitlements"): "A limit of `null` is no limit. Nobody is stopped by this "
    "service: ask before a conversation begins.",
    ("post", "/api/login"): "The user came to Aira; a day counts once.",
    ("post", "/api/chat/save"): "Saving one `chatId` again updates it and counts once. `userId` "
    "may stand in the body instead.",
    ("delete", "/api/chat/{chatId}"): "The count of conversations stays.",
    ("post", LINK): "The address lets whoever opens it in as this user, once, for ten minutes: "
    "hand it to nobody else and keep it nowhere. An id with stats but no account is given one "
    "without password and address. Two-factor is still asked for.",
    ("delete", "/api/users/{userId}"): "Subscriptions at Stripe are ended first.",
    ("post", WEBHOOK): "For Stripe alone: the signature is the credential.",
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
    called = (route.method, route.path)
    parameters = [_parameter(item) for item in route.parameters] + _in_path(route.path)
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.summary,
        "security": route.security,
        "parameters": [_with_example(item) for item in parameters],
        "responses": {"200": _content("Done", schema[route.reply], examples.ANSWERS[called])}
        | {code: _refusal(code, why, schema[Error]) for code, why in REFUSALS.items()},
    }
    if description := DESCRIPTIONS.get(called):
        operation["description"] = description
    if route.body:
        content = _json(schema[route.body], examples.BODIES[called])
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _name(route: Route) -> str:
    """Return `getMood` or `deleteChatByChatId`, by which generated clients call the operation."""
    words = re.findall(r"[A-Za-z]+", route.path.removeprefix("/api/").replace("{", "{By/"))
    return route.method + "".join(word[0].upper() + word[1:] for word in words)


def _parameter(item: Any) -> Any:
    if item == "email":
        return {"name": item, "in": "query", "required": True, "schema": {"type": "string"}}
    if isinstance(item, str):
        most = 1000 if item == "limit" else 3660
        whole = {"type": "integer", "minimum": 1, "maximum": most, "default": 30}
        return {"name": item, "in": "query", "schema": whole}
    return item


def _with_example(item: dict[str, Any]) -> dict[str, Any]:
    example = examples.VALUES.get(item["name"])
    return item if example is None else {**item, "example": example}


def _in_path(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": ID_PATTERN}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _content(description: str, schema: Any, example: Any) -> dict[str, Any]:
    return {"description": description, "content": _json(schema, example)}


def _json(schema: Any, example: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "example": example}}


def _refusal(code: str, why: str, schema: Any) -> dict[str, Any]:
    answer = _content(why, schema, examples.ERROR)
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
