"""The small lane answers as the routes behind it would, and only what it is sure of."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest
import redis
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from stats.store import connect
from stats.web.fragment import fragment
from stats.web.lane import Lane

from .kit import PASSWORD, Browser, log_in, poll_url, sign_up

OWN = {"X-Request-ID", "Date"}
Ask = Callable[..., int]


def lane_of(app: Flask) -> Lane:
    found: Lane = app.extensions["aira.lane"]
    return found


class Behind:
    """What is behind the lane, how often it was reached, and how often an ask did without it."""

    def __init__(self, wsgi_app: Any) -> None:
        self.wsgi_app, self.passed, self.spared = wsgi_app, 0, 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.passed += 1
        return self.wsgi_app(environ, start_response)


def answered(app: Flask) -> int:
    """Return how much the lane has answered by itself since there is an asker."""
    return lane_of(app)._next.spared


def asker(app: Flask) -> Ask:
    """Return what sends a request through the lane and past it, and holds the answers equal."""
    lane = lane_of(app)
    behind = lane._next = Behind(lane._next)

    def answer(wsgi_app: object, environ: dict[str, object]) -> tuple[object, ...]:
        body, status, headers = run_wsgi_app(wsgi_app, dict(environ), buffered=True)
        assert len(headers.get("X-Request-ID", "")) == 16
        return status, sorted(pair for pair in headers if pair[0] not in OWN), b"".join(body)

    def ask(who: Browser | str, url: str, **how: object) -> int:
        cookie = who if isinstance(who, str) else f"session={who.session}"
        headers = {"Cookie": cookie, **how.pop("headers", {})}
        environ = EnvironBuilder(url, headers=headers, **how).get_environ()
        passed = behind.passed
        through = answer(lane, environ)
        behind.spared += behind.passed == passed
        past = answer(behind.wsgi_app, environ)
        assert through == past
        return int(str(through[0])[:3])

    return ask


@pytest.fixture
def ask(app: Flask) -> Ask:
    """Ask the application twice."""
    return asker(app)


@pytest.fixture
def url(alice: Browser) -> str:
    """What Alice's page polls."""
    return poll_url(alice.get("/dashboard"))


def test_it_answers_what_still_stands(app: Flask, alice: Browser, url: str, ask: Ask) -> None:
    assert ask(alice, url) == 204
    assert ask(alice, url.partition("&")[0]) == 204
    assert ask(f"theme=dark; session={alice.session}; other=1", url) == 204
    assert answered(app) == 3


def test_it_answers_with_the_same_headers_over_https(app: Flask, ask: Ask) -> None:
    client = app.test_client()
    token = Browser(app).token
    https = {"base_url": "https://localhost"}
    page = client.get("/signup", **https).text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"name": "A", "email": "a@example.com", "password": PASSWORD, "csrf_token": token}
    referer = {"Referer": "https://localhost/signup"}
    assert client.post("/signup", data=form, headers=referer, **https).status_code == 302
    held = client.get_cookie("__Host-session", "localhost")
    url = poll_url(client.get("/dashboard", **https))
    assert ask(f"__Host-session={held.value}", url, **https) == 204
    assert ask(f"session={held.value}", url, **https) == 302
    assert ask(f"__Host-session={held.value}", url) == 302
    assert answered(app) == 1


def test_it_answers_what_has_changed(
    app: Flask, alice: Browser, url: str, ask: Ask, valkey: redis.Redis
) -> None:
    alice.post("/dashboard/mood", {"score": "7"})
    assert ask(alice, url) == 200
    assert "<svg width" in alice.get(url).text, "the charts too"
    url = poll_url(alice.get("/dashboard"))
    assert ask(alice, url) == 204
    assert answered(app) == 2
    valkey.hset(alice.key("stats"), "fresh_until", int(datetime.now().timestamp()))
    assert ask(alice, url) == 200, "the day has turned"
    assert answered(app) == 2


@pytest.mark.parametrize("end", ["/logout", "/settings/sessions/revoke"])
def test_it_passes_on_a_session_that_has_ended(
    app: Flask, alice: Browser, url: str, ask: Ask, end: str
) -> None:
    other = log_in(app, "Alice")
    cookie = f"session={alice.session}"
    assert ask(cookie, url) == 204
    (alice if end == "/logout" else other).post(end)
    assert ask(cookie, url) == 302
    assert ask(cookie, url, headers={"HX-Request": "true"}) == 401


@pytest.mark.parametrize(("made", "seen"), [(-91, 0), (0, -15)])
def test_it_passes_on_a_session_that_has_run_out(
    alice: Browser, url: str, ask: Ask, valkey: redis.Redis, made: int, seen: int
) -> None:
    now, day = int(datetime.now().timestamp()), 86_400
    (session_id,) = valkey.hkeys(alice.key("sessions"))
    stored = f"{now + made * day}:{now + seen * day}:agent"
    assert ask(alice, url) == 204
    valkey.hset(alice.key("sessions"), session_id, stored)
    assert ask(alice, url) == 302


def test_it_passes_on_a_deleted_user(alice: Browser, url: str, ask: Ask) -> None:
    cookie = f"session={alice.session}"
    alice.post("/settings/delete", {"confirm": "alice@example.com"})
    assert ask(cookie, url) == 302


def test_it_passes_on_a_forged_cookie(app: Flask, alice: Browser, url: str, ask: Ask) -> None:
    real = alice.session
    # The last letter of a signature has bits to spare.
    other = real[:-5] + ("A" if real[-5] != "A" else "B") + real[-4:]
    forged = [other, real[1:], "x", "", real + ".A", '"']
    for cookie in forged:
        assert ask(f"session={cookie}", url) == 302, cookie
    assert ask("", url) == 302
    assert ask(f"session=x; session={real}", url) == 302, "the first one counts"
    assert answered(app) == 0


def test_it_passes_on_cookies_that_are_joined_otherwise(
    app: Flask, alice: Browser, url: str, ask: Ask
) -> None:
    """Some proxies send each cookie in a field of its own, which servers join without a blank."""
    session = f"session={alice.session}"
    joined = (
        f"a=b;{session}",
        f"{session};a=b",
        f"{session};",
        f"a; {session}",
        f"a=b;  {session}",
    )
    for cookie in (*joined, f'a="b;c"; {session}', f" {session} "):
        assert ask(cookie, url) == 204, cookie
    assert answered(app) == 0
    assert ask(f"=; {session}; b=", url) == 204


def test_it_spends_no_memory_on_forged_cookies(
    app: Flask, alice: Browser, url: str, ask: Ask
) -> None:
    cookies = app.session_interface
    assert ask(alice, url) == 204
    known = cookies._verified.cache_info().currsize
    for cookie in ("forged", alice.session + "!" * 5000, alice.session[:-9]):
        assert ask(f"session={cookie}", url) == 302
    assert ask(f"session={alice.session}{'!' * 500}", url) == 204, "as the library reads it"
    assert cookies._verified.cache_info().currsize == known


def test_it_passes_on_a_cookie_that_is_too_old(
    app: Flask, alice: Browser, url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(alice, url) == 204, "and now it is remembered"
    later = datetime.now().timestamp() + 91 * 86_400
    monkeypatch.setattr("stats.web.cookies.time.time", lambda: later)
    assert ask(alice, url) == 302
    assert answered(app) == 1


def test_it_passes_on_a_cookie_of_the_code_page(app: Flask, url: str, ask: Ask) -> None:
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    for content in ({"halfway": ["alice", "mark"]}, {"_user_id": "alice"}, {"sid": "s"}, {}):
        assert ask(f"session={signer.dumps(content)}", url) == 302
    assert answered(app) == 0


def test_it_passes_on_another_users_page(app: Flask, url: str, ask: Ask) -> None:
    assert ask(sign_up(app, "Bob"), url) == 200


@pytest.mark.parametrize("query", ["", "?v=", "?v=1", "?v=x", "?w=1", "?v=1&v=2", "?v=%31"])
def test_it_passes_on_other_questions(app: Flask, alice: Browser, ask: Ask, query: str) -> None:
    assert ask(alice, f"/dashboard/stats{query}") == 200
    assert answered(app) == 0


def test_it_passes_on_other_methods_and_bodies(
    app: Flask, alice: Browser, url: str, ask: Ask
) -> None:
    assert ask(alice, url, method="HEAD") == 204
    assert ask(alice, url, method="POST") == 405
    assert ask(alice, url, headers={"Transfer-Encoding": "chunked"}) == 400
    assert ask(alice, url, data={"a": "b"}, method="GET") == 204
    assert answered(app) == 0


def test_it_passes_on_hosts_that_are_not_served(
    app: Flask, valkey: redis.Redis, alice: Browser, url: str
) -> None:
    given = replace(app.extensions["aira"].given, trusted_hosts=("aira.example", ".aira.test"))
    other = create_app(given, valkey)
    ask = asker(other)
    hosts = (("aira.example", 204), ("a.aira.test", 204), ("evil.example", 400), ("a,b", 400))
    for host, status in hosts:
        assert ask(alice, url, headers={"Host": host}) == status
    assert answered(other) == 1, "only a name that was given"


@pytest.mark.parametrize("host", ["a,b", "localhost, localhost"])
def test_it_passes_on_a_host_that_is_unclear(alice: Browser, url: str, ask: Ask, host: str) -> None:
    assert ask(alice, url, headers={"Host": host}) == 400


def test_it_passes_on_an_outage(app: Flask, alice: Browser, url: str) -> None:
    away = create_app(app.extensions["aira"].given, connect("unix:///nowhere/at/all"))
    assert asker(away)(alice, url) == 503


def test_it_sets_no_cookie(app: Flask, alice: Browser, url: str) -> None:
    answer = alice.get(url)
    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers


def talk(service: FlaskClient, who: Browser, summary: str = "By the <canal>", **more: Any) -> None:
    """Save a conversation, which changes what the page shows beside its charts."""
    body = {"messages": [], "summary": summary, **more}
    assert service.post(f"/api/chat/save?userId={who.user_id}", json=body).status_code == 200


def test_it_answers_what_has_changed_beside_the_charts(
    app: Flask, service: FlaskClient, alice: Browser, ask: Ask
) -> None:
    alice.post("/dashboard/mood", {"score": "7"})
    url = poll_url(alice.get("/dashboard"))
    talk(service, alice, chatId="a:b@c|d")
    for headers in ({}, {"HX-Request": "true", "Accept-Encoding": "gzip, deflate, br"}):
        assert ask(alice, url, headers=headers) == 200
    assert answered(app) == 2
    page = alice.get(url).text
    assert "By the &lt;canal&gt;" in page
    assert "<svg width" not in page.partition('class="side"')[0], "the browser keeps its charts"


def test_it_passes_on_what_the_clock_has_changed(
    app: Flask, service: FlaskClient, alice: Browser, url: str, ask: Ask, valkey: redis.Redis
) -> None:
    talk(service, alice)
    valkey.hset(alice.key("stats"), "fresh_until", int(datetime.now().timestamp()))
    assert ask(alice, url) == 200
    assert answered(app) == 0


def test_it_passes_on_pages_of_others(
    app: Flask, service: FlaskClient, alice: Browser, url: str, ask: Ask
) -> None:
    bob = sign_up(app, "Bob")
    bob.get("/dashboard")
    assert ask(bob, url) == 200
    talk(service, alice)
    head, _, who = url.partition("&who=")
    assert ask(alice, head) == 200, "nobody says whose page it is"
    assert ask(alice, f"{head}&who={'0' * len(who)}") == 200
    assert answered(app) == 0


def test_it_passes_on_what_is_to_be_compressed(
    app: Flask, service: FlaskClient, alice: Browser, url: str, ask: Ask
) -> None:
    for number in range(3):
        talk(service, alice, "\U0001f30a" * 200, chatId=f"{number}")
    assert ask(alice, url, headers={"Accept-Encoding": "br"}) == 200
    assert answered(app) == 0
    assert ask(alice, url) == 200
    assert answered(app) == 1, "where nothing is compressed"
    assert alice.get(url, headers={"Accept-Encoding": "br"}).headers["Content-Encoding"] == "br"


def test_charts_that_are_to_be_compressed_are_drawn_once(
    alice: Browser, url: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.post("/dashboard/mood", {"score": "6.5"})
    drawn = Mock(wraps=fragment)
    monkeypatch.setattr("stats.web.lane.fragment", drawn)
    assert ask(alice, url, headers={"Accept-Encoding": "br"}) == 200
    assert drawn.call_count == 0, "the lane leaves them"
    assert ask(alice, url) == 200
    assert drawn.call_count == 1


def test_it_answers_a_sessions_own_stats(app: Flask, alice: Browser, ask: Ask) -> None:
    assert ask(alice, "/api/dashboard") == 200
    alice.post("/dashboard/mood", {"score": "6.5", "note": "é"})
    assert ask(alice, "/api/dashboard") == 200
    assert ask(alice, "/api/dashboard", headers={"Accept-Encoding": "br"}) == 200
    assert answered(app) == 3
    assert alice.get("/api/dashboard").json["data"]["mood_score"] == 6.5


def test_it_passes_on_other_questions_about_stats(app: Flask, alice: Browser, ask: Ask) -> None:
    key = {"Authorization": f"Bearer {app.extensions['aira'].settings.api_keys[0]}"}
    assert ask(alice, f"/api/dashboard?userId={alice.user_id}") == 200
    assert ask(alice, "/api/dashboard?userId=bob") == 403
    assert ask(alice, "/api/dashboard", headers=key) == 400
    assert ask(alice, "/api/dashboard", headers={"Authorization": "Bearer no"}) == 401
    assert ask(alice, "/api/dashboard", method="HEAD") == 200
    assert ask(alice, "/api/dashboard", data={"a": "b"}, method="GET") == 200
    assert ask("", "/api/dashboard") == 401
    assert ask("session=forged", "/api/dashboard") == 401
    cookie = f"session={alice.session}"
    alice.post("/logout")
    assert ask(cookie, "/api/dashboard") == 401
    assert answered(app) == 0


def test_it_passes_on_a_session_whose_use_is_to_be_noted(
    app: Flask, alice: Browser, ask: Ask, valkey: redis.Redis
) -> None:
    (session_id,) = valkey.hkeys(alice.key("sessions"))
    long_ago = int(datetime.now().timestamp()) - 7200
    valkey.hset(alice.key("sessions"), session_id, f"{long_ago}:{long_ago}:agent")
    assert ask(alice, "/api/dashboard") == 200
    assert answered(app) == 0
    assert int(valkey.hget(alice.key("sessions"), session_id).split(":")[1]) > long_ago
    assert ask(alice, "/api/dashboard") == 200
    assert answered(app) == 1


def test_it_counts_calls_of_the_api_as_the_route_does(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = replace(app.extensions["aira"].given, ratelimit_enabled=True)
    browser = Browser(create_app(limited, app.extensions["aira"].db), alice.session)
    monkeypatch.setattr("stats.web.limits.A_SESSION", 3)
    seen = [browser.get(f"/api/{what}").status_code for what in ("dashboard", "mood") * 2]
    assert [*seen[:3], seen[3]] == [200, 200, 200, 429]
    assert browser.get("/api/dashboard").status_code == 429


def test_it_writes_the_line_that_the_route_writes(
    app: Flask,
    service: FlaskClient,
    alice: Browser,
    url: str,
    ask: Ask,
    caplog: pytest.LogCaptureFixture,
) -> None:
    talk(service, alice)
    caplog.clear()
    with caplog.at_level(logging.INFO, "aira.requests"):
        for address in (url, "/api/dashboard"):
            ask(alice, address)
    lines = [dict(record.facts) for record in caplog.records]
    assert all(line.pop("ms") > 0 for line in lines)
    assert lines[0] == lines[1]
    assert lines[2] == lines[3]
    assert (lines[0]["user"], lines[0]["route"]) == (alice.user_id, "/dashboard/stats")
    assert answered(app) == 2
