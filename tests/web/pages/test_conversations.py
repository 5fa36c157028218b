"""The pages of saved conversations: the list, its search, one of them, and one day's."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from stats.lib.timestamps import iso, milliseconds
from tests.support.samples import MESSAGES
from tests.web.helpers import Browser, sign_up

URL = "/conversations"


def save(browser: Browser, chat_id: str, **fields: object) -> None:
    body = {"chatId": chat_id, "messages": MESSAGES, **fields}
    assert browser.api("POST", "/api/chat/save", json=body).status_code == 200


def titles(text: str) -> list[str]:
    return re.findall(r"<h2[^>]*><a [^>]+>([^<]+)", text)


@pytest.fixture
def reader(app: Flask) -> Browser:
    """Alice, who has 31 conversations: the oldest stands on a second page."""
    alice = sign_up(app, "Alice")
    for number in range(31):
        save(alice, f"c{number}", title=f"Talk {number}")
    return alice


def test_it_goes_back_a_page_that_a_deletion_has_emptied(reader: Browser) -> None:
    assert titles(reader.get(f"{URL}?page=2").text) == ["Talk 0"]
    reader.post(f"{URL}/c0/delete")
    answer = reader.get(f"{URL}?page=2")
    assert (answer.status_code, answer.location) == (302, URL)
    assert len(titles(reader.get(answer.location).text)) == 30


def test_it_goes_to_the_last_page_that_has_something(reader: Browser) -> None:
    assert reader.get(f"{URL}?page=9").location == f"{URL}?page=2"
    assert reader.get(f"{URL}?q=talk&page=9").location == f"{URL}?q=talk&page=2"
    assert reader.get(f"{URL}?q=nothing&page=2").location == f"{URL}?q=nothing"
    assert "Nothing found" in reader.get(f"{URL}?q=nothing").text


def test_it_says_how_many_were_found_on_every_page(reader: Browser) -> None:
    for page in ("1", "2"):
        assert "31 found for" in reader.get(f"{URL}?q=talk&page={page}").text


@pytest.mark.parametrize("query", ["cafe", "CAFÉ", "cafe\u0301", "don't", "\u202ecafe"])
def test_it_finds_words_as_people_read_them(alice: Browser, query: str) -> None:
    save(alice, "c1", title="I don\u2019t like café")
    save(alice, "c2", title="Another")
    found = alice.get(URL, query_string={"q": query})
    assert titles(found.text) == ["I don\u2019t like café"]


def test_a_hit_by_a_tag_shows_the_tag(alice: Browser) -> None:
    save(alice, "c1", title="A walk", tags=["Café", "sea", "<b>x"])
    save(alice, "c2", title="The sea")
    for query, shown in (("cafe", ["Café"]), ("sea", ["sea"]), ("walk sea", ["sea"]), ("", [])):
        page = alice.get(URL, query_string={"q": query}).text
        assert re.findall(r'<li dir="auto">([^<]+)</li>', page) == shown, query
        assert ("Tags that fit" in page) == bool(shown)
    assert "&lt;b&gt;x</li>" in alice.get(URL, query_string={"q": "<b>"}).text


@pytest.mark.parametrize("query", ["\u200b", " ", "\u3164"])
def test_it_looks_for_nothing_where_nothing_is_to_be_seen(alice: Browser, query: str) -> None:
    save(alice, "c1", title="A talk")
    page = alice.get(URL, query_string={"q": query}).text
    assert titles(page) == ["A talk"]
    assert "found for" not in page


def test_a_day_keeps_what_was_said_on_it(alice: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved again two days later, it is the newest, and still was on that day."""
    now = datetime.now(UTC)
    then = now - timedelta(days=2)
    with monkeypatch.context() as patch:
        patch.setattr("stats.conversations.now_ms", lambda: milliseconds(then))
        save(alice, "c1", title="A walk")
    save(alice, "c2", title="Tea")
    save(alice, "c1", title="A walk")
    assert titles(alice.get(URL).text) == ["A walk", "Tea"]
    for day, title, other in ((then, "A walk", "Tea"), (now, "Tea", "A walk")):
        page = alice.get(f"/history/{day.date()}").text
        assert "1\u00a0conversation" in page
        assert (title in page, other in page) == (True, False)
    exported = {
        item["chatId"]: item for item in alice.get("/settings/export.json").json["conversations"]
    }
    assert exported["c1"]["firstSavedAt"] == iso(then)
    assert "firstSavedAt" not in exported["c2"]
