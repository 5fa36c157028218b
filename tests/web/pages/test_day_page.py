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
from tests.web.helpers import Browser

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
