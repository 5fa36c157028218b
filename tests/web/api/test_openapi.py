"""The description of the API, and whether the API does what it says."""

import html
import json
import re
import shlex
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from stats.web.api.description import openapi
from tests.web.helpers import Browser

UNDESCRIBED = {"/api/openapi.json", "/api/docs"}
WEBHOOK = ("post", "/api/webhooks/stripe")
HELLO = {"messages": [{"role": "user", "content": "hello"}], "chatId": "c1", "tags": ["a"]}
# What is asked on the way: method, path as described, query, body.
CALLS = [
    ("get", "/api/mood", {}, None),
    ("get", "/api/chat", {}, None),
    ("get", "/api/dashboard", {}, None),
    ("patch", "/api/mood", {}, {"score": 5, "note": "n"}),
    ("patch", "/api/mood", {}, {"score": 9}),
    ("get", "/api/mood", {}, None),
    ("post", "/api/chat/save", {}, HELLO),
    ("get", "/api/entitlements", {}, None),
    ("get", "/api/chat", {}, None),
    ("get", "/api/chat/{chatId}", {}, None),
    ("patch", "/api/plan", {}, {"plan": "Plus"}),
    ("post", "/api/login", {}, None),
    ("get", "/api/dashboard", {}, None),
    ("delete", "/api/chat/{chatId}", {}, None),
    ("get", "/api/users", {"email": "alice@example.com"}, None),
    ("post", "/api/users/{userId}/link", {}, None),
    ("delete", "/api/users/{userId}", {}, None),
]


@pytest.fixture
def description(client: FlaskClient) -> dict[str, Any]:
    """The description as it is served."""
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return dict(answer.json)


@pytest.fixture
def routes(app: Flask) -> list[openapi.Route]:
    """The routes that are documented."""
    with app.app_context():
        return openapi.routes()


def operations(description: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_it_describes_every_route_and_no_other(app: Flask, description: dict[str, Any]) -> None:
    served = {
        (method.lower(), re.sub("<.*?>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.rule not in UNDESCRIBED
    }
    described = {(method, re.sub("{.*?}", "{}", path)) for method, path in operations(description)}
    assert described == served


def test_it_is_openapi_3_1_without_loose_ends(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    assert description["info"]["title"]
    schemas = description["components"]["schemas"]
    text = msgspec.json.encode(description).decode()
    named = set(re.findall(r'"\$ref":"([^"]+)"', text))
    assert named == {f"#/components/schemas/{name}" for name in schemas}
    schemes = set(description["components"]["securitySchemes"])
    for (_, path), operation in operations(description).items():
        assert {name for way in operation["security"] for name in way} <= schemes
        in_path = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def schemas_within(schema: Any) -> list[dict[str, Any]]:
    """A schema and all schemas within it."""
    parts = schema if isinstance(schema, list) else []
    parts = list(schema.values()) if isinstance(schema, dict) else parts
    inner = [found for part in parts for found in schemas_within(part)]
    return [schema, *inner] if isinstance(schema, dict) else inner


def test_its_schemas_suit_generators_of_clients(description: dict[str, Any]) -> None:
    for schema in schemas_within(description["components"]["schemas"]):
        assert "type" in schema or "enum" not in schema
        assert "default" not in schema


def test_it_names_the_cookie_as_it_is(app: Flask) -> None:
    client = app.test_client()
    for base, name in (("http://localhost", "session"), ("https://localhost", "__Host-session")):
        described = client.get("/api/openapi.json", base_url=base).json
        scheme = described["components"]["securitySchemes"]["session"]
        assert scheme["name"] == name
        assert "`__Host-session` over HTTPS" in scheme["description"]
        cookies = client.get("/signup", base_url=base).headers.getlist("Set-Cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == [name]


def test_it_names_the_token_where_a_session_changes_something(description: dict[str, Any]) -> None:
    for (method, _), operation in operations(description).items():
        named = "X-CSRFToken" in {item["name"] for item in operation["parameters"]}
        assert named == (method != "get" and {"session": []} in operation["security"])


@pytest.mark.parametrize(
    ("public_url", "server"), [(None, "/"), ("https://stats.example", "https://stats.example")]
)
def test_it_names_its_server(app: Flask, public_url: str | None, server: str) -> None:
    runtime = app.extensions["aira"]
    settings = replace(runtime.base_settings, public_url=public_url)
    description = create_app(settings, runtime.db).test_client().get("/api/openapi.json").json
    assert description["servers"] == [{"url": server}]


def test_it_says_where_a_key_may_be_refused(description: dict[str, Any]) -> None:
    for operation in operations(description).values():
        takes_key = "Idempotency-Key" in {item["name"] for item in operation["parameters"]}
        assert ("422" in operation["responses"]) == takes_key


def test_it_says_which_routes_are_the_operators(
    alice: Browser, description: dict[str, Any]
) -> None:
    for (method, path), operation in operations(description).items():
        if (method, path) == WEBHOOK:
            assert operation["security"] == []
            continue
        if method in ("patch", "post") and "/chat" not in path and "/mood" not in path:
            assert operation["security"] == [{"serviceKey": []}]
        session_may = {"session": []} in operation["security"]
        answer = alice.api(method.upper(), path.format(chatId="c1", userId="u1"))
        assert (answer.status_code == 403) != session_may


def test_it_answers_what_it_describes(
    alice: Browser, service_client: FlaskClient, routes: list[openapi.Route]
) -> None:
    replies = {(route.method, route.path): route.documentation.response for route in routes}
    for method, path, query, body in CALLS:
        url = path.format(chatId="c1", userId=alice.user_id)
        query = query if "/users" in path else {"userId": alice.user_id}
        answer = service_client.open(url, method=method.upper(), query_string=query, json=body)
        assert answer.status_code == 200, (method, path)
        model = msgspec.convert(answer.json, replies[method, path])
        # Nothing is answered that the model does not know.
        assert msgspec.to_builtins(model) == answer.json
    assert {(method, path) for method, path, _, _ in CALLS} | {WEBHOOK} == set(replies)


def test_it_answers_errors_as_described(
    client: FlaskClient, alice: Browser, service_client: FlaskClient, description: dict[str, Any]
) -> None:
    answers = [
        client.get("/api/mood"),
        alice.get("/api/mood?userId=u1"),
        service_client.get("/api/mood"),
        service_client.get("/api/chat/c1?userId=u1"),
        service_client.patch("/api/mood?userId=u1", data="x"),
        service_client.patch(
            "/api/mood?userId=u1", data="x" * 300_000, content_type="application/json"
        ),
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 400, 404, 415, 413]
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"
    for answer in answers:
        method, path = answer.request.method.lower(), answer.request.path
        operation = operations(description)[method, path.replace("c1", "{chatId}")]
        assert str(answer.status_code) in operation["responses"]
        error = msgspec.convert(answer.json, openapi.Error)
        assert msgspec.to_builtins(error) == answer.json
        assert error.error


def content(operation: dict[str, Any]) -> dict[str, Any]:
    media_type: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]
    return media_type


def test_every_operation_has_examples_that_fit(
    description: dict[str, Any], routes: list[openapi.Route]
) -> None:
    listed = operations(description)
    for route in routes:
        operation, facts = listed[route.method, route.path], route.documentation
        example = content(operation)["example"]
        assert msgspec.to_builtins(msgspec.convert(example, facts.response)) == example
        assert (facts.body is None) == ("requestBody" not in operation)
        if facts.body:
            sent = operation["requestBody"]["content"]["application/json"]["example"]
            assert msgspec.convert(sent, facts.body)
        for item in operation["parameters"]:
            assert "example" in item or item["name"] == "Stripe-Signature"
            if pattern := item["schema"].get("pattern"):
                assert re.search(pattern, item["example"])


def test_the_examples_can_be_sent(
    service_client: FlaskClient, alice: Browser, description: dict[str, Any]
) -> None:
    for (method, path), operation in operations(description).items():
        if (method, path) == WEBHOOK or method == "delete" or path == "/api/users":
            continue
        values = {item["name"]: item["example"] for item in operation["parameters"]}
        query, headers = (
            {
                item["name"]: item["example"]
                for item in operation["parameters"]
                if item["in"] == place
            }
            for place in ("query", "header")
        )
        sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        response = service_client.get("/api/dashboard?userId=42")
        assert response.status_code == 200
        if "{chatId}" in path:
            chat = {"chatId": values["chatId"], "messages": [{"role": "user", "content": "Hi"}]}
            assert service_client.post("/api/chat/save?userId=42", json=chat).status_code == 200
        answer = service_client.open(
            path.format(**values),
            method=method.upper(),
            query_string=query,
            headers=headers,
            json=sent.get("example"),
        )
        assert answer.status_code == 200, (method, path, answer.json)
        assert set(answer.json) == set(content(operation)["example"])


def test_names_of_operations_are_unlike(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(description).values()]
    assert len(set(names)) == len(names)
    assert {"getMood", "getChatByChatId", "postUsersByUserIdLink"} <= set(names)


def test_the_page_shows_every_operation(client: FlaskClient, description: dict[str, Any]) -> None:
    answer = client.get("/api/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    text = html.unescape(answer.text)
    blocks = re.findall(r'aria-label="Answer: [^>]*><code>(.*?)</code>', text, re.DOTALL)
    answers = [json.loads(block) for block in blocks]
    for (method, path), operation in operations(description).items():
        assert f"<b>{method.upper()}</b> <code>{path}</code>" in text
        assert text.count(f'id="{operation["operationId"]}"') == 1
        assert f'href="#{operation["operationId"]}"' in text
        assert content(operation)["example"] in answers
        for item in operation["parameters"]:
            assert f"<code>{item['name']}</code>" in text
    assert '"Free" | "Plus" | "Premium"' in text


def test_the_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/api/docs")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    loaded = re.findall(r'<(?:link|script|img)[^>]* (?:href|src)="([^"]+)"', answer.text)
    assert loaded
    assert all(url.startswith("/") and not url.startswith("//") for url in loaded)
    assert all(client.get(url).status_code == 200 for url in loaded)
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", answer.text)


def test_the_calls_on_the_page_are_whole(client: FlaskClient, routes: list[openapi.Route]) -> None:
    shown = re.findall(r"<code>(curl.*?)</code>", client.get("/api/docs").text, re.DOTALL)
    assert len(shown) == len(routes)
    for call in shown:
        words = shlex.split(html.unescape(call).replace("\\\n", " "))
        assert words[0] == "curl"
        assert words[-1].startswith("http://localhost/api/")
        assert "{" not in words[-1]
        assert all(json.loads(words[at + 1]) for at, word in enumerate(words) if word == "-d")
