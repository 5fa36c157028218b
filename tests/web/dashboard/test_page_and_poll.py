"""The dashboard page and the fragment that polls itself."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from stats.store.client import LocalRedis
from tests.web.helpers import (
    HTMX_HEADERS,
    Browser,
    RoundTrips,
    displayed_stats,
    dump_all,
    form_token,
    poll_url,
    routes,
    sign_up,
)

NEW = {"conversations": "0", "mood_score": "—", "days_active": "1", "streak": "1", "plan": "Free"}
HOUR = 3600


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def make_session_older(valkey: Redis, browser: Browser, seconds: int) -> str:
    """Say that the only session was last seen so long ago; return it as it is stored then."""
    [(session_id, _)] = valkey.hgetall(browser.key("sessions")).items()
    then = int(time.time()) - seconds
    valkey.hset(browser.key("sessions"), session_id, f"{then}:{then}:agent")
    return f"{then}:{then}:agent"


def test_it_shows_a_new_user_what_is_true(alice: Browser) -> None:
    page = alice.get("/dashboard")
    assert page.status_code == 200
    assert displayed_stats(page) == NEW
    assert re.search(r"Good (morning|afternoon|evening), <bdi>Alice</bdi>", page.text)


def test_it_says_on_the_first_day_alone_how_days_count(valkey: Redis, alice: Browser) -> None:
    (card,) = re.findall(
        r'<section class="card first-day".*?</section>', alice.get("/dashboard").text, re.DOTALL
    )
    assert card.count("<li>") == 3
    valkey.hincrby(alice.key("account"), "created", -86_400)
    assert "first-day" not in alice.get("/dashboard").text


def test_it_says_when_its_numbers_were_read(valkey: Redis, alice: Browser) -> None:
    valkey.hset(alice.key("stats"), "timezone", "Asia/Tokyo")
    page = alice.get("/dashboard").text
    [(stamp, said)] = re.findall(r'<time id="updated" datetime="(.*?)">(.*?)</time>', page)
    when = datetime.fromisoformat(stamp)
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)
    assert said == f"{when + timedelta(hours=9):%H:%M}"


def test_it_polls_every_thirty_seconds_with_its_version(alice: Browser) -> None:
    page = alice.get("/dashboard")
    [stats] = re.findall(r'<[^>]* id="stats"[^>]*>', page.text)
    assert re.search(r'hx-trigger="[^"]*every 30s', stats)
    assert re.fullmatch(r"/dashboard/stats\?v=\d+&charts=\d+-\d{8}&who=[0-9a-f]{8}", poll_url(page))


def test_it_answers_a_poll_with_what_the_page_includes(alice: Browser) -> None:
    page, fragment = alice.get("/dashboard"), alice.get("/dashboard/stats")
    assert fragment.status_code == 200
    assert fragment.text.strip() in page.text
    assert displayed_stats(fragment) == NEW
    assert "<html" not in fragment.text


def test_it_keeps_the_mood_form_outside_of_what_is_swapped(alice: Browser) -> None:
    page, fragment = alice.get("/dashboard"), alice.get("/dashboard/stats")
    assert "mood-form" not in fragment.text
    around = page.text.replace(fragment.text.strip(), "")
    [form] = re.findall(r'<form[^>]* id="mood-form".*?</form>', around, re.DOTALL)
    [slider] = re.findall(r'<input [^>]*name="score"[^>]*>', form)
    assert 'type="range"' in slider


def test_it_answers_nothing_while_the_version_is_current(alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    answer = alice.get(url, headers=HTMX_HEADERS)
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("query", ["", "?v=", "?v=1", "?v=x", "?v=-1"])
def test_it_answers_any_other_version_in_full(alice: Browser, query: str) -> None:
    alice.get("/dashboard")
    assert displayed_stats(alice.get(f"/dashboard/stats{query}")) == NEW


def test_it_answers_anew_after_a_change(alice: Browser, service_client: FlaskClient) -> None:
    url = poll_url(alice.get("/dashboard"))
    service_client.patch(f"/api/plan?userId={alice.user_id}", json={"plan": "Plus"})
    answer = alice.get(url)
    assert displayed_stats(answer) == NEW | {"plan": "Plus"}
    assert poll_url(answer) != url
    assert alice.get(poll_url(answer)).status_code == 204


def test_it_answers_anew_once_the_clock_has_moved_on(valkey: Redis, alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    valkey.hset(alice.key("stats"), "fresh_until", int(time.time()) - 1)
    answer = alice.get(url)
    assert answer.status_code == 200
    assert poll_url(answer) != url
    assert alice.get(poll_url(answer)).status_code == 204
    assert alice.get(url).status_code == 200


@pytest.mark.parametrize(("away", "streak"), [(1, "5"), (2, "5"), (3, "0")])
def test_it_shows_the_streak_as_it_stands_now(
    valkey: Redis, alice: Browser, away: int, streak: str
) -> None:
    valkey.hset(alice.key("stats"), mapping={"streak": 5, "longest_streak": 5})
    valkey.set(alice.key("last_login"), days_ago(away))
    assert displayed_stats(alice.get("/dashboard/stats"))["streak"] == streak


def test_it_counts_a_page_once_a_day_and_a_poll_never(valkey: Redis, alice: Browser) -> None:
    yesterday = days_ago(1)
    valkey.set(alice.key("last_login"), yesterday)
    url = poll_url(alice.get("/dashboard/stats"))
    assert alice.get(url).status_code == 204
    assert valkey.get(alice.key("last_login")) == yesterday
    for _ in range(2):
        counted = displayed_stats(alice.get("/dashboard"))
        assert (counted["days_active"], counted["streak"]) == ("2", "2")
    assert valkey.get(alice.key("last_login")) == days_ago(0)


def test_it_counts_the_day_of_the_users_own_zone(app: Flask, valkey: Redis) -> None:
    east = sign_up(app, "Alice", timezone="Pacific/Kiritimati")
    west = sign_up(app, "Bob", timezone="Pacific/Pago_Pago")
    days = []
    for browser in (east, west):
        [day] = re.findall(r'id="today" datetime="([^"]+)"', browser.get("/dashboard").text)
        assert valkey.get(browser.key("last_login")) == day
        days.append(day)
    assert days[0] > days[1]


def test_it_sets_no_cookie_on_a_poll(alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    for address in (url, "/dashboard/stats"):
        assert "Set-Cookie" not in alice.get(address).headers


def test_it_does_not_let_a_poll_extend_the_session(valkey: Redis, alice: Browser) -> None:
    old = make_session_older(valkey, alice, 2 * HOUR)
    for url in ("/dashboard/stats", poll_url(alice.get("/dashboard/stats"))):
        alice.get(url)
    assert valkey.hvals(alice.key("sessions")) == [old]
    alice.get("/dashboard")
    [session] = valkey.hvals(alice.key("sessions"))
    made, seen, _ = session.split(":")
    assert made == old.split(":")[0]
    assert int(seen) >= int(made) + 2 * HOUR


def test_it_does_not_write_a_session_down_more_than_once_an_hour(
    valkey: Redis, alice: Browser
) -> None:
    recent = make_session_older(valkey, alice, HOUR - 60)
    alice.get("/dashboard")
    assert valkey.hvals(alice.key("sessions")) == [recent]


def test_it_loads_the_page_anew_when_somebody_else_has_logged_in(
    app: Flask, alice: Browser
) -> None:
    url = poll_url(alice.get("/dashboard"))
    bob = sign_up(app, "Bob")
    answer = bob.get(url, headers=HTMX_HEADERS)
    assert (answer.headers.get("HX-Refresh"), answer.text) == ("true", "")


def test_it_asks_redis_once_for_a_poll(alice: Browser, round_trips: RoundTrips) -> None:
    url = poll_url(alice.get("/dashboard"))
    for address, status in ((url, 204), ("/dashboard/stats?v=1", 200)):
        round_trips.count = 0
        assert alice.get(address).status_code == status
        assert round_trips.count == 1


def test_it_asks_redis_once_for_a_mood_and_for_the_poll_after_it(
    app: Flask, alice: Browser, round_trips: RoundTrips
) -> None:
    url = poll_url(alice.get("/dashboard"))
    assert alice.token
    # After a write over a Unix socket it is asked whether the append-only file has it.
    write = 1 + isinstance(app.extensions["aira"].db, LocalRedis)
    for send, count in (
        (lambda: alice.post("/dashboard/mood", {"score": "7"}, headers=HTMX_HEADERS), write),
        (lambda: alice.api("PATCH", "/api/mood", json={"score": 5}), write),
        (lambda: alice.get(url), 1),
    ):
        send()  # a server that does not know a script yet is sent it once
        round_trips.count = 0
        assert send().status_code == 200
        assert round_trips.count == count


def test_it_changes_nothing_on_head(app: Flask, valkey: Redis, alice: Browser) -> None:
    valkey.set(alice.key("last_login"), days_ago(1))
    make_session_older(valkey, alice, 2 * HOUR)
    before = dump_all(valkey)
    for method, url, _ in routes(app):
        if method == "GET":
            answer = alice.head(url)
            assert answer.data == b""
            assert dump_all(valkey) == before, url
    assert alice.head("/dashboard").status_code == 200


def test_it_sends_a_poll_without_session_to_the_log_in_page(app: Flask, alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    alice.post("/logout")
    seen = {"HX-Current-URL": "http://localhost/dashboard?tab=1"}
    answer = alice.get(url, headers=HTMX_HEADERS | seen)
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["HX-Redirect"] == "/login?next=%2Fdashboard%3Ftab%3D1"
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "current", ["https://e.example//e.example", "//e.example", "x", "http://localhost/\\e", ""]
)
def test_it_takes_no_foreign_address_from_htmx(client: FlaskClient, current: str) -> None:
    answer = client.get("/dashboard/stats", headers=HTMX_HEADERS | {"HX-Current-URL": current})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] in ("/login?next=%2Fdashboard", "/login?next=%2F")


def test_it_sends_a_visitor_to_the_log_in_page(client: FlaskClient) -> None:
    for url, target in (("/dashboard", "%2Fdashboard"), ("/settings?a=b", "%2Fsettings%3Fa%3Db")):
        answer = client.get(url)
        assert (answer.status_code, answer.location) == (302, f"/login?next={target}")
    assert client.post("/dashboard/mood").location == "/login?next=%2Fdashboard"


def test_it_lists_the_last_three_conversations_newest_first(
    alice: Browser, service_client: FlaskClient
) -> None:
    for title in ("one", "two", "<b>three</b>", "four"):
        body = {
            "userId": alice.user_id,
            "title": title,
            "messages": [{"role": "user", "content": "Hi"}],
        }
        assert service_client.post("/api/chat/save", json=body).status_code == 200
    page = alice.get("/dashboard")
    assert displayed_stats(page)["conversations"] == "4"
    matches = re.findall(r'<li>\s*<p dir="auto">(.*?)</p>', page.text)
    titles = [re.sub(r"</?a\b[^>]*>", "", title) for title in matches]
    assert titles == ["four", "&lt;b&gt;three&lt;/b&gt;", "two"]
    times = re.findall(r'<time datetime="([^"]+)" title="[^"]+" data-relative>', page.text)
    assert times == sorted(times, reverse=True)
    assert all(datetime.fromisoformat(moment).tzinfo for moment in times)


def test_it_gives_htmx_and_plain_forms_the_same_token(alice: Browser) -> None:
    page = alice.get("/dashboard")
    [sent] = re.findall(r"hx-headers='\{\"X-CSRFToken\": \"([^\"]+)\"[^']*\}'", page.text)
    assert sent == form_token(page)
    headers = {"X-CSRFToken": sent}
    answer = alice.client.post("/dashboard/mood/undo", data={"entry": "1"}, headers=headers)
    assert answer.status_code == 303
