"""Which files an import takes, and what it says of the others."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from stats.web.accounts.personal_data import MAX_FILE_SIZE
from tests.web.helpers import Browser, dump_all, field_error, sign_up
from tests.web.personal_data.helpers import upload_import

DEEP = b"[" * 10_000 + b"]" * 10_000


@pytest.mark.parametrize(
    "data", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", DEEP, b'{"a":1,"a":2}', b'{"a":NaN}']
)
def test_it_takes_no_other_files(alice: Browser, valkey: Redis, data: bytes) -> None:
    before = dump_all(valkey)
    answer = upload_import(alice, data)
    assert answer.status_code == 422
    assert field_error(answer, "file").startswith("The file ")
    assert dump_all(valkey) == before


@pytest.mark.parametrize(
    "sent", [{}, {"file": "{}"}, {"file": (io.BytesIO(b""), "")}], ids=["none", "text", "unnamed"]
)
def test_it_says_that_no_file_was_chosen(alice: Browser, sent: dict[str, Any]) -> None:
    answer = alice.post("/settings/import", sent, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert field_error(answer, "file").startswith("No file was chosen.")


def test_it_says_that_a_file_is_empty(alice: Browser) -> None:
    assert field_error(upload_import(alice, b""), "file") == "The file is empty."


def test_a_byte_order_mark_is_no_error(app: Flask, account_export: dict[str, Any]) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(account_export).encode()
    assert upload_import(sign_up(app, "Adele"), data).status_code == 303


def test_today_in_kiritimati_is_no_day_to_come_in_pago_pago(app: Flask) -> None:
    furthest_ahead = sign_up(app, "Ahead", timezone="Pacific/Kiritimati")
    account_export = furthest_ahead.get("/settings/export.json").json
    behind = sign_up(app, "Behind", timezone="Pacific/Pago_Pago")
    behind.api("PATCH", "/api/mood", json={"score": 5})
    assert account_export["days"] > behind.get("/settings/export.json").json["days"]
    assert upload_import(behind, account_export).status_code == 303
    taken = behind.get("/settings/export.json").json
    assert taken["account"]["timezone"] == "Pacific/Pago_Pago"
    assert taken["stats"]["last_login"] == account_export["days"][0]
    assert behind.stats()["streak"] >= 1


def test_earlier_clocks_come_back(
    app: Flask, alice: Browser, account_export: dict[str, Any]
) -> None:
    assert [clock["timezone"] for clock in account_export["account"]["earlier_clocks"]] == ["UTC"]
    again = sign_up(app, "Adele", timezone="America/New_York")
    upload_import(again, account_export)
    taken = again.get("/settings/export.json").json["account"]
    for name in ("timezone", "day_start", "earlier_clocks"):
        assert taken[name] == account_export["account"][name]


def test_the_clocks_of_the_file_are_in_force_for_its_entries(app: Flask) -> None:
    """A zone that was set before the import says nothing of the days in the file."""
    account_export = sign_up(app, "Tomo", timezone="Asia/Tokyo").get("/settings/export.json").json
    moment = {"timestamp": "2026-03-01T18:30:00.000Z", "score": 5.0}
    again = sign_up(app, "Adele", timezone="America/New_York")
    again.post("/settings", {"name": "Adele", "timezone": "Europe/Paris", "day_start": "0"})
    upload_import(again, account_export | {"moods": [moment]})
    assert again.get("/settings/export.json").json["account"]["earlier_clocks"] == []
    assert ",2026-03-02,5.0," in again.get("/settings/export.csv").text


def test_large_files_are_taken_here_alone(
    app: Flask, account_export: dict[str, Any], alice: Browser
) -> None:
    again = sign_up(app, "Adele")
    account_export["conversations"][0]["messages"][0]["content"] = "x" * 300_000
    assert upload_import(again, account_export).status_code == 303
    chat = account_export["conversations"][0]["chatId"]
    assert len(again.get(f"/api/chat/{chat}").json["messages"][0]["content"]) == 300_000
    big = {"file": (io.BytesIO(b"x" * 300_000), "a")}
    assert alice.post("/settings", big).status_code == 413
    huge = {"CONTENT_LENGTH": str(MAX_FILE_SIZE + 1)}
    assert alice.client.post("/settings/import", environ_overrides=huge).status_code == 413
