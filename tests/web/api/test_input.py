"""The JSON API: what it takes in, and what it refuses without changing anything."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from redis import Redis

from tests.web.helpers import Browser, dump_all, remaining_keys

MOOD, PLAN, SAVE = "/api/mood?userId=u1", "/api/plan?userId=u1", "/api/chat/save?userId=u1"
HELLO = {"role": "user", "content": "hello"}
DEEP = 100_000
SCORES = ["NaN", "Infinity", "-Infinity", "1e309", "-1e309", "true", "false", "null", '"5"', "[5]"]
SCORES += ["{}", "10.01", "-0.1", "1" * 5000, "1" * 400, "-1", "11", "0x5", "05", "5.", ""]
MOMENTS = [
    "2026-01-01",
    "2026-01-01T10:00:00",
    "2999-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "now",
    "",
    5,
    True,
]
MOMENTS += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T10:00:00Z"]
NO_OBJECTS = ["", " ", "{", "null", "5", '"x"', "[]", '[{"score": 5}]', "{}", '{"score": 5} x']
NO_OBJECTS += [
    "\ufeff{}",
    "[" * DEEP,
    "[" * DEEP + "]" * DEEP,
    '{"a":' * 30_000 + "1" + "}" * 30_000,
]
WORDS = [
    "<script>alert('1')</script>",
    "\u202eright to left",
    "a\u200db 👩‍👩‍👧",
    'quote " \\ /',
    " ",
]


@pytest.fixture
def store(valkey: Redis, service_client: FlaskClient) -> Redis:
    """A store with one user in it."""
    service_client.patch(MOOD, json={"score": 3})
    return valkey


def send(service_client: FlaskClient, url: str, body: str) -> int:
    method = "POST" if "save" in url else "PATCH"
    answer = service_client.open(url, method=method, data=body, content_type="application/json")
    if answer.status_code != 200:
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    return answer.status_code


@pytest.mark.parametrize("score", SCORES)
def test_it_refuses_what_is_no_score(store: Redis, service_client: FlaskClient, score: str) -> None:
    before = dump_all(store)
    assert send(service_client, MOOD, f'{{"score": {score}}}') == 400
    assert dump_all(store) == before


@pytest.mark.parametrize(
    ("score", "kept"),
    [
        ("0", 0.0),
        ("-0", 0.0),
        ("-0.0", 0.0),
        ("10", 10.0),
        ("7.26", 7.3),
        ("7.24", 7.2),
        ("0.04", 0.0),
        ("1E1", 10),
    ],
)
def test_it_keeps_a_score_to_one_decimal(
    service_client: FlaskClient, score: str, kept: float
) -> None:
    assert send(service_client, MOOD, f'{{"score": {score}}}') == 200
    data = service_client.get("/api/dashboard?userId=u1").text
    assert f'"mood_score":{float(kept)}' in data
    assert "-0" not in json.dumps(json.loads(data)["data"]["mood_score"])


@pytest.mark.parametrize("at", MOMENTS)
def test_it_refuses_a_moment_that_is_none_or_to_come(
    store: Redis, service_client: FlaskClient, at: object
) -> None:
    before = dump_all(store)
    assert service_client.patch(MOOD, json={"score": 5, "at": at}).status_code == 400
    assert dump_all(store) == before


def test_it_refuses_a_moment_that_is_minutes_away(
    store: Redis, service_client: FlaskClient
) -> None:
    before = dump_all(store)
    soon = datetime.now(UTC) + timedelta(minutes=2)
    assert service_client.patch(MOOD, json={"score": 5, "at": soon.isoformat()}).status_code == 400
    assert dump_all(store) == before


@pytest.mark.parametrize("url", [MOOD, PLAN, SAVE])
@pytest.mark.parametrize("body", NO_OBJECTS, ids=lambda body: body[:12] or "empty")
def test_it_refuses_a_body_that_is_no_object_of_its_kind(
    store: Redis, service_client: FlaskClient, url: str, body: str
) -> None:
    before = dump_all(store)
    assert send(service_client, url, body) == 400
    assert dump_all(store) == before


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (MOOD, '{"score": 5, "score": 5}'),
        (MOOD, '{"score": 5, "\\u0073core": 6}'),
        (MOOD, '{"score": 5, "scores": 5}'),
        (MOOD, '{"score": 5, "userId": "u1"}'),
        (MOOD, '{"score": 5, "note": null}'),
        (MOOD, '{"score": 5, "note": 5}'),
        (MOOD, '{"note": "x"}'),
        (MOOD, json.dumps({"score": 5, "note": "n" * 281})),
        (PLAN, '{"plan": "plus"}'),
        (PLAN, '{"plan": null}'),
        (PLAN, '{"plan": "Gold"}'),
        (PLAN, '{"plan": "Plus", "until": "2027-01-01"}'),
        (SAVE, '{"messages": null}'),
        (SAVE, '{"messages": []}'),
        (SAVE, '{"messages": [{"role": "user", "content": ""}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": " \\u200b\\u2800"}]}'),
        (SAVE, '{"messages": {}}'),
        (SAVE, '{"messages": [5]}'),
        (SAVE, '{"messages": [{"role": "user"}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": 5}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": "a", "x": 1, "x": 2}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": "a", "x": 1e309}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": "a", "x": NaN}]}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "mood": 5}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "tags": "a"}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "tags": [5]}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": ""}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": "a/b"}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": "."}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": ".."}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": "a\\n"}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "chatId": 5}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "userId": "u2"}'),
        (SAVE, '{"messages": [{"role": "user", "content": "Hi"}], "userId": 5}'),
    ],
)
def test_it_refuses_what_nobody_asked_for(
    store: Redis, service_client: FlaskClient, url: str, body: str
) -> None:
    before = dump_all(store)
    assert send(service_client, url, body) == 400
    assert dump_all(store) == before


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udfff", "\\udc00\\ud800"])
def test_it_refuses_text_that_cannot_be_stored(
    store: Redis, service_client: FlaskClient, escape: str
) -> None:
    before = dump_all(store)
    text = f'"a{escape}b"'
    assert send(service_client, MOOD, f'{{"score": 5, "note": {text}}}') == 400
    for name in ("title", "summary"):
        assert (
            send(
                service_client,
                SAVE,
                f'{{"messages": [{{"role": "user", "content": "Hi"}}], "{name}": {text}}}',
            )
            == 400
        )
    assert (
        send(
            service_client,
            SAVE,
            f'{{"messages": [{{"role": "user", "content": "Hi"}}], "tags": [{text}]}}',
        )
        == 400
    )
    for message in (f'"role": {text}, "content": ""', f'"role": "user", "content": {text}'):
        assert send(service_client, SAVE, f'{{"messages": [{{{message}}}]}}') == 400
    for more in (f'"x": [{text}]', f"{text}: 1"):
        body = f'{{"messages": [{{"role": "user", "content": "", {more}}}]}}'
        assert send(service_client, SAVE, body) == 400
    assert dump_all(store) == before


def test_it_refuses_a_body_that_is_not_utf_8(service_client: FlaskClient) -> None:
    body = '{"score": 5, "note": "é"}'.encode("latin-1")
    answer = service_client.patch(MOOD, data=body, content_type="application/json; charset=latin-1")
    assert answer.status_code == 400


@pytest.mark.parametrize("words", WORDS)
def test_it_gives_words_back_exactly(alice: Browser, words: str) -> None:
    alice.api("PATCH", "/api/mood", json={"score": 5, "note": f"x{words}x"})
    assert alice.moods()[0]["note"] == f"x{words}x"
    messages = [{"role": "user", "content": words, "more": {words: words}}, HELLO]
    body = {"chatId": "c1", "messages": messages, "title": f"x{words}x", "tags": [f"x{words}"]}
    assert alice.api("POST", "/api/chat/save", json=body).status_code == 200
    chat = alice.get("/api/chat/c1").json
    assert (chat["messages"], chat["title"]) == (messages, f"x{words}x")
    assert chat["tags"] == [f"x{words}"]
    assert alice.stats()["recent_conversations"][0]["summary"] == f"x{words}x"
    assert "<script>alert" not in alice.get("/dashboard").text


def test_it_can_give_back_whatever_depth_it_takes(service_client: FlaskClient) -> None:
    taken = 0
    for depth in (1, 20, 50, *range(60, 70), *range(900, 1000)):
        message = json.dumps(HELLO)[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"
        status = send(service_client, SAVE, f'{{"chatId": "c{depth}", "messages": [{message}]}}')
        assert status in (200, 400)
        if status == 200:
            taken = depth
            assert service_client.get(f"/api/chat/c{depth}?userId=u1").status_code == 200
    assert taken >= 50


@pytest.mark.parametrize("name", ["limit", "days"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "1001000", "９", "1e2", "+5", " 5"])
def test_it_refuses_a_history_of_odd_length(
    service_client: FlaskClient, name: str, value: str
) -> None:
    answer = service_client.get("/api/mood", query_string={"userId": "u1", name: value})
    assert answer.status_code == 400
    assert name in answer.json["error"]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "json"])
def test_it_takes_json_alone(service_client: FlaskClient, kind: str) -> None:
    for url, method in ((MOOD, "PATCH"), (PLAN, "PATCH"), (SAVE, "POST")):
        body = '{"score": 5}'
        answer = service_client.open(url, method=method, data=body, headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}


def test_it_refuses_a_body_over_256_kib(service_client: FlaskClient, valkey: Redis) -> None:
    for url in (MOOD, PLAN, SAVE):
        assert send(service_client, url, '{"score": 5}' + " " * 256 * 1024) == 413
    answer = service_client.post("/api/login?userId=u1", data=b"x" * (256 * 1024 + 1))
    assert answer.status_code == 413
    assert remaining_keys(valkey) == []
    assert send(service_client, MOOD, '{"score": 5}' + " " * (256 * 1024 - 12)) == 200
