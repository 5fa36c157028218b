"""Taking one's data along."""

import json
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from tests.web.helpers import Browser, everything, live_a_little


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_it_is_a_file_that_no_cache_keeps(alice: Browser, ending: str) -> None:
    answer = alice.get(f"/settings/export.{ending}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=aira-")
    assert answer.headers["Content-Disposition"].endswith(f".{ending}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert ending in answer.mimetype


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_strangers_get_nothing(app: Flask, ending: str) -> None:
    assert Browser(app).get(f"/settings/export.{ending}").status_code == 302


def test_it_holds_what_is_known_and_nothing_of_others(
    exported: dict[str, Any], bob: Browser, alice: Browser, valkey: Redis
) -> None:
    account = exported["account"]
    assert (account["email"], account["timezone"]) == ("alice@example.com", "Asia/Tokyo")
    assert [mood["score"] for mood in exported["moods"]] == [0.0, 3.0, 8.5]
    assert exported["moods"][2]["note"] == "Böse <b>"
    assert len(exported["conversations"]) == 4
    assert exported["conversations"][0]["messages"][0]["at"] == [1, None]
    assert exported["stats"]["conversations"] == 5
    assert len(exported["days"]) == len(exported["sessions"]) == 1
    text = json.dumps(exported)
    [session] = valkey.hkeys(alice.key("sessions"))
    assert "argon2" not in text
    assert session not in text
    assert bob.user_id not in text


def test_it_writes_nothing(alice: Browser, exported: dict[str, Any], valkey: Redis) -> None:
    before = everything(valkey)
    for ending in ("json", "csv"):
        alice.get(f"/settings/export.{ending}")
        alice.head(f"/settings/export.{ending}")
    assert everything(valkey) == before


def test_the_table_is_the_mood_history(alice: Browser) -> None:
    live_a_little(alice)
    assert alice.get("/settings/export.csv").text.splitlines() == [
        "timestamp,day,score,note",
        "2026-03-03T18:30:00.123Z,2026-03-03,0.0,'=1+1",
        "2026-03-02T18:30:00.123Z,2026-03-02,3.0,",
        "2026-03-01T18:30:00.123Z,2026-03-01,8.5,Böse <b>",
    ]
