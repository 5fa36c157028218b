"""The check-in: with htmx and without, refused, repeated, taken back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from tests.web.helpers import (
    HTMX_HEADERS,
    Browser,
    displayed_stats,
    dump_all,
    field_error,
    form_token,
    log_in,
    poll_url,
)

MOOD, UNDO = "/dashboard/mood", "/dashboard/mood/undo"


def field(answer: TestResponse, name: str) -> str:
    """The value of a field of the mood form."""
    return re.search(rf'name="{name}"[^>]* value="([^"]*)"', answer.text)[1]


def current(alice: Browser) -> str:
    return displayed_stats(alice.get("/dashboard"))["mood_score"]


def test_it_shows_a_dash_until_there_is_a_mood_and_then_a_real_zero(alice: Browser) -> None:
    page = alice.get("/dashboard")
    assert displayed_stats(page)["mood_score"] == "—"
    assert 'aria-valuetext="Not logged"' in page.text
    assert alice.post(MOOD, {"score": "0"}).status_code == 303
    page = alice.get("/dashboard")
    assert displayed_stats(page)["mood_score"] == "0"
    assert 'aria-valuetext="0 of 10, Very low"' in page.text
    assert displayed_stats(alice.get("/dashboard/stats"))["mood_score"] == "0"


def test_it_goes_back_to_the_dashboard_without_htmx(alice: Browser) -> None:
    answer = alice.post(MOOD, {"score": "7.5", "note": " a walk "})
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    [entry] = alice.moods()
    assert (entry["score"], entry["note"]) == (7.5, "a walk")


def test_it_answers_htmx_with_the_form_and_calls_for_new_numbers(alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    answer = alice.post(MOOD, {"score": "7.5"}, headers=HTMX_HEADERS)
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<form id="mood-form"')
    assert answer.headers["HX-Trigger"] == "aira:refresh"
    assert re.search(r"<b[^>]*>7.5</b>.*?Good", answer.text)
    assert form_token(answer)
    assert displayed_stats(alice.get(url))["mood_score"] == "7.5"


@pytest.mark.parametrize("score", ["0", "10", "10.0", "0.5", "07"])
def test_it_takes_a_score_from_0_to_10(alice: Browser, score: str) -> None:
    assert alice.post(MOOD, {"score": score}).status_code == 303
    assert [entry["score"] for entry in alice.moods()] == [float(score)]


@pytest.mark.parametrize(
    "score",
    ["", "x", "-1", "10.5", "11", "nan", "inf", "1e1", "1e309", "٥", "5,5", "5.", "9" * 5000],
)
@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS])
def test_it_refuses_any_other_score_and_keeps_what_was_typed(
    valkey: Redis, alice: Browser, score: str, headers: dict[str, str]
) -> None:
    alice.get("/dashboard")
    before = dump_all(valkey)
    data = {"score": score, "note": "<typed>", "day": "yesterday"}
    answer = alice.post(MOOD, data, headers=headers)
    assert answer.status_code == 422
    assert field_error(answer, "score")
    assert "&lt;typed&gt;</textarea>" in answer.text
    assert re.search(r'value="yesterday" checked', answer.text)
    assert ("<html" in answer.text) == (not headers)
    assert "HX-Trigger" not in answer.headers
    assert dump_all(valkey) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("note", "n" * 281), ("note", "a\x00b"), ("day", "tomorrow"), ("day", "")],
)
def test_it_says_beside_the_field_what_will_not_do(alice: Browser, name: str, value: str) -> None:
    answer = alice.post(MOOD, {"score": "7.5", name: value}, headers=HTMX_HEADERS)
    assert answer.status_code == 422
    assert field_error(answer, name)
    assert field(answer, "score") == "7.5"
    assert alice.moods() == []


@pytest.mark.parametrize("op", ["o" * 65, "a\x00b"])
def test_it_refuses_an_operation_id_that_it_cannot_keep(alice: Browser, op: str) -> None:
    assert alice.post(MOOD, {"score": "5", "op": op}).status_code == 422
    assert alice.moods() == []


@pytest.mark.parametrize("note", ["n" * 280, "😀" * 280, "<script>alert(1)</script>", "\u202eabc"])
def test_it_keeps_a_note_exactly(alice: Browser, note: str) -> None:
    alice.post(MOOD, {"score": "5", "note": note})
    assert [entry["note"] for entry in alice.moods()] == [note]


def test_it_counts_a_repeated_operation_once(alice: Browser) -> None:
    op = field(alice.get("/dashboard"), "op")
    for _ in range(3):
        assert alice.post(MOOD, {"score": "5", "op": op}).status_code == 303
    assert len(alice.moods()) == 1
    alice.post(MOOD, {"score": "5", "op": field(alice.get("/dashboard"), "op")})
    assert len(alice.moods()) == 2


def test_it_fills_in_yesterday(alice: Browser) -> None:
    answer = alice.post(MOOD, {"score": "3", "day": "yesterday"}, headers=HTMX_HEADERS)
    assert re.search(r"Yesterday’s check-ins.*?<b[^>]*>3</b>.*?Low", answer.text, re.DOTALL)
    page = alice.get("/dashboard")
    assert displayed_stats(page)["mood_score"] == "3"
    assert "Mood yesterday" in page.text
    assert 'aria-valuetext="Not logged"' in page.text
    [today] = re.findall(r'id="today" datetime="([^"]+)"', page.text)
    [entry] = alice.moods()
    at = datetime.fromisoformat(entry["timestamp"])
    assert (datetime.fromisoformat(today).date() - at.date()).days == 1
    assert abs(datetime.now(UTC) - at - timedelta(days=1)) < timedelta(minutes=1)


def test_it_does_not_let_yesterday_replace_today(alice: Browser) -> None:
    alice.post(MOOD, {"score": "8"})
    alice.post(MOOD, {"score": "3", "day": "yesterday"})
    assert current(alice) == "8"
    assert [entry["score"] for entry in alice.moods()] == [8, 3]


def take_back(browser: Browser, **kwargs: Any) -> TestResponse:
    """Press the Undo button that stands on the page, if there is one."""
    page = browser.get("/dashboard").text
    entry = re.search(r'name="entry" value="(\d+)" form="undo-form"', page)
    return browser.post(UNDO, {"entry": entry[1] if entry else "1"}, **kwargs)


def test_it_takes_the_last_entry_back_once(alice: Browser) -> None:
    for score in ("4", "6", "9"):
        alice.post(MOOD, {"score": score})
    answer = take_back(alice)
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert current(alice) == "6"
    assert 'id="mood-undo"' not in alice.get("/dashboard").text
    take_back(alice)
    assert current(alice) == "6"
    assert [entry["score"] for entry in alice.moods()] == [6, 4]


def test_it_shows_a_dash_again_when_the_only_entry_is_taken_back(alice: Browser) -> None:
    alice.post(MOOD, {"score": "4"})
    url = poll_url(alice.get("/dashboard"))
    answer = take_back(alice, headers=HTMX_HEADERS)
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "aira:refresh"
    assert 'id="mood-form"' in answer.text
    assert "Not logged" in answer.text
    assert displayed_stats(alice.get(url))["mood_score"] == "—"
    assert alice.stats()["mood_updated_at"] is None


def test_it_offers_undo_only_while_there_is_something_to_take_back(alice: Browser) -> None:
    assert 'id="mood-undo"' not in alice.get("/dashboard").text
    alice.post(MOOD, {"score": "4"})
    assert 'id="mood-undo"' in alice.get("/dashboard").text
    take_back(alice)
    assert 'id="mood-undo"' not in alice.get("/dashboard").text
    assert take_back(alice).status_code == 303


def test_it_takes_back_yesterdays_entry_though_todays_is_later(alice: Browser) -> None:
    alice.post(MOOD, {"score": "8"})
    answer = alice.post(MOOD, {"score": "3", "day": "yesterday"}, headers=HTMX_HEADERS)
    [entry] = re.findall(r'name="entry" value="(\d+)" form="undo-form"', answer.text)
    alice.post(UNDO, {"entry": entry})
    assert [entry["score"] for entry in alice.moods()] == [8]


def test_it_touches_nobody_elses_mood(alice: Browser, bob: Browser) -> None:
    alice.post(MOOD, {"score": "8"})
    bob.post(UNDO, {"entry": alice.moods()[0]["id"]})
    assert current(alice) == "8"
    assert current(bob) == "—"


@pytest.mark.parametrize("ended", ["/logout", "/settings/sessions/revoke"])
def test_a_session_that_has_ended_records_nothing(
    app: Flask, alice: Browser, valkey: Redis, ended: str
) -> None:
    token = alice.token
    late = Browser(app, alice.session)
    late._token = token
    (alice if ended == "/logout" else log_in(app, "Alice")).post(ended)
    before = dump_all(valkey)
    for form in ({"score": "7"}, {"score": "7", "day": "yesterday"}, {"score": "x"}):
        answer = late.post("/dashboard/mood", form, headers=HTMX_HEADERS)
        assert (answer.status_code, answer.headers["HX-Redirect"][:6]) == (401, "/login")
        answer = late.post("/dashboard/mood", form)
        assert (answer.status_code, answer.headers["Location"][:6]) == (302, "/login")
    late._token = "forged"
    assert late.post("/dashboard/mood", {"score": "7"}).status_code == 302
    for sent in (token, "forged"):
        late._token = sent
        assert late.api("PATCH", "/api/mood", json={"score": 7}).status_code == 401
    assert dump_all(valkey) == before


def test_the_form_that_is_answered_can_be_sent_again(alice: Browser) -> None:
    answer = alice.post("/dashboard/mood", {"score": "7"}, headers=HTMX_HEADERS)
    alice._token = form_token(answer)
    assert alice.post("/dashboard/mood", {"score": "8"}, headers=HTMX_HEADERS).status_code == 200
    assert alice.stats()["mood_score"] == 8
