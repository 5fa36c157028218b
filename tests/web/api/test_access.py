"""The JSON API: who may ask for what, and how it refuses."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from tests.web.helpers import Browser, dump_all, remaining_keys, routes

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
# Every route that takes a user id: method, path, body.
BY_USER = [
    ("GET", "/api/dashboard", None),
    ("PATCH", "/api/mood", {"score": 5}),
    ("GET", "/api/mood", None),
    ("POST", "/api/chat/save", HELLO),
    ("GET", "/api/chat", None),
    ("GET", "/api/entitlements", None),
    ("GET", "/api/chat/c1", None),
    ("DELETE", "/api/chat/c1", None),
]
SERVICE_ONLY = [
    ("PATCH", "/api/plan", {"plan": "Plus"}),
    ("POST", "/api/login", None),
    ("GET", "/api/users", None),
    ("DELETE", "/api/users/u1", None),
]
CREATING = [
    ("GET", "/api/dashboard", None),
    ("PATCH", "/api/mood", {"score": 5}),
    ("PATCH", "/api/plan", {"plan": "Plus"}),
    ("POST", "/api/chat/save", HELLO),
    ("POST", "/api/login", None),
]
PUBLIC = {"/api/openapi.json", "/api/docs", "/api/webhooks/stripe"}
BAD_IDS = ["", "u" * 129, "a{b}", "a}b", "a b", "a\nb", "a\n", "a/b", "ä", "a\x00", "a%", "*"]


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Bearer ", "Basic YTpi", "x", "é"])
def test_it_wants_credentials_before_anything_else(app: Flask, valkey: Redis, header: str) -> None:
    visitor = app.test_client()
    for method, url, _ in routes(app):
        if url.startswith("/api/") and url not in PUBLIC:
            for headers in ({}, {"Authorization": header.encode().decode("latin-1")}):
                for sent in ({}, {"data": "{", "content_type": "application/json"}):
                    answer = visitor.open(url, method=method, headers=headers, **sent)
                    assert answer.status_code == 401, (method, url)
                    assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    assert remaining_keys(valkey) == []


@pytest.mark.parametrize(("method", "path", "body"), BY_USER)
def test_it_gives_a_session_its_own_data_alone(
    alice: Browser, bob: Browser, method: str, path: str, body: object
) -> None:
    save = {"chatId": "c1", **HELLO}
    assert bob.api("POST", "/api/chat/save", json=save).status_code == 200
    assert alice.api("POST", "/api/chat/save", json=save).status_code == 200
    before = bob.stats()
    answers = []
    for user_id in (bob.user_id, "nobody", "a{b}"):
        answer = alice.api(method, f"{path}?userId={user_id}", json=body)
        assert answer.status_code == 403
        answers.append(answer.json)
    assert answers == [answers[0]] * 3
    assert bob.stats() == before
    assert alice.api(method, f"{path}?userId={alice.user_id}", json=body).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), BY_USER)
def test_it_lets_a_session_leave_its_id_out(
    alice: Browser, method: str, path: str, body: object
) -> None:
    alice.api("POST", "/api/chat/save", json={"chatId": "c1", **HELLO})
    assert alice.api(method, path, json=body).status_code == 200


def test_it_takes_no_other_id_from_the_body_either(alice: Browser, bob: Browser) -> None:
    assert (
        alice.api("POST", "/api/chat/save", json=HELLO | {"userId": bob.user_id}).status_code == 403
    )
    own = HELLO | {"userId": alice.user_id}
    assert alice.api("POST", "/api/chat/save", json=own).status_code == 200
    assert alice.api("POST", f"/api/chat/save?userId={bob.user_id}", json=own).status_code == 400
    assert bob.stats()["conversations"] == 0


@pytest.mark.parametrize(("method", "path", "body"), SERVICE_ONLY)
def test_it_keeps_operators_routes_from_sessions(
    alice: Browser, method: str, path: str, body: object
) -> None:
    before = alice.stats()
    for query in ("", f"?userId={alice.user_id}"):
        answer = alice.api(method, path + query, json=body)
        assert answer.status_code == 403
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    assert alice.api("DELETE", f"/api/users/{alice.user_id}").status_code == 403
    assert alice.stats() == before


@pytest.mark.parametrize(("method", "path", "body"), [*BY_USER, *SERVICE_ONLY[:2]])
def test_it_wants_a_good_user_id_with_a_service_key(
    valkey: Redis, service_client: FlaskClient, method: str, path: str, body: object
) -> None:
    for query in ({}, *({"userId": user_id} for user_id in BAD_IDS)):
        answer = service_client.open(path, method=method, json=body, query_string=query)
        assert answer.status_code == 400, query
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    assert remaining_keys(valkey) == []


@pytest.mark.parametrize("user_id", ["u", "U.s_e:r@|-9", "u" * 128])
def test_it_takes_every_id_of_the_contract(
    valkey: Redis, service_client: FlaskClient, user_id: str
) -> None:
    answer = service_client.get("/api/dashboard", query_string={"userId": user_id})
    assert answer.status_code == 200
    assert valkey.exists(f"user:{{{user_id}}}:stats")
    assert service_client.delete(f"/api/users/{user_id}").status_code == 200


@pytest.mark.parametrize("user_id", ["u" * 129, "a{b}", "a b", "%0A", "%00"])
def test_it_deletes_nobody_by_an_id_that_none_can_have(
    service_client: FlaskClient, user_id: str
) -> None:
    assert service_client.delete(f"/api/users/{user_id}").status_code == 400


@pytest.mark.parametrize(("method", "path", "body"), CREATING)
def test_it_makes_an_unseen_user_where_the_contract_says_so(
    valkey: Redis, service_client: FlaskClient, method: str, path: str, body: object
) -> None:
    assert service_client.open(f"{path}?userId=u1", method=method, json=body).status_code == 200
    assert valkey.hget("user:{u1}:stats", "days_active") == "1"


def test_it_makes_nobody_anywhere_else(
    app: Flask, valkey: Redis, service_client: FlaskClient
) -> None:
    creating = {(method, path) for method, path, _ in CREATING}
    for method, url, _ in routes(app):
        if url.startswith("/api/") and url not in PUBLIC and (method, url) not in creating:
            query = {"userId": "u1", "email": "u1@example.com"}
            answer = service_client.open(url, method=method, query_string=query)
            assert answer.status_code < 500
            assert remaining_keys(valkey) == [], (method, url)
    assert service_client.head("/api/dashboard?userId=u1").status_code == 404
    assert remaining_keys(valkey) == []


def test_it_wants_the_token_of_a_session_that_changes_something(
    app: Flask, valkey: Redis, alice: Browser, bob: Browser
) -> None:
    before = dump_all(valkey)
    for method, path, body in BY_USER:
        for headers in ({}, {"X-CSRFToken": "x"}, {"X-CSRFToken": bob.token}):
            answer = alice.client.open(path, method=method, json=body, headers=headers)
            if method == "GET":
                assert answer.status_code in (200, 404)
            else:
                assert answer.status_code == 400
                assert "CSRF" in answer.json["error"]
    assert dump_all(valkey) == before


def test_it_lets_the_service_key_speak_when_a_session_is_there_too(
    app: Flask, alice: Browser, bob: Browser
) -> None:
    key = app.extensions["aira"].settings.api_keys[0]
    url = f"/api/mood?userId={bob.user_id}"
    headers = {"Authorization": f"bearer  {key}"}
    answer = alice.client.patch(url, json={"score": 5}, headers=headers)
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {key}x"}
    assert alice.client.get("/api/dashboard", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/api/", "/api/nope", "/api/chat/", "/api/mood/x", "/api/mood/"])
def test_it_answers_404_as_json(
    client: FlaskClient, service_client: FlaskClient, path: str
) -> None:
    for visitor in (client, service_client):
        answer = visitor.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/json")
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}


def test_it_answers_405_as_json_and_says_what_is_allowed(app: Flask, client: FlaskClient) -> None:
    for path in {re.sub(r"<.*?>", "1", rule.rule) for rule in app.url_map.iter_rules()}:
        if path.startswith("/api/"):
            answer = client.put(path)
            assert (answer.status_code, answer.mimetype) == (405, "application/json")
            assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
            assert answer.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", {"json": {"score": 5}}),
        ("?userId=bob", {"json": {"score": 5}}),
        ("", {"json": {"score": 50}}),
        ("", {"data": "{", "content_type": "application/json"}),
        ("", {"data": "{}", "content_type": "text/plain"}),
    ],
)
def test_a_session_that_has_ended_is_told_so_before_anything_else(
    app: Flask, alice: Browser, query: str, sent: dict[str, Any]
) -> None:
    headers = {"X-CSRFToken": alice.token}
    late = Browser(app, alice.session)
    alice.post("/logout")
    assert late.client.patch(f"/api/mood{query}", headers=headers, **sent).status_code == 401
