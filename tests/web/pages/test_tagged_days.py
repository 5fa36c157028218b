"""The days that have a tag: which they are, and what each link to them leads to."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.web.helpers import Browser

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def record(browser: Browser, days_ago: float, score: float, *tags: str) -> None:
    at = (NOON - timedelta(days=days_ago)).isoformat()
    mood = {"score": score, "tags": tags, "at": at}
    assert browser.api("PATCH", "/api/mood", json=mood).status_code == 200


def days(page: str) -> list[str]:
    _, _, listed = page.partition('<section class="card recent-days')
    return re.findall(r'<a href="/history/([^"]+)"', listed.split("</section>")[0])


def test_it_lists_the_days_with_a_tag_however_it_is_written(alice: Browser) -> None:
    record(alice, 0, 8, "Walk")
    record(alice, 0.1, 4)
    record(alice, 1, 3, "work")
    record(alice, 2, 7, "WALK", "work")
    record(alice, 400, 1, "walk")
    page = alice.get("/history?tag=walk").text
    assert days(page) == ["2026-03-12", "2026-03-10"]
    assert "2 days with <bdi>Walk</bdi>" in page
    assert ">Mean 6.5<" in page
    assert days(alice.get("/history?tag=work").text) == ["2026-03-11", "2026-03-10"]


@pytest.mark.parametrize("tag", ["nothing", "<script>", "\u202e", "x" * 500])
def test_an_unknown_tag_has_no_days(alice: Browser, tag: str) -> None:
    record(alice, 0, 8, "walk")
    answer = alice.get("/history", query_string={"tag": tag})
    assert answer.status_code == 200
    assert "No day in this range has it." in answer.text
    assert "<script>" not in answer.text.split("<main")[1]
    assert days(answer.text) == []


@pytest.mark.parametrize("tag", ["slept well", "a&b=c#d", "مشي", '"><b>'])
def test_each_shown_tag_leads_to_its_days(alice: Browser, tag: str) -> None:
    record(alice, 0, 8, tag)
    for page in ("/dashboard", "/history/2026-03-12"):
        [link] = re.findall(r'href="(/history\?tag=[^"]*)"', alice.get(page).text)
        assert days(alice.get(html.unescape(link)).text) == ["2026-03-12"]


def test_nobody_sees_the_days_of_others(alice: Browser, bob: Browser) -> None:
    record(alice, 0, 8, "walk")
    assert days(bob.get("/history?tag=walk").text) == []
