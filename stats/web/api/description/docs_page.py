"""The template context of the API's documentation page, from its OpenAPI document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from shlex import quote
from typing import Any
from urllib.parse import urlencode

from stats.lib.messages import N_
from stats.web.api.description.openapi import description
from stats.web.api.parameters import CSRF_TOKEN

HEADER = "Authorization: Bearer $KEY"
# The first segment of a path below /api/ → the title of its group of operations.
TITLES = {
    "dashboard": N_("Stats"),
    "mood": N_("Moods"),
    "chat": N_("Conversations"),
    "entitlements": N_("Plans"),
    "plan": N_("Plans"),
    "login": N_("Users"),
    "users": N_("Users"),
    "webhooks": N_("Stripe"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter or a field of a body; `kind` is its type in words, `note` its description."""

    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `keys` are the names of its security schemes, empty without credentials."""

    anchor: str
    method: str
    path: str
    summary: str
    note: str
    keys: tuple[str, ...]
    parameters: tuple[Line, ...]
    fields: tuple[Line, ...]
    call: str
    answer: str


@lru_cache(maxsize=8)
def page_context(base: str) -> dict[str, Any]:
    """Return the context of `api/docs.html`; `base` is the URL of this site."""
    return {"groups": _groups(base), "refusals": _refusals(), "header": HEADER}


def _groups(base: str) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {title: [] for title in TITLES.values()}
    for path, methods in description()["paths"].items():
        title = TITLES[path.split("/")[2]]
        groups[title] += [_operation(base, method, path, raw) for method, raw in methods.items()]
    return groups


def _refusals() -> dict[str, str]:
    operations = (raw for methods in description()["paths"].values() for raw in methods.values())
    responses = {
        code: response for raw in operations for code, response in raw["responses"].items()
    }
    return {code: responses[code]["description"] for code in sorted(responses) if code != "200"}


def _operation(base: str, method: str, path: str, raw: dict[str, Any]) -> Operation:
    content = raw["responses"]["200"]["content"]["application/json"]
    return Operation(
        anchor=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw["summary"],
        note=raw.get("description", ""),
        keys=tuple(name for scheme in raw["security"] for name in scheme),
        parameters=tuple(_parameters(raw)),
        fields=tuple(_fields(raw)),
        call=_call(base, method, path, raw),
        answer=_pretty(content["example"]),
    )


def _parameters(raw: dict[str, Any]) -> Iterator[Line]:
    for item in raw["parameters"]:
        required, note = item.get("required", False), item.get("description", "")
        yield Line(item["name"], _kind(item["schema"]), required, note)


def _fields(raw: dict[str, Any]) -> Iterator[Line]:
    if "requestBody" not in raw:
        return
    model = _resolved(raw["requestBody"]["content"]["application/json"]["schema"])
    for name, schema in model["properties"].items():
        notes = (
            part["description"]
            for part in (schema, *schema.get("anyOf", ()))
            if "description" in part
        )
        yield Line(name, _kind(schema), name in model.get("required", ()), next(notes, ""))


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = description()["components"]["schemas"][name] if name else schema
    return resolved


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a schema in a few words: `number, 0 to 10`."""
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_kind(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return ", ".join([schema.get("format", schema.get("type", "any")), *_bounds(schema)])


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    if "maximum" in schema:
        yield f"{schema.get('minimum', 0)} to {schema['maximum']}"
    if "maxLength" in schema:
        yield f"up to {schema['maxLength']} characters"


def _call(base: str, method: str, path: str, raw: dict[str, Any]) -> str:
    """Return the request as a curl command for a shell."""
    values = {(item["in"], item["name"]): item.get("example") for item in raw["parameters"]}
    url = base.rstrip("/") + path
    for (location, name), value in values.items():
        url = url.replace(f"{{{name}}}", str(value)) if location == "path" else url
    query = {name: value for (location, name), value in values.items() if location == "query"}
    url += f"?{urlencode(query)}" if query else ""
    parts = ["curl" if method == "get" else f"curl -X {method.upper()}", *_headers(raw)]
    if "requestBody" in raw:
        example = raw["requestBody"]["content"]["application/json"]["example"]
        parts += ["-H 'Content-Type: application/json'", f"-d {quote(json.dumps(example))}"]
    return " \\\n  ".join([*parts, quote(url)])


def _headers(raw: dict[str, Any]) -> Iterator[str]:
    if raw["security"]:
        yield f'-H "{HEADER}"'
    for item in raw["parameters"]:
        # With a service key no token is needed.
        if item["in"] == "header" and item["name"] != CSRF_TOKEN["name"]:
            yield f"-H {quote(item['name'] + ': ' + str(item.get('example', '…')))}"


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
