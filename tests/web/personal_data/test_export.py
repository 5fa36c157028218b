"""Taking one's data along."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from tests.web.helpers import Browser, dump_all, fill_account, sign_up


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
    account_export: dict[str, Any], bob: Browser, alice: Browser, valkey: Redis
) -> None:
    account = account_export["account"]
    assert (account["email"], account["timezone"]) == ("alice@example.com", "Asia/Tokyo")
    assert [mood["score"] for mood in account_export["moods"]] == [0.0, 3.0, 8.5]
    assert account_export["moods"][2]["note"] == "Böse <b>"
    assert len(account_export["conversations"]) == 4
    assert account_export["conversations"][0]["messages"][0]["at"] == [1, None]
    assert account_export["stats"]["conversations"] == 5
    assert len(account_export["days"]) == len(account_export["sessions"]) == 1
    text = json.dumps(account_export)
    [session] = valkey.hkeys(alice.key("sessions"))
    assert "argon2" not in text
    assert session not in text
    assert bob.user_id not in text


def test_it_writes_nothing(alice: Browser, account_export: dict[str, Any], valkey: Redis) -> None:
    before = dump_all(valkey)
    for ending in ("json", "csv"):
        alice.get(f"/settings/export.{ending}")
        alice.head(f"/settings/export.{ending}")
    assert dump_all(valkey) == before


def test_the_table_is_the_mood_history(alice: Browser) -> None:
    fill_account(alice)
    assert alice.get("/settings/export.csv").text.splitlines() == [
        "\ufefftimestamp,day,score,note,tags",
        "2026-03-03T18:30:00.123Z,2026-03-03,0.0,'=1+1,'+1",
        "2026-03-02T18:30:00.123Z,2026-03-02,3.0,,",
        '2026-03-01T18:30:00.123Z,2026-03-01,8.5,Böse <b>,"walk, Böse"',
    ]


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_date_in_its_name_is_the_users(app: Flask, timezone: str) -> None:
    """These zones are 26 hours apart: one of them never has the date of UTC."""
    user = sign_up(app, "Carol", timezone=timezone)
    user.post("/settings", {"name": "Carol", "timezone": timezone, "day_start": "6"})
    for extension in ("json", "csv"):
        before = date_on_page(user)
        answer = user.get(f"/settings/export.{extension}")
        filename = answer.headers["Content-Disposition"].partition("filename=")[2]
        assert filename in {f"aira-{day}.{extension}" for day in (before, date_on_page(user))}, (
            "midnight may come in between"
        )


def date_on_page(user: Browser) -> str:
    [today] = re.findall(r'<time id="today" datetime="([^"]+)"', user.get("/dashboard").text)
    return str(today)
