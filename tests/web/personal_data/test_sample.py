"""Looking around with sample data."""

import calendar
import re
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from tests.web.helpers import (
    PASSWORD,
    Browser,
    Client,
    displayed_stats,
    dump_all,
    remaining_keys,
    sign_up,
)

PAGES = (
    *("/dashboard", "/history", "/history/2026-03-01", "/conversations", "/plans", "/settings"),
    *("/privacy", "/conversations/sample-001"),
)
SAYING = "A made-up year."


@pytest.fixture
def embedded(app: Flask, valkey: Redis) -> Flask:
    """The application in embedded mode."""
    made = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    made.test_client_class = Client
    return made


@pytest.fixture
def robin(embedded: Flask) -> Browser:
    """Somebody who looks around."""
    browser = Browser(embedded)
    answer = browser.post("/sample")
    assert (answer.status_code, answer.location) == (302, "/dashboard")
    browser.forget_token()
    browser.user_id = browser.get("/settings/export.json").json["account"]["id"]
    return browser


def test_it_is_offered(embedded: Flask) -> None:
    assert 'action="/sample"' in Browser(embedded).get("/").text


def test_it_does_not_exist_elsewhere(app: Flask, valkey: Redis) -> None:
    assert "/sample" not in Browser(app).get("/").text
    assert Browser(app).client.post("/sample").status_code == 404
    assert Browser(app).post("/sample").status_code == 404
    assert remaining_keys(valkey) == []


def test_it_wants_a_token(embedded: Flask, valkey: Redis) -> None:
    assert Browser(embedded).client.post("/sample").status_code == 400
    assert Browser(embedded).get("/sample").status_code == 405
    assert remaining_keys(valkey) == []


def test_it_shows_a_year(robin: Browser) -> None:
    stats = robin.stats()
    assert stats["conversations"] == 140
    assert 280 <= stats["days_active"] <= 340
    assert 18 <= stats["streak"] <= 22
    assert 38 <= stats["longest_streak"] <= 42
    assert stats["plan"] == "Free"
    assert len({recent["summary"] for recent in stats["recent_conversations"]}) == 3
    page = robin.get("/dashboard")
    assert page.status_code == 200
    assert displayed_stats(page)["streak"] == str(stats["streak"])
    assert robin.stats() == stats
    assert robin.get("/history").status_code == 200
    assert robin.get("/conversations").status_code == 200


def test_it_has_words(robin: Browser) -> None:
    taken = robin.get("/settings/export.json").json
    assert len({chat["title"] for chat in taken["conversations"]}) >= 25
    assert all(len(chat["messages"]) >= 4 for chat in taken["conversations"])
    names = {tag for mood in taken["moods"] for tag in mood.get("tags", [])}
    about = {chat["title"]: chat["tags"] for chat in taken["conversations"]}
    assert about["A letter to my sister"] == ["family"]
    assert 20 <= sum("note" in mood for mood in taken["moods"]) <= 120
    assert {"walk", "friends", "reading", "slept well"} <= names
    assert sum("tags" in mood for mood in taken["moods"]) >= 150
    moods = robin.get("/api/mood?limit=1000&days=400").json
    assert 280 <= moods["stats"]["totalEntries"] <= 380


def test_two_visitors_see_two_years(embedded: Flask, robin: Browser) -> None:
    other = Browser(embedded)
    other.post("/sample")
    other.forget_token()
    assert other.moods() != robin.moods()


def test_it_lives_in_the_visitors_zone(embedded: Flask) -> None:
    browser = Browser(embedded)
    browser.post("/sample", {"timezone": "Asia/Tokyo"})
    browser.forget_token()
    assert browser.get("/settings/export.json").json["account"]["timezone"] == "Asia/Tokyo"


def test_nobody_logs_in_to_it(embedded: Flask, robin: Browser, valkey: Redis) -> None:
    email = valkey.hget(robin.key("account"), "email")
    for password in ("", "password", "None"):
        answer = Browser(embedded).post("/login", {"email": email, "password": password})
        assert answer.status_code == 422
    assert "current_password" not in robin.get("/settings").text
    change = {"current_password": "", "new_password": "a new password"}
    assert robin.post("/settings/password", change).status_code == 422


def test_it_is_gone_at_log_out(embedded: Flask, robin: Browser, valkey: Redis) -> None:
    alice = sign_up(embedded, "Alice")
    robin.api("PATCH", "/api/mood", json={"score": 9})
    assert robin.post("/logout").status_code == 302
    assert not [key for key in valkey.scan_iter() if robin.user_id in key]
    assert alice.post("/logout").status_code == 302
    assert valkey.exists(alice.key("stats"))


def test_it_can_be_deleted_like_any(robin: Browser, valkey: Redis) -> None:
    email = valkey.hget(robin.key("account"), "email")
    assert robin.post("/settings/delete", {"confirm": "x@example.invalid"}).status_code == 422
    assert robin.post("/settings/delete", {"confirm": email}).status_code == 303
    assert remaining_keys(valkey) == []


def test_a_member_stays_who_they_are(embedded: Flask, valkey: Redis) -> None:
    alice = sign_up(embedded, "Alice")
    before = dump_all(valkey)
    assert alice.post("/sample").location == "/dashboard"
    assert dump_all(valkey) == before


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_it_is_and_where_an_account_is_made(
    embedded: Flask, robin: Browser, page: str
) -> None:
    shown = robin.get(page)
    assert shown.status_code == 200
    assert SAYING in shown.text
    assert 'href="/signup">Create an account' in shown.text
    if page != "/conversations/sample-001":
        assert SAYING not in sign_up(embedded, "Alice").get(page).text


def test_it_leads_to_an_account_of_ones_own_and_is_gone(
    embedded: Flask, robin: Browser, valkey: Redis
) -> None:
    form = robin.get("/signup")
    assert form.status_code == 200
    assert SAYING not in form.text
    old = robin.session
    typed = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD}
    assert robin.post("/signup", typed).location == "/dashboard"
    page = robin.get("/dashboard")
    assert "Alice" in page.text
    assert SAYING not in page.text
    assert displayed_stats(page)["days_active"] == "1"
    assert not [key for key in valkey.scan_iter() if robin.user_id in key]
    assert Browser(embedded, old).get("/dashboard").status_code == 302, "its session has ended"


def test_a_sign_up_that_is_refused_leaves_it_as_it_is(robin: Browser, valkey: Redis) -> None:
    before = dump_all(valkey)
    assert robin.post("/signup", {"name": "Alice"}).status_code == 422
    assert dump_all(valkey) == before
    assert SAYING in robin.get("/dashboard").text


def test_whoever_has_an_account_logs_in_from_it(
    embedded: Flask, robin: Browser, valkey: Redis
) -> None:
    alice = sign_up(embedded, "Alice")
    assert robin.get("/login").status_code == 200
    form = {"email": "alice@example.com", "password": PASSWORD}
    assert robin.post("/login", form).location == "/dashboard"
    assert SAYING not in robin.get("/dashboard").text
    robin.forget_token()
    assert robin.get("/settings/export.json").json["account"]["id"] == alice.user_id
    assert not [key for key in valkey.scan_iter() if robin.user_id in key]


def test_no_conversation_is_told_twice_on_a_page_nor_speaks_of_another_time(
    robin: Browser,
) -> None:
    page = robin.get("/conversations").text
    titles = re.findall(r'<h2 dir="auto"><a [^>]*>([^<]+)', page)
    assert len(titles) == len(set(titles)) == 30
    names = (*calendar.month_name[1:], *calendar.day_name)
    told = robin.get("/settings/export.json").json["conversations"]
    said = re.findall("[A-Z][a-z]+", " ".join(str(one["messages"]) + one["title"] for one in told))
    assert not set(names).intersection(said)
