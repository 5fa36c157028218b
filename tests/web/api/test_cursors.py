"""The JSON API: lists in pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

HELLO = [{"role": "user", "content": "hello"}]
CHATS, MOODS = "/api/chat?userId=u1", "/api/mood?userId=u1"


def save_chats(service_client: FlaskClient, *chat_ids: str) -> None:
    for chat_id in chat_ids:
        body = {"chatId": chat_id, "messages": HELLO}
        assert service_client.post("/api/chat/save?userId=u1", json=body).status_code == 200


def save_moods(service_client: FlaskClient, *scores: int) -> None:
    """The score is how many minutes ago it was."""
    now = datetime.now(UTC)
    for score in scores:
        body = {"score": score, "at": (now - timedelta(minutes=score)).isoformat()}
        assert service_client.patch(MOODS, json=body).status_code == 200


def pages(service_client: FlaskClient, url: str, meanwhile: Any = lambda: None) -> list[Any]:
    """Read a list page by page; do something after the first."""
    answer = service_client.get(url).json
    read = [answer]
    meanwhile()
    while cursor := answer.get("nextCursor"):
        answer = service_client.get(f"{url}&cursor={cursor}").json
        read.append(answer)
    return read


def test_conversations_come_in_pages(service_client: FlaskClient) -> None:
    save_chats(service_client, *"abcde")
    read = pages(service_client, f"{CHATS}&limit=2", lambda: save_chats(service_client, "f"))
    listed = [[chat["chatId"] for chat in page["chats"]] for page in read]
    assert listed == [["e", "d"], ["c", "b"], ["a"]]
    assert [set(page) for page in read] == [
        {"success", "chats", "nextCursor"},
        {"success", "chats", "nextCursor"},
        {"success", "chats"},
    ]


def test_moods_come_in_pages(service_client: FlaskClient) -> None:
    save_moods(service_client, 1, 2, 3, 4, 5)
    read = pages(service_client, f"{MOODS}&limit=2", lambda: save_moods(service_client, 0))
    scores = [[entry["score"] for entry in page["history"]] for page in read]
    assert scores == [[1, 2], [3, 4], [5]]
    assert [page["stats"]["totalEntries"] for page in read] == [5, 6, 6]
    assert [set(page) for page in read[1:]] == [
        {"success", "history", "stats", "nextCursor"},
        {"success", "history", "stats"},
    ]


def test_who_asks_for_no_pages_gets_what_was_always_answered(service_client: FlaskClient) -> None:
    for minute in range(40):
        save_moods(service_client, minute % 10)
    save_chats(service_client, *(f"c{number}" for number in range(150)))
    moods, chats = service_client.get(MOODS).json, service_client.get(CHATS).json
    assert (set(moods), len(moods["history"])) == ({"success", "history", "stats"}, 30)
    assert (set(chats), len(chats["chats"])) == ({"success", "chats"}, 150)


def test_a_cursor_without_limit_goes_on(service_client: FlaskClient) -> None:
    save_chats(service_client, *"abcd")
    cursor = service_client.get(f"{CHATS}&limit=1").json["nextCursor"]
    rest = service_client.get(f"{CHATS}&cursor={cursor}").json
    assert [chat["chatId"] for chat in rest["chats"]] == ["c", "b", "a"]


def test_it_refuses_a_cursor_that_is_none_of_its_own(service_client: FlaskClient) -> None:
    save_chats(service_client, "a", "b")
    save_moods(service_client, 1, 2)
    of_chats = service_client.get(f"{CHATS}&limit=1").json["nextCursor"]
    of_moods = service_client.get(f"{MOODS}&limit=1").json["nextCursor"]
    for url, other in ((CHATS, of_moods), (MOODS, of_chats)):
        for cursor in (other, "", "x", "1", "é", "=", "%00", f"{of_chats}=", of_moods[:-1]):
            answer = service_client.get(f"{url}&cursor={cursor}")
            assert answer.status_code == 400, cursor
            assert answer.json["field"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "1001", "x", ""])
def test_it_refuses_a_page_of_odd_length(service_client: FlaskClient, limit: str) -> None:
    answer = service_client.get(f"{CHATS}&limit={limit}")
    assert answer.json["error"] == "limit must be a whole number from 1 to 1000."
