"""The page of one day: its ends, its empty text, and an entry that was deleted."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from stats.web.pages.day import FIRST_DAY
from tests.support.html_forms import HtmlForm, read_forms
from tests.web.helpers import Browser, field_error

NOTE = "line one\n<b>line two</b>"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def record(browser: Browser, **mood: Any) -> None:
    assert browser.api("PATCH", "/api/mood", json=mood).status_code == 200


def links(page: str) -> dict[str, str]:
    """Where the links to the days around lead."""
    return dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', page))


def delete_first(browser: Browser) -> str:
    """Delete the first entry of today as the page has it; return the page that follows."""
    page = browser.get(f"/history/{today()}").text
    form = next(form for form in read_forms(page) if form.action.endswith("/delete"))
    answer = browser.post(form.action, form.fields)
    assert answer.status_code == 303
    return browser.get(answer.location).text


def restore_form(page: str) -> HtmlForm | None:
    forms = [form for form in read_forms(page) if form.action.endswith("/restore")]
    return forms[0] if forms else None


def test_it_says_that_an_entry_is_deleted_and_puts_it_back_once(alice: Browser) -> None:
    record(alice, score=7.3, note=NOTE)
    before = alice.moods()
    page = delete_first(alice)
    assert "The check-in is deleted." in page
    assert alice.moods() == []
    form = restore_form(page)
    assert form
    for _ in range(2):
        answer = alice.post(form.action, form.fields)
        assert answer.status_code == 303
        assert alice.moods() == before
    assert "The check-in is back." in alice.get(answer.location).text


def test_it_says_so_on_the_next_page_alone(alice: Browser) -> None:
    record(alice, score=7)
    assert restore_form(delete_first(alice))
    page = alice.get(f"/history/{today()}").text
    assert "The check-in is deleted." not in page
    assert not restore_form(page)


def test_the_first_day_leads_to_none_before_it(alice: Browser) -> None:
    assert "next" in links(alice.get(f"/history/{FIRST_DAY}").text)
    assert "prev" not in links(alice.get(f"/history/{FIRST_DAY}").text)
    assert "prev" in links(alice.get(f"/history/{FIRST_DAY + timedelta(days=1)}").text)


@pytest.mark.parametrize("ahead", [0, 1])
def test_it_says_of_today_alone_that_nothing_is_logged_yet(
    app: Flask, alice: Browser, service_client: FlaskClient, ahead: int
) -> None:
    """With an entry of a clock that ran ahead, today has a day after it."""
    with time_machine.travel(datetime.now(UTC) + timedelta(days=ahead), tick=False):
        if ahead:
            url = f"/api/mood?userId={alice.user_id}"
            assert service_client.patch(url, json={"score": 5}).status_code == 200
    page = alice.get(f"/history/{today()}").text
    assert ("next" in links(page)) == bool(ahead)
    assert "Nothing logged yet today." in page
    assert ">Check in<" in page
    before = (datetime.now(UTC) - timedelta(days=1)).date()
    assert "Nothing logged yet today." not in alice.get(f"/history/{before}").text


def past(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def add_form(page: str, day: str) -> HtmlForm | None:
    forms = [form for form in read_forms(page) if form.action == f"/history/{day}"]
    return forms[0] if forms else None


def test_seven_days_stand_around_it_and_those_to_come_are_no_links(alice: Browser) -> None:
    record(alice, score=9, at=f"{past(6)}T12:00:00+00:00")
    strip = alice.get(f"/history/{past(5)}").text.split('<nav class="days-around"')[1]
    days = re.findall(r'href="/history/([^"]+)"', strip.split("</nav>")[0])
    assert days == [past(back) for back in range(8, 1, -1)]
    assert re.search(rf'aria-current="page" href="/history/{past(5)}"', strip)
    assert links(strip) == {"prev": f"/history/{past(6)}", "next": f"/history/{past(4)}"}
    assert "mood 9" in strip
    strip = alice.get(f"/history/{past(1)}").text.split('<nav class="days-around"')[1]
    days = re.findall(r'href="/history/([^"]+)"', strip.split("</nav>")[0])
    assert days == [past(back) for back in range(4, -1, -1)]


@pytest.mark.parametrize("back", [1, 30, 366])
def test_a_past_day_takes_a_check_in(alice: Browser, back: int) -> None:
    day, active = past(back), alice.stats()["days_active"]
    form = add_form(alice.get(f"/history/{day}").text, day)
    assert form
    filled = form.fields | {"score": "8", "note": " late ", "tags": ["walk"], "more_tags": "tea"}
    for _ in range(2):
        answer = alice.post(form.action, filled)
        assert (answer.status_code, answer.location) == (303, f"/history/{day}")
    [entry] = alice.get("/api/mood?days=400").json["history"]
    assert (entry["score"], entry["note"], entry["tags"]) == (8, "late", ["walk", "tea"])
    assert entry["timestamp"].startswith(day)
    page = alice.get(answer.location).text
    assert "Add to this day" in page
    assert 'id="mood-undo"' in page
    assert alice.stats()["days_active"] == active


def test_today_and_a_day_beyond_366_have_no_form(alice: Browser) -> None:
    for back in (0, 367):
        assert add_form(alice.get(f"/history/{past(back)}").text, past(back)) is None
    answer = alice.post(f"/history/{past(367)}", {"score": "5"})
    assert answer.status_code == 422
    assert "Choose a day from the last 366." in answer.text
    assert alice.post(f"/history/{past(-1)}", {"score": "5"}).status_code == 404
    assert alice.moods() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("score", "11"), ("note", "n" * 281), ("more_tags", "x" * 31)],
)
def test_what_a_past_day_refuses_comes_back_with_the_reason(
    alice: Browser, name: str, value: str
) -> None:
    day = past(3)
    form = add_form(alice.get(f"/history/{day}").text, day)
    assert form
    typed = form.fields | {"score": "6.5", "note": "kept", "tags": ["walk"], name: value}
    answer = alice.post(form.action, typed)
    assert answer.status_code == 422
    assert field_error(answer, name.removeprefix("more_"))
    again = add_form(answer.text, day)
    assert again
    kept = {field: again.fields[field] for field in ("note", "tags", "more_tags", "op")}
    assert kept == {field: typed.get(field, "") for field in kept}
    assert alice.moods() == []


def test_a_blank_day_begins_with_its_form(alice: Browser) -> None:
    blank = alice.get(f"/history/{past(2)}").text
    assert "A blank day is blank, never a zero." in blank
    assert "How was this day?" in blank


def test_it_says_of_each_conversation_when_how_long_and_what_about(alice: Browser) -> None:
    messages = [{"role": "user", "content": "Hi"}] * 3
    chat = {"chatId": "c1", "title": "The flat", "messages": messages, "tags": ["friends", "<b>"]}
    assert alice.api("POST", "/api/chat/save", json=chat).status_code == 200
    page = alice.get(f"/history/{today()}").text
    said = re.search(r'<p class="caption">(.*?)</p>', page)
    assert said
    words = re.sub(r"<[^>]+>", "", said[1])
    assert re.fullmatch(r"\d\d:\d\d ·&nbsp;3 messages ·&nbsp;friends, &lt;b&gt;", words)
