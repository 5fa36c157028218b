"""The JSON API: how it says what was wrong, to people and to programs."""

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import SERVICE_KEY
from tests.web.helpers import Browser

MOOD, PLAN, SAVE = "/api/mood?userId=u1", "/api/plan?userId=u1", "/api/chat/save?userId=u1"
HELLO = {"role": "user", "content": "hello"}
A_SCORE = "a number from 0 to 10"
A_DAY = "a date and time with an offset, such as 2026-03-12T19:30:00+01:00"
AN_ID = "1 to 128 letters, digits or _ . : @ | - characters"
A_MESSAGE = "a list of at least one, each an object with role and content"
SENTENCES = [
    (MOOD, {"score": "5"}, "score", f"score must be {A_SCORE}."),
    (MOOD, {"score": 11}, "score", f"score must be {A_SCORE}."),
    (MOOD, {"score": 10**400}, "score", f"score must be {A_SCORE}."),
    (MOOD, {"note": "x"}, "score", f"score is missing. It must be {A_SCORE}."),
    (MOOD, {"score": 5, "note": None}, "note", "note must be text of at most 280 characters."),
    (MOOD, {"score": 5, "at": "now"}, "at", f"at must be {A_DAY} or null."),
    (MOOD, {"score": 5, "at": "2026-01-01T10:00:00"}, "at", f"at must be {A_DAY} or null."),
    (MOOD, {"score": 5, "x": 1}, "x", "There is no field x. This takes score, note, tags and at."),
    (
        MOOD,
        {"score": 5, "x" * 99: 1},
        "x" * 50,
        f"There is no field {'x' * 50}. This takes score, note, tags and at.",
    ),
    (MOOD, [], None, "The body must be an object."),
    (PLAN, {"plan": "Gold"}, "plan", 'plan must be "Free", "Plus" or "Premium".'),
    (PLAN, {"plan": "Plus", "x": 1}, "x", "There is no field x. This takes plan."),
    (SAVE, {"messages": []}, "messages", f"messages must be {A_MESSAGE}."),
    (SAVE, {"messages": {}}, "messages", f"messages must be {A_MESSAGE}."),
    (SAVE, {"messages": [HELLO, 5]}, "messages[1]", "messages[1] must be an object."),
    (
        SAVE,
        {"messages": [{"role": "user"}]},
        "messages[0].content",
        "messages[0].content is missing. It must be text.",
    ),
    (
        SAVE,
        {"messages": [HELLO | {"role": ""}]},
        "messages[0].role",
        "messages[0].role must be text of 1 to 64 characters.",
    ),
    (
        SAVE,
        {"messages": [HELLO], "tags": [5]},
        "tags",
        "tags must be a list of at most 20, each text of 1 to 50 characters.",
    ),
    (
        SAVE,
        {"messages": [HELLO], "chatId": ".."},
        "chatId",
        f"chatId must be {AN_ID} (neither . nor .. alone) or null.",
    ),
]


@pytest.mark.parametrize(
    ("url", "body", "field", "sentence"), SENTENCES, ids=[case[-1][:40] for case in SENTENCES]
)
def test_it_names_the_field_and_what_it_takes(
    service_client: FlaskClient, url: str, body: object, field: str | None, sentence: str
) -> None:
    method = "POST" if url == SAVE else "PATCH"
    text = json.dumps(body)
    answer = service_client.open(url, method=method, data=text, content_type="application/json")
    expected = {"error": sentence, "code": "invalid_input"} | ({"field": field} if field else {})
    assert (answer.status_code, answer.json) == (400, expected)


def test_each_refusal_has_its_code(
    app: Flask, client: FlaskClient, alice: Browser, service_client: FlaskClient
) -> None:
    again = {"headers": {"Idempotency-Key": "k"}}
    service_client.patch(MOOD, json={"score": 5}, **again)
    wrong_key = {"Authorization": f"Bearer {SERVICE_KEY}x"}
    answers = [
        client.get("/api/mood"),
        client.get("/api/mood", headers=wrong_key),
        alice.get("/api/mood?userId=u1"),
        alice.client.patch("/api/mood", json={"score": 5}),
        service_client.get("/api/nothing"),
        service_client.get("/api/chat/none?userId=u1"),
        service_client.get("/api/entitlements?userId=nobody"),
        service_client.put(MOOD),
        service_client.patch(MOOD, data="x" * 300_000, content_type="application/json"),
        service_client.patch(MOOD, data="x"),
        service_client.patch(MOOD, json={"score": 6}, **again),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (401, "unauthorized"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (400, "csrf_token_invalid"),
        (404, "not_found"),
        (404, "not_found"),
        (404, "user_not_found"),
        (405, "method_not_allowed"),
        (413, "content_too_large"),
        (415, "unsupported_media_type"),
        (422, "idempotency_key_reused"),
    ]
    assert "X-CSRFToken" in answers[3].json["error"]
    described = client.get("/api/openapi.json").json["components"]["schemas"]["Error"]
    codes = re.findall(r"[a-z_]+(?=[,.])", described["properties"]["code"]["description"])
    assert {answer.json["code"] for answer in answers} <= set(codes)
