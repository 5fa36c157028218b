"""Bringing back what one took along."""

import io
import json
from collections.abc import Callable
from typing import Any

from flask import Flask
from redis import Redis

from tests.web.helpers import HTMX_HEADERS, PASSWORD, Browser, dump_all, field_error, sign_up
from tests.web.personal_data.helpers import upload_import


def api_data(browser: Browser) -> list[Any]:
    """All that the API tells of a user, but for the plan."""
    chats = browser.get("/api/chat").json["chats"]
    each = [browser.get(f"/api/chat/{chat['chatId']}").json for chat in chats]
    moods = browser.get("/api/mood?limit=1000&days=3660").json
    return [browser.stats() | {"plan": ""}, chats, each, moods]


def test_it_all_comes_back(app: Flask, alice: Browser, account_export: dict[str, Any]) -> None:
    before = api_data(alice)
    alice.post("/settings/delete", {"confirm": "alice@example.com"})
    again = sign_up(app, "Adele")
    answer = upload_import(again, account_export)
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert "Taken: 4 conversations, 3 check-ins." in again.get("/settings").text
    assert api_data(again) == before
    page = again.get("/settings").text
    assert 'data-theme="dark"' in page
    assert "Ada \u202eL. 👩‍🚀" in page
    assert "adele@example.com" in page


def test_with_script_the_page_is_loaded_anew(app: Flask, account_export: dict[str, Any]) -> None:
    again = sign_up(app, "Adele")
    file = {"file": (io.BytesIO(json.dumps(account_export).encode()), "aira.json")}
    answer = again.post("/settings/import", file, headers=HTMX_HEADERS)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/settings")
    assert "Taken: 4 conversations" in again.get("/settings").text
    wrong = again.post("/settings/import", {"file": (io.BytesIO(b"{}"), "a")}, headers=HTMX_HEADERS)
    assert wrong.status_code == 422
    assert 'id="data"' in wrong.text


def test_what_came_back_is_an_account_like_any(app: Flask, account_export: dict[str, Any]) -> None:
    again = sign_up(app, "Adele")
    upload_import(again, account_export)
    chat = account_export["conversations"][0]["chatId"]
    more = {"chatId": chat, "messages": [{"role": "user", "content": "More"}]}
    again.api("POST", "/api/chat/save", json=more)
    again.api("PATCH", "/api/mood", json={"score": 9})
    stats = again.stats()
    assert (stats["conversations"], stats["mood_score"]) == (5, 9.0)
    assert again.get("/dashboard").status_code == 200
    assert again.get("/history/2026-03-01").status_code == 200


def test_a_grant_does_not_come_back(app: Flask, account_export: dict[str, Any]) -> None:
    account_export["billing"]["grant"] = account_export["stats"]["plan"] = "Premium"
    account_export["account"]["email"] = "mallory@example.com"
    again = sign_up(app, "Adele")
    assert upload_import(again, account_export).status_code == 303
    assert again.stats()["plan"] == "Free"
    taken = again.get("/settings/export.json").json
    assert taken["account"]["email"] == "adele@example.com"
    assert taken["billing"]["grant"] is None


def test_it_overwrites_nothing(account_export: dict[str, Any], bob: Browser) -> None:
    mood, [chat, *_] = account_export["moods"][0], account_export["conversations"]
    own = {"score": 5, "note": "mine", "at": mood["timestamp"]}
    assert bob.api("PATCH", "/api/mood", json=own).status_code == 200
    kept = {
        "chatId": chat["chatId"],
        "title": "Mine",
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert bob.api("POST", "/api/chat/save", json=kept).status_code == 200
    assert upload_import(bob, account_export).status_code == 303
    page = bob.get("/settings").text
    assert "Taken: 3 conversations, 2 check-ins; 2 were here already." in page
    assert 'value="Bob"' in page
    taken = bob.get("/settings/export.json").json
    assert taken["account"]["timezone"] == "UTC"
    assert [found["score"] for found in taken["moods"]] == [5.0, 3.0, 8.5]
    assert (taken["moods"][0]["note"], taken["conversations"][0]["title"]) == ("mine", "Mine")
    assert bob.stats()["conversations"] == 5
    assert bob.stats()["recent_conversations"][0]["summary"] == "Mine"


def test_what_was_deleted_comes_back_and_counts_once(
    alice: Browser, account_export: dict[str, Any]
) -> None:
    chat = account_export["conversations"][0]["chatId"]
    alice.api("DELETE", f"/api/chat/{chat}")
    assert upload_import(alice, account_export).status_code == 303
    assert alice.get(f"/api/chat/{chat}").status_code == 200
    assert alice.stats()["conversations"] == 5


def test_the_second_time_nothing_is_new(app: Flask, account_export: dict[str, Any]) -> None:
    again = sign_up(app, "Adele")
    upload_import(again, account_export)
    before = api_data(again)
    assert upload_import(again, account_export).status_code == 303
    assert "everything in this file was here already" in again.get("/settings").text
    assert api_data(again) == before


def set_in(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


def saved_before_its_first_time(value: dict[str, Any]) -> None:
    times = {"savedAt": "2026-01-01T00:00:00Z", "firstSavedAt": "2026-01-02T00:00:00Z"}
    value["conversations"][0] |= times


LIES = {
    "another format": set_in("format", to="aira-stats-2"),
    "a score of 11": set_in("moods", 0, "score", to=11),
    "a score below 0": set_in("moods", 0, "score", to=-0.1),
    "a score in words": set_in("moods", 0, "score", to="5"),
    "a score of true": set_in("moods", 0, "score", to=True),
    "a long note": set_in("moods", 0, "note", to="n" * 281),
    "a long tag": set_in("moods", 0, "tags", to=["t" * 31]),
    "an invisible tag": set_in("moods", 0, "tags", to=["walk", "\u200b"]),
    "nine tags": set_in("moods", 0, "tags", to=list("abcdefghi")),
    "a tag that is no text": set_in("moods", 0, "tags", to=[5]),
    "tags in words": set_in("moods", 0, "tags", to="walk"),
    "NUL in a note": set_in("moods", 0, "note", to="a\0b"),
    "NUL in a message": set_in("conversations", 0, "messages", 0, "content", to="\0"),
    "half a character": set_in("account", "name", to="\ud800"),
    "a mood to come": set_in("moods", 0, "timestamp", to="2090-01-01T00:00:00Z"),
    "a mood of old": set_in("moods", 0, "timestamp", to="1999-01-01T00:00:00Z"),
    "a mood of nowhere": set_in("moods", 0, "timestamp", to="2026-01-01T00:00:00"),
    "a chat saved before its first time": saved_before_its_first_time,
    "a chat to come": set_in("conversations", 0, "savedAt", to="2090-01-01T00:00:00Z"),
    "a recent one to come": set_in(
        "stats", "recent_conversations", 0, "timestamp", to="2090-01-01T00:00:00Z"
    ),
    "a day to come": set_in("days", 0, to="2090-01-01"),
    "a login to come": set_in("stats", "last_login", to="2090-01-01"),
    "a day after the last": set_in("stats", "last_login", to="2026-01-01"),
    "no day": set_in("days", 0, to="2026-02-30"),
    "a count that leaves no room": set_in("stats", "conversations", to=2**31 - 1),
    "a zone on Mars before": set_in(
        "account",
        "earlier_clocks",
        to=[{"until": "2026-01-01T00:00:00Z", "timezone": "Mars/Base", "day_start": 0}],
    ),
    "an id that leaves its place": set_in("conversations", 0, "chatId", to="a}:b"),
    "an id with a line": set_in("conversations", 0, "chatId", to="a\n"),
    "a message of nobody": set_in("conversations", 0, "messages", 0, to={"content": "x"}),
    "a message of words": set_in("conversations", 0, "messages", to=["x"]),
    "four recent ones": set_in(
        "stats",
        "recent_conversations",
        to=[{"timestamp": "2026-01-01T00:00:00Z", "summary": ""}] * 4,
    ),
    "less than nothing": set_in("stats", "conversations", to=-1),
    "more than anybody": set_in("stats", "days_active", to=10**300),
    "a streak of lies": set_in("stats", "streak", to=9),
    "a zone on Mars": set_in("account", "timezone", to="Mars/Base"),
    "a day that starts at 7": set_in("account", "day_start", to=7),
    "no name": set_in("account", "name", to=" "),
    "a theme of blue": set_in("account", "theme", to="blue"),
    "no moods": set_in("moods", to=None),
}


def test_it_takes_no_lies(app: Flask, account_export: dict[str, Any], valkey: Redis) -> None:
    again = sign_up(app, "Adele")
    before = dump_all(valkey)
    for name, lie in LIES.items():
        forged_export = json.loads(json.dumps(account_export))
        lie(forged_export)
        valkey.delete(*valkey.keys("throttle:*"), "throttle:none")
        answer = upload_import(again, forged_export)
        assert answer.status_code == 422, name
        assert field_error(answer, "file").startswith("The file "), name
        assert dump_all(valkey) == before, name
    assert upload_import(again, account_export).status_code == 303


def test_what_stands_in_it_twice_is_taken_once(app: Flask, account_export: dict[str, Any]) -> None:
    for kind in ("days", "moods", "conversations"):
        account_export[kind] += account_export[kind]
    again = sign_up(app, "Adele")
    upload_import(again, account_export)
    assert (
        "Taken: 4 conversations, 3 check-ins; 7 were here already." in again.get("/settings").text
    )
    assert again.stats()["conversations"] == 5


def test_a_password_of_the_file_opens_nothing(app: Flask, account_export: dict[str, Any]) -> None:
    account_export["account"]["password"] = "x"
    again = sign_up(app, "Adele")
    upload_import(again, account_export)
    form = {"email": "adele@example.com", "password": PASSWORD}
    assert Browser(app).post("/login", form).status_code == 302


def test_it_takes_conversations_of_which_older_versions_took_more(
    app: Flask, account_export: dict[str, Any]
) -> None:
    again = sign_up(app, "Adele")
    empty, dot = account_export["conversations"][:2]
    empty["messages"], dot["chatId"] = [], "."
    assert upload_import(again, account_export).status_code == 303
    assert len(again.get("/api/chat").json["chats"]) == len(account_export["conversations"])


def test_it_keeps_its_own_name_where_the_file_has_none_to_be_seen(
    app: Flask, account_export: dict[str, Any]
) -> None:
    """Older versions took a name of which nothing can be seen."""
    again = sign_up(app, "Adele")
    account_export["account"]["name"] = "\u200b"
    assert upload_import(again, account_export).status_code == 303
    assert again.get("/settings/export.json").json["account"]["name"] == "Adele"
