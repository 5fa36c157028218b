"""The OpenAPI 3.1 document, built from the URL map and the documentation of the views."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from flask import current_app
from werkzeug.routing import Rule

from stats.web.api.description.schemas import typed
from stats.web.api.models import examples
from stats.web.api.models.response_models import Error
from stats.web.api.parameters import CSRF_TOKEN, IDEMPOTENCY_KEY, in_path
from stats.web.http.documented import SESSION, Documentation, documentation_of
from stats.web.http.error_pages import API_MESSAGES

# The error responses of every route.
ERROR_RESPONSES = {
    "400": "The input is not valid; nothing was changed.",
    "401": "No credentials, or wrong ones.",
    "403": "Another user's data, or a service key is needed.",
    "404": "There is no such thing.",
    "413": API_MESSAGES[413],
    "415": "The body is not application/json.",
    "429": "Too much was asked in a short time; see Retry-After.",
    "503": "The store or Stripe does not answer just now; see Retry-After.",
}
# How a route that takes an Idempotency-Key may refuse as well.
KEY_REUSED = {"422": "The Idempotency-Key was used before, with other content; nothing was done."}
SERVICE_KEY = {"type": "http", "scheme": "bearer"}
COOKIE = {
    "type": "apiKey",
    "in": "cookie",
    "description": "The cookie of a logged-in browser: `__Host-session` over HTTPS, `session` over "
    "plain HTTP. Changes also send X-CSRFToken.",
}
HEADERS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


class Route(NamedTuple):
    """One documented route."""

    method: str
    path: str
    documentation: Documentation


def routes() -> list[Route]:
    """Return the documented routes of the current app, in the order of its URL map."""
    return [route for rule in current_app.url_map.iter_rules() for route in _routes_of(rule)]


def _routes_of(rule: Rule) -> Iterator[Route]:
    documentation = documentation_of(current_app.view_functions[rule.endpoint])
    if documentation is None:
        return
    path = re.sub(r"<(\w+)>", lambda match: f"{{{_camel_case(match[1])}}}", rule.rule)
    for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
        yield Route(method.lower(), path, documentation)


def _camel_case(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


@cache
def description() -> dict[str, Any]:
    """Return the document as a JSON object; cached, for it is the same for every app."""
    documented = routes()
    schemas, components = _schemas([route.documentation for route in documented])
    paths: dict[str, Any] = {}
    for route in documented:
        paths.setdefault(route.path, {})[route.method] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aira Stats", "version": "1"},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"serviceKey": SERVICE_KEY}},
    }


def served_description(server: str, cookie: str) -> dict[str, Any]:
    """Return the document as one server has it: its address, and the name of its session cookie."""
    document = description()
    schemes = {**document["components"]["securitySchemes"], "session": {**COOKIE, "name": cookie}}
    components = {**document["components"], "securitySchemes": schemes}
    return {**document, "servers": [{"url": server}], "components": components}


def _schemas(documentations: list[Documentation]) -> tuple[dict[type, Any], dict[str, Any]]:
    """Return the `$ref` of each documented model, and the schemas that these refer to."""
    models = {
        model
        for documentation in documentations
        for model in (documentation.body, documentation.response)
        if model
    }
    models.add(Error)
    ordered = sorted(models, key=lambda model: model.__name__)
    references, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    return dict(zip(ordered, references, strict=True)), typed(components)


def _operation(route: Route, schemas: dict[type, Any]) -> dict[str, Any]:
    documentation = route.documentation
    parameters = _parameters(route)
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": documentation.summary,
        "security": documentation.security,
        "parameters": [_with_example(parameter) for parameter in parameters],
        "responses": {
            "200": _content("Done", schemas[documentation.response], documentation.response_example)
        }
        | {
            code: _error_response(code, text, schemas[Error])
            for code, text in _error_texts(documentation).items()
        },
    }
    if documentation.description:
        operation["description"] = documentation.description
    if documentation.body:
        content = _json(schemas[documentation.body], documentation.body_example)
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    documentation = route.documentation
    with_token = route.method != "get" and SESSION in documentation.security
    tokens = [CSRF_TOKEN] if with_token else []
    in_url = [in_path(name) for name in re.findall(r"{(\w+)}", route.path)]
    return [*documentation.parameters, *tokens, *in_url]


def _error_texts(documentation: Documentation) -> dict[str, str]:
    reused = KEY_REUSED if IDEMPOTENCY_KEY in documentation.parameters else {}
    return dict(sorted({**ERROR_RESPONSES, **reused}.items()))


def _operation_id(route: Route) -> str:
    """Return a name for generated clients: `getMood`, `deleteChatByChatId`."""
    words = re.findall(r"[A-Za-z]+", route.path.removeprefix("/api/").replace("{", "{By/"))
    return route.method + "".join(word[0].upper() + word[1:] for word in words)


def _with_example(item: dict[str, Any]) -> dict[str, Any]:
    example = examples.VALUES.get(item["name"])
    return item if example is None else {**item, "example": example}


def _content(description: str, schema: Any, example: Any) -> dict[str, Any]:
    return {"description": description, "content": _json(schema, example)}


def _json(schema: Any, example: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "example": example}}


def _error_response(code: str, text: str, schema: Any) -> dict[str, Any]:
    response = _content(text, schema, examples.ERROR)
    if header := HEADERS.get(code):
        response["headers"] = {header: {"schema": {"type": "string"}}}
    return response
