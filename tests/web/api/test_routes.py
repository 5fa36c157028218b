"""The JSON API: what each route answers."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask.testing import FlaskClient
from redis import Redis

from tests.web.helpers import Browser, remaining_keys

NEW = {
    "conversations": 0,
    "mood_score": 0.0,
    "days_active": 1,
    "recent_conversations": [],
    "plan": "Free",
    "streak": 1,
    "longest_streak": 1,
    "mood_updated_at": None,
}
HELLO = {"messages": [{"role": "user", "content": "hello"}]}
EMPTY = {"average": None, "highest": None, "lowest": None, "trend": None, "totalEntries": 0}


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def test_it_answers_the_stats_of_a_new_user(alice: Browser, service_client: FlaskClient) -> None:
    for answer in (service_client.get("/api/dashboard?userId=u1"), alice.get("/api/dashboard")):
        assert answer.status_code == 200
        assert answer.json == {"success": True, "data": NEW}
        types = {name: type(value) for name, value in answer.json["data"].items()}
        assert types == {name: type(value) for name, value in NEW.items()}


def test_it_records_a_mood(service_client: FlaskClient) -> None:
    answer = service_client.patch("/api/mood?userId=u1", json={"score": 8.5, "note": "a walk"})
    assert answer.status_code == 200
    assert answer.json["success"] is True
    assert answer.json["message"]
    at = answer.json["data"]["mood_updated_at"]
    assert answer.json["data"] == NEW | {"mood_score": 8.5, "mood_updated_at": at}
    assert abs(datetime.fromisoformat(at) - datetime.now(UTC)) < timedelta(minutes=1)
    [entry] = service_client.get("/api/mood?userId=u1").json["history"]
    assert entry == {"id": entry["id"], "score": 8.5, "timestamp": at, "note": "a walk"}
    assert service_client.get("/api/dashboard?userId=u1").json["data"] == answer.json["data"]


def test_it_leaves_out_a_note_that_was_not_given(alice: Browser) -> None:
    alice.api("PATCH", "/api/mood", json={"score": 1})
    assert set(alice.moods()[0]) == {"id", "score", "timestamp"}


def test_it_keeps_up_to_eight_tags(alice: Browser) -> None:
    body = {"score": 1, "tags": [" Walk ", "walk", "slept well"]}
    assert alice.api("PATCH", "/api/mood", json=body).status_code == 200
    assert alice.moods()[0]["tags"] == ["Walk", "slept well"]
    for tags in (["x" * 31], [" "], list("abcdefghi"), [1], "walk", None):
        answer = alice.api("PATCH", "/api/mood", json={"score": 2, "tags": tags})
        assert (answer.status_code, answer.json["field"]) == (400, "tags")
    assert len(alice.moods()) == 1


def test_it_shows_the_mood_with_the_latest_moment(service_client: FlaskClient) -> None:
    for score, at in ((3, ago(hours=2)), (9, ago(days=40)), (5, ago(hours=1)), (7, ago(hours=3))):
        body = {"score": score, "at": at}
        data = service_client.patch("/api/mood?userId=u1", json=body).json["data"]
    assert data["mood_score"] == 5
    answer = service_client.get("/api/mood?userId=u1").json
    assert [entry["score"] for entry in answer["history"]] == [5, 3, 7]
    assert answer["stats"]["totalEntries"] == 3


def test_it_reads_a_moment_in_any_offset(service_client: FlaskClient) -> None:
    body = {"score": 5, "at": "2020-02-29T23:30:00.123+05:30"}
    data = service_client.patch("/api/mood?userId=u1", json=body).json["data"]
    assert data["mood_updated_at"] == "2020-02-29T18:00:00.123Z"


def test_it_limits_the_history_to_days_and_entries(service_client: FlaskClient) -> None:
    for days, score in ((1, 1), (5, 2), (20, 3), (35, 4)):
        service_client.patch("/api/mood?userId=u1", json={"score": score, "at": ago(days=days)})

    def scores(query: str) -> list[float]:
        answer = service_client.get(f"/api/mood?userId=u1{query}").json
        return [entry["score"] for entry in answer["history"]]

    assert scores("") == [1, 2, 3]
    assert scores("&days=6") == [1, 2]
    assert scores("&days=36") == [1, 2, 3, 4]
    assert scores("&limit=1") == [1]
    assert scores("&days=3660&limit=1000") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("scores", "trend"),
    [([2, 2, 8, 8], "improving"), ([8, 8, 2, 2], "declining"), ([5, 5.5, 5.5, 5], "stable")],
)
def test_it_says_what_the_history_amounts_to(
    service_client: FlaskClient, scores: list[float], trend: str
) -> None:
    for minutes, score in enumerate(reversed(scores)):
        body = {"score": score, "at": ago(minutes=minutes + 1)}
        service_client.patch("/api/mood?userId=u1", json=body)
    mean = sum(scores) / 4
    high, low = max(scores), min(scores)
    expected = {"average": mean, "highest": high, "lowest": low, "trend": trend, "totalEntries": 4}
    assert service_client.get("/api/mood?userId=u1").json["stats"] == expected


def test_it_answers_null_with_nothing_to_go_by(alice: Browser, service_client: FlaskClient) -> None:
    for answer in (alice.get("/api/mood"), service_client.get("/api/mood?userId=u1")):
        assert answer.json == {"success": True, "history": [], "stats": EMPTY}


def test_it_grants_a_plan_and_takes_it_away(alice: Browser, service_client: FlaskClient) -> None:
    for plan in ("Plus", "Premium", "Free"):
        answer = service_client.patch(f"/api/plan?userId={alice.user_id}", json={"plan": plan})
        assert answer.status_code == 200
        assert answer.json["data"] == alice.stats() == NEW | {"plan": plan}


def test_it_counts_a_login_once_a_day(valkey: Redis, service_client: FlaskClient) -> None:
    url = "/api/login?userId=u1"
    assert service_client.post(url).json["data"] == NEW
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    valkey.set("user:{u1}:last_login", yesterday)
    for _ in range(2):
        answer = service_client.post(url)
        assert answer.status_code == 200
        assert answer.json["data"] == NEW | {"days_active": 2, "streak": 2, "longest_streak": 2}


def test_it_saves_a_conversation(alice: Browser) -> None:
    message = {"role": "user", "content": "hello", "at": "2026-01-01", "parts": [1, 0.5, None]}
    body = {"chatId": "c1", "title": "T", "summary": "S", "messages": [message], "tags": ["a", "b"]}
    answer = alice.api("POST", "/api/chat/save", json=body)
    assert answer.status_code == 200
    saved = answer.json.pop("savedAt")
    head = {"chatId": "c1", "title": "T", "messageCount": 1, "savedAt": saved}
    assert answer.json == {"success": True, "tags": ["a", "b"], **head}
    assert alice.get("/api/chat").json == {"success": True, "chats": [head]}
    more = {"summary": "S", "tags": ["a", "b"], "messages": [message]}
    assert alice.get("/api/chat/c1").json == {"success": True, **head, **more}
    recent = [{"timestamp": saved, "summary": "S"}]
    assert alice.stats() == NEW | {"conversations": 1, "recent_conversations": recent}


def test_it_makes_a_chat_id_and_a_summary_where_none_are_given(service_client: FlaskClient) -> None:
    for body, summary in (
        (HELLO, "Conversation of 1 message"),
        ({"messages": HELLO["messages"] * 2}, "Conversation of 2 messages"),
        (HELLO | {"title": "The title"}, "The title"),
        (HELLO | {"summary": "  ", "title": None, "tags": []}, "Conversation of 1 message"),
    ):
        answer = service_client.post("/api/chat/save?userId=u1", json=body)
        assert answer.json["chatId"]
        stats = service_client.get("/api/dashboard?userId=u1").json["data"]
        assert stats["recent_conversations"][0]["summary"] == summary
    assert stats["conversations"] == 4
    assert len(stats["recent_conversations"]) == 3


@pytest.mark.parametrize("letter", ["s", "😀", "é"])
def test_it_cuts_a_summary_at_200_code_points(service_client: FlaskClient, letter: str) -> None:
    service_client.post("/api/chat/save?userId=u1", json=HELLO | {"summary": letter * 300})
    stats = service_client.get("/api/dashboard?userId=u1").json["data"]
    assert stats["recent_conversations"][0]["summary"] == letter * 200


def test_it_counts_one_chat_id_once_and_keeps_its_last_state(service_client: FlaskClient) -> None:
    for title in ("first", "second"):
        body = {"chatId": "c1", "title": title, "messages": HELLO["messages"] * 2, "userId": "u1"}
        assert service_client.post("/api/chat/save", json=body).json["messageCount"] == 2
    stats = service_client.get("/api/dashboard?userId=u1").json["data"]
    assert stats["conversations"] == 1
    assert [item["summary"] for item in stats["recent_conversations"]] == ["second"]
    [chat] = service_client.get("/api/chat?userId=u1").json["chats"]
    assert chat["title"] == "second"


def test_it_lists_conversations_newest_first(
    service_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two saved in one millisecond have no order.
    clock = count(1_700_000_000_000)
    monkeypatch.setattr("stats.conversations.now_ms", lambda: next(clock))
    for chat in ("c1", "c2", "c3", "c1"):
        service_client.post("/api/chat/save?userId=u1", json=HELLO | {"chatId": chat})
    chats = service_client.get("/api/chat?userId=u1").json["chats"]
    assert [chat["chatId"] for chat in chats] == ["c1", "c3", "c2"]


def test_it_deletes_a_conversation_and_keeps_the_count(service_client: FlaskClient) -> None:
    for chat in ("c1", "c2"):
        service_client.post(
            "/api/chat/save?userId=u1", json=HELLO | {"chatId": chat, "title": chat}
        )
    answer = service_client.delete("/api/chat/c2?userId=u1")
    assert (answer.status_code, answer.json["success"]) == (200, True)
    stats = service_client.get("/api/dashboard?userId=u1").json["data"]
    assert stats["conversations"] == 2
    assert [item["summary"] for item in stats["recent_conversations"]] == ["c1"]
    assert [chat["chatId"] for chat in service_client.get("/api/chat?userId=u1").json["chats"]] == [
        "c1"
    ]
    assert service_client.get("/api/chat/c2?userId=u1").status_code == 404
    assert service_client.delete("/api/chat/c2?userId=u1").status_code == 404


@pytest.mark.parametrize("email", ["alice@example.com", " ALICE@example.com"])
def test_it_finds_a_user_by_email(alice: Browser, service_client: FlaskClient, email: str) -> None:
    answer = service_client.get("/api/users", query_string={"email": email})
    assert (answer.status_code, answer.json) == (200, {"userId": alice.user_id})


def test_it_finds_nobody_by_an_unknown_address(alice: Browser, service_client: FlaskClient) -> None:
    assert service_client.get("/api/users?email=bob@example.com").status_code == 404
    for query in ("", "?email=", "?email=alice"):
        assert service_client.get(f"/api/users{query}").status_code == 400


def test_it_deletes_all_that_is_stored_about_a_user(
    valkey: Redis, alice: Browser, service_client: FlaskClient
) -> None:
    alice.api("PATCH", "/api/mood", json={"score": 5, "note": "n"}, query_string={})
    alice.api("POST", "/api/chat/save", json=HELLO)
    alice.post("/dashboard/mood", {"score": "5", "op": "o"})
    service_client.patch(f"/api/plan?userId={alice.user_id}", json={"plan": "Plus"})
    assert len(valkey.keys()) > 8
    answer = service_client.delete(f"/api/users/{alice.user_id}")
    assert (answer.status_code, answer.json["success"]) == (200, True)
    assert remaining_keys(valkey) == []
    assert alice.get("/dashboard").status_code == 302
    assert alice.get("/api/dashboard").status_code == 401
    assert remaining_keys(valkey) == []


def test_it_deletes_only_the_one_who_was_named(
    alice: Browser, bob: Browser, service_client: FlaskClient
) -> None:
    assert service_client.delete(f"/api/users/{alice.user_id}").status_code == 200
    assert service_client.delete("/api/users/nobody").status_code == 200
    assert bob.get("/dashboard").status_code == 200
    assert service_client.get("/api/users?email=alice@example.com").status_code == 404
    assert service_client.get("/api/users?email=bob@example.com").json == {"userId": bob.user_id}
