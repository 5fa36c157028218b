"""The JSON API: a repeated change counts once."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from stats.store.operations import operation, operation_id
from tests.web.helpers import Browser, dump_all

MOOD, PLAN, SAVE = "/api/mood?userId=u1", "/api/plan?userId=u1", "/api/chat/save?userId=u1"
HELLO = {"messages": [{"role": "user", "content": "hello"}]}


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


def total(service_client: FlaskClient) -> int:
    entries: int = service_client.get("/api/mood?userId=u1&limit=1").json["stats"]["totalEntries"]
    return entries


def stats(service_client: FlaskClient, user_id: str = "u1") -> dict[str, Any]:
    data: dict[str, Any] = service_client.get(f"/api/dashboard?userId={user_id}").json["data"]
    return data


def test_it_counts_a_mood_once(service_client: FlaskClient) -> None:
    answers = [service_client.patch(MOOD, json={"score": 5}, headers=key("k")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json == answers[1].json == answers[2].json
    assert total(service_client) == 1
    service_client.patch(MOOD, json={"score": 5}, headers=key("other"))
    service_client.patch(MOOD, json={"score": 5})
    service_client.patch(MOOD, json={"score": 5})
    assert total(service_client) == 4


def test_it_counts_a_conversation_once_and_names_it_alike(service_client: FlaskClient) -> None:
    body = HELLO | {"title": "one", "tags": ["a"]}
    first, again = (service_client.post(SAVE, json=body, headers=key("k")) for _ in range(2))
    assert first.json == again.json
    assert stats(service_client)["conversations"] == 1
    assert len(service_client.get("/api/chat?userId=u1").json["chats"]) == 1
    other = service_client.post(SAVE, json=body, headers=key("other"))
    assert other.json["chatId"] != first.json["chatId"]
    assert stats(service_client)["conversations"] == 2


@pytest.mark.parametrize(
    ("method", "url", "body", "others"),
    [
        ("PATCH", MOOD, {"score": 5}, [{"score": 6}, {"score": 5, "note": "n"}]),
        ("PATCH", MOOD, {"score": 5, "tags": ["a"]}, [{"score": 5}, {"score": 5, "tags": ["b"]}]),
        ("PATCH", PLAN, {"plan": "Plus"}, [{"plan": "Free"}, {"plan": "Premium"}]),
        ("POST", SAVE, HELLO, [HELLO | {"title": "two"}, HELLO | {"chatId": "c1"}]),
        ("POST", SAVE, HELLO | {"chatId": "c1"}, [HELLO, HELLO | {"chatId": "c2"}]),
    ],
)
def test_it_refuses_a_key_that_comes_back_with_another_body(
    service_client: FlaskClient,
    valkey: Redis,
    method: str,
    url: str,
    body: dict[str, Any],
    others: list[dict[str, Any]],
) -> None:
    first = service_client.open(url, method=method, json=body, headers=key("k"))
    before = dump_all(valkey)
    for other in others:
        answer = service_client.open(url, method=method, json=other, headers=key("k"))
        assert (answer.status_code, answer.json["error"][:16]) == (422, "This key was use")
        assert dump_all(valkey) == before
    turned = dict(reversed(body.items()))
    again = service_client.open(url, method=method, json=turned, headers=key("k"))
    assert (again.status_code, again.json) == (200, first.json)
    assert dump_all(valkey) == before


def test_what_an_older_version_has_done_stays_done(
    service_client: FlaskClient, valkey: Redis
) -> None:
    """It remembered no content, and for a conversation another key."""
    service_client.post("/api/login?userId=u1")
    for kind in ("mood", "save:c1"):
        valkey.zadd("user:{u1}:ops", {operation_id(kind, "k"): 1})
    assert service_client.patch(MOOD, json={"score": 5}, headers=key("k")).status_code == 200
    answer = service_client.post(SAVE, json=HELLO | {"chatId": "c1"}, headers=key("k"))
    assert answer.status_code == 200
    assert (total(service_client), stats(service_client)["conversations"]) == (0, 0)


def test_a_mood_without_tags_is_what_it_was_before_there_were_any(
    service_client: FlaskClient, valkey: Redis
) -> None:
    service_client.post("/api/login?userId=u1")
    before = operation("mood", "k", {"score": 5.0, "note": "", "at": None})
    valkey.zadd("user:{u1}:ops", {before: 1})
    answer = service_client.patch(MOOD, json={"score": 5, "tags": []}, headers=key("k"))
    assert (answer.status_code, total(service_client)) == (200, 0)


def test_it_tells_users_and_routes_apart(service_client: FlaskClient) -> None:
    for user_id in ("u1", "u2"):
        query = f"?userId={user_id}"
        service_client.patch(f"/api/mood{query}", json={"score": 5}, headers=key("k"))
        service_client.post(f"/api/chat/save{query}", json=HELLO, headers=key("k"))
        stats_now = stats(service_client, user_id)
        assert (stats_now["mood_score"], stats_now["conversations"]) == (5, 1)


def test_it_remembers_the_last_64(service_client: FlaskClient) -> None:
    for number in range(64):
        service_client.patch(MOOD, json={"score": 5}, headers=key(f"k{number}"))
    for number in range(64):
        service_client.patch(MOOD, json={"score": 5}, headers=key(f"k{number}"))
    assert total(service_client) == 64
    service_client.patch(MOOD, json={"score": 5}, headers=key("k64"))
    service_client.patch(MOOD, json={"score": 5}, headers=key("k1"))
    assert total(service_client) == 65


@pytest.mark.parametrize("text", ["k" * 256, "k" * 10_000])
def test_it_refuses_a_key_that_is_too_long(service_client: FlaskClient, text: str) -> None:
    assert service_client.patch(MOOD, json={"score": 5}, headers=key(text)).status_code == 400
    assert service_client.post(SAVE, json=HELLO, headers=key(text)).status_code == 400
    assert total(service_client) == 0
    assert service_client.patch(MOOD, json={"score": 5}, headers=key("k" * 255)).status_code == 200


def test_it_counts_a_mood_once_with_a_session_too(alice: Browser) -> None:
    headers = key("k") | {"X-CSRFToken": alice.token}
    for _ in range(2):
        answer = alice.client.patch("/api/mood", json={"score": 5}, headers=headers)
        assert answer.status_code == 200
    assert len(alice.moods()) == 1
