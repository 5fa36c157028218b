"""Moods that the small lane saves: answered and stored as the routes would, and only once."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from stats import moods
from stats.store import connect
from stats.web.csrf import SALT
from stats.web.lane import Lane
from stats.web.members import RECORDED
from stats.web.security import csrf

from .kit import HTMX, Browser, log_in, sign_up

OWN = {"X-Request-ID", "Date"}
# What is new in every answer.
NEW = re.compile(r'name="op" value="[\w-]+"|<time .*?</time>|"mood_updated_at":"[^"]+"')
FORM, JSON = "/dashboard/mood", "/api/mood"
Ask = Callable[..., int]


class Asker:
    """Sends a request through the lane and past it and holds the answers equal."""

    def __init__(self, app: Flask) -> None:
        self.lane: Lane = app.extensions["aira.lane"]
        self.next, self.reached, self.spared = self.lane._next, 0, 0
        self.lane._next = self._behind

    def _behind(self, environ: Any, start_response: Any) -> Any:
        self.reached += 1
        return self.next(environ, start_response)

    def __call__(self, who: Browser | str, url: str, method: str = "POST", **how: Any) -> int:
        before = self.reached
        through = self._send(self.lane, who, url, method, **how)
        self.spared += self.reached == before
        assert through == self._send(self.next, who, url, method, **how)
        return int(str(through[0])[:3])

    def _send(
        self, app: Any, who: Browser | str, url: str, method: str, **how: Any
    ) -> tuple[object, ...]:
        cookie = who if isinstance(who, str) else f"session={who.session}"
        headers = {"Cookie": cookie, **how.pop("headers", {})}
        environ = EnvironBuilder(url, method=method, headers=headers, **how).get_environ()
        body, status, found = run_wsgi_app(app, environ, buffered=True)
        assert len(found.get("X-Request-ID", "")) == 16
        pairs = sorted(pair for pair in found if pair[0] not in {*OWN, "Content-Length"})
        return status, pairs, NEW.sub("", b"".join(body).decode())


@pytest.fixture
def ask(app: Flask) -> Asker:
    """Ask the application twice."""
    return Asker(app)


def form(who: Browser, **more: str) -> dict[str, Any]:
    """Return what the page's form sends."""
    data = {"csrf_token": who.token, "op": "page-1", "score": "6.5", "note": "", "day": "today"}
    return {"data": {**data, **more}, "headers": {"HX-Request": "true"}}


def patch(who: Browser, body: object = None, **headers: str) -> dict[str, Any]:
    """Return what a script on the page sends."""
    json = {"score": 6.5} if body is None else body
    how = {"json": json} if not isinstance(json, bytes) else {"data": json}
    kind = {} if "json" in how else {"Content-Type": "application/json"}
    return {"method": "PATCH", "headers": {"X-CSRFToken": who.token, **kind, **headers}, **how}


def entries(valkey: redis.Redis, who: Browser) -> list[tuple[float, str]]:
    """Return the scores and notes that are stored, oldest first."""
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    found = moods.read_moods(valkey, who.user_id, since=long_ago)
    return [(entry.score, entry.note) for entry in reversed(found)]


def test_it_saves_a_form(ask: Asker, alice: Browser, valkey: redis.Redis) -> None:
    assert ask(alice, FORM, **form(alice, note=" é <b> ")) == 200
    assert entries(valkey, alice) == [(6.5, "é <b>")], "the same op again counts once"
    assert ask(alice, FORM, **form(alice, op="", score="10")) == 200
    assert ask(alice, FORM, **form(alice, op="page-2", score="0")) == 200
    assert [score for score, _ in entries(valkey, alice)] == [6.5, 10, 10, 0]
    assert ask.spared == 3


def test_it_saves_a_form_with_the_headers_token(ask: Asker, alice: Browser) -> None:
    how = form(alice)
    del how["data"]["csrf_token"]
    how["headers"]["X-CSRFToken"] = alice.token
    assert ask(alice, FORM, **how) == 200
    how["data"]["csrf_token"] = "forged"
    assert ask(alice, FORM, **how) == 200, "the header's counts"
    assert ask.spared == 2
    how["data"]["csrf_token"], how["headers"]["X-CSRFToken"] = alice.token, "forged"
    assert ask(alice, FORM, **how) == 400


def test_it_answers_a_form_that_can_be_sent_again(alice: Browser) -> None:
    saved = alice.post(FORM, {"score": "3", "op": "a", "day": "today", "note": ""}, headers=HTMX)
    assert saved.headers["HX-Trigger"] == "aira:refresh"
    (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', saved.text)
    ops = re.findall(r'name="op" value="([^"]+)"', saved.text)
    assert token == alice.token
    assert ops[1] == f"{ops[0]}-undo"
    assert ops[0] != "a"
    assert 'value="3"' in saved.text
    assert "Low" in saved.text


def test_a_page_keeps_the_token_that_it_has(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = URLSafeTimedSerializer(app.config["WTF_CSRF_SECRET_KEY"], salt=SALT)
    content, long_ago = signed.loads(alice.token), time.time() - 86_400
    with monkeypatch.context() as yesterday:
        yesterday.setattr("itsdangerous.timed.time.time", lambda: long_ago)
        older = signed.dumps(content)
    for day in ("today", "yesterday"):
        saved = alice.client.post(FORM, **form(alice, csrf_token=older, day=day))
        assert f'name="csrf_token" value="{older}"' in saved.text


def test_it_spends_no_memory_on_tokens_that_are_not_good(ask: Asker, alice: Browser) -> None:
    assert ask(alice, FORM, **form(alice)) == 200
    known = csrf._content.cache_info().currsize
    for token in ("forged", alice.token[:-1], alice.token + "x" * 500, "x" * 5000):
        assert ask(alice, FORM, **form(alice, csrf_token=token)) == 400
    assert csrf._content.cache_info().currsize == known


def test_it_saves_json(ask: Asker, alice: Browser, valkey: redis.Redis) -> None:
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert ask(alice, JSON, **patch(alice)) == 200
    assert ask(alice, JSON, **patch(alice, {"score": 8, "note": "✓", "at": at})) == 200
    assert sorted(entries(valkey, alice)) == [(6.5, ""), (6.5, ""), (8, "✓"), (8, "✓")]
    assert ask.spared == 2


def test_it_saves_over_https(app: Flask, ask: Asker, alice: Browser) -> None:
    https, how = {"base_url": "https://localhost"}, form(alice)
    cookie = f"__Host-session={alice.session}"
    page = {"Referer": "https://localhost/dashboard"}
    others = ("evil.example/", "[::1", "", "localhost:8/")
    wrong = [({"Referer": f"https://{host}"}, 400) for host in others]
    for headers, status in ((page, 200), ({}, 400), *wrong):
        sent = {**how, "headers": {**how["headers"], **headers}}
        assert ask(cookie, FORM, **sent, **https) == status
    assert ask(f"session={alice.session}", FORM, **how, **https) == 401
    assert ask.spared == 1


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"score": "11"}, 422),
        ({"score": "many"}, 422),
        ({"score": ""}, 422),
        ({"note": "x" * 281}, 422),
        ({"note": "a\0"}, 422),
        ({"op": "x" * 65}, 422),
        ({"day": "yesterday"}, 200),
        ({"day": "tomorrow"}, 422),
        ({"more": "of it"}, 200),
        ({"csrf_token": ""}, 400),
        ({"csrf_token": "forged"}, 400),
    ],
)
def test_it_passes_on_forms_that_need_a_word(
    ask: Asker, alice: Browser, more: dict[str, str], status: int
) -> None:
    assert ask(alice, FORM, **form(alice, **more)) == status
    assert ask.spared == 0


def test_it_passes_on_what_is_no_form_of_the_page(ask: Asker, alice: Browser) -> None:
    how = form(alice)
    assert ask(alice, FORM, **{**how, "headers": {}}) == 303
    assert ask(alice, f"{FORM}?day=today", **how) == 200
    assert ask(alice, FORM, "PUT", **how) == 405
    data = f"csrf_token={alice.token}&score=1&score=2&note=&day=today&op=x"
    plain = {"Content-Type": "application/x-www-form-urlencoded", **how["headers"]}
    assert ask(alice, FORM, data=data, headers=plain) == 200
    assert ask(alice, FORM, data=data, headers={**plain, "Content-Type": "text/plain"}) == 400
    assert ask(alice, FORM, data=data.replace("note=", "note=%FF"), headers=plain) == 200
    long = data.replace("&score=2", "").replace("score=", f"score={'+' * 4096}")
    assert ask(alice, FORM, data=long, headers=plain) == 200
    assert ask.spared == 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"\xff", b'{"score": 11}', b'{"score": true}', b'{"score": 1e309}'),
        *(b'{"score": 1, "score": 2}', b'{"score": 1, "more": 1}'),
        *(b'{"score": 1, "at": "2001-01-01"}', b'{"score": 1, "at": "2101-01-01T00:00:00Z"}'),
        b'{"score": 1, "note": "\\ud800"}',
    ],
)
def test_it_passes_on_other_json(
    ask: Asker, alice: Browser, valkey: redis.Redis, body: bytes
) -> None:
    assert ask(alice, JSON, **patch(alice, body)) == 400
    assert entries(valkey, alice) == []
    assert ask.spared == 0


def test_it_passes_on_json_that_is_not_just_a_sessions(app: Flask, ask: Asker) -> None:
    alice, bob = sign_up(app, "Alice"), sign_up(app, "Bob")
    key = f"Bearer {app.extensions['aira'].settings.api_keys[0]}"
    assert ask(alice, JSON, **patch(alice, **{"Idempotency-Key": "once"})) == 200
    assert ask(alice, f"{JSON}?userId={alice.user_id}", **patch(alice)) == 200
    assert ask(alice, f"{JSON}?userId={bob.user_id}", **patch(alice)) == 403
    assert ask(alice, JSON, **patch(alice, Authorization=key)) == 400
    assert ask(alice, JSON, **patch(alice, Authorization="Bearer no")) == 401
    assert ask(alice, JSON, **patch(bob)) == 400, "another session's token"
    assert ask(alice, JSON, "PATCH", json={"score": 1}) == 400, "no token"
    assert ask("", JSON, **patch(alice)) == 401
    text = {"Content-Type": "text/plain"}
    assert ask(alice, JSON, **patch(alice, b'{"score": 1}', **text)) == 415
    assert ask.spared == 0


def test_it_passes_on_what_is_to_be_compressed(
    ask: Asker, alice: Browser, monkeypatch: pytest.MonkeyPatch, valkey: redis.Redis
) -> None:
    how = form(alice)
    monkeypatch.setattr("stats.web.lane.COMPRESSED_FROM", 3000)
    assert ask(alice, FORM, **how) == 200
    assert ask.spared == 1
    how["headers"]["Accept-Encoding"] = "br"
    before = ask.reached
    assert alice.client.post(FORM, **how).status_code == 200
    assert (ask.reached, len(entries(valkey, alice))) == (before + 1, 1)


def test_it_passes_on_sessions_that_have_ended(app: Flask, ask: Asker, alice: Browser) -> None:
    how = form(alice), patch(alice)
    cookie = f"session={alice.session}"
    log_in(app, "Alice").post("/settings/sessions/revoke")
    assert ask(cookie, FORM, **how[0]) == 401
    assert ask(cookie, JSON, **how[1]) == 401
    assert ask.spared == 0


def test_it_passes_on_bodies_that_are_cut_short(ask: Asker, alice: Browser) -> None:
    short = {"environ_overrides": {"CONTENT_LENGTH": "99"}}
    assert ask(alice, JSON, **patch(alice, b'{"score": 1}'), **short) == 400
    assert ask.spared == 0


def test_it_notes_the_use_of_a_session(ask: Asker, alice: Browser, valkey: redis.Redis) -> None:
    (session_id,) = valkey.hkeys(alice.key("sessions"))
    long_ago = int(datetime.now().timestamp()) - 7200
    valkey.hset(alice.key("sessions"), session_id, f"{long_ago}:{long_ago}:agent")
    assert ask(alice, JSON, **patch(alice)) == 200
    assert ask.spared == 1
    assert int(valkey.hget(alice.key("sessions"), session_id).split(":")[1]) > long_ago


def test_an_outage_is_told_and_nothing_is_tried_twice(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = (alice.token, form(alice), patch(alice))
    away = Asker(create_app(app.extensions["aira"].given, connect("unix:///nowhere/at/all")))
    tried: list[float] = []
    record = moods.record_own_mood

    def counted(db: Any, user_id: str, session_id: str, score: float, **more: Any) -> Any:
        tried.append(score)
        return record(db, user_id, session_id, score, **more)

    monkeypatch.setattr(moods, "record_own_mood", counted)
    assert away(alice, FORM, **how[1]) == 503
    assert away(alice, JSON, **how[2]) == 503
    assert len(tried) == 4, "each of four requests, two through the lane, tried once"


@pytest.mark.parametrize("broken", ["saved_form", "mood_reply"])
def test_what_was_saved_is_not_saved_again_by_the_route(
    app: Flask,
    alice: Browser,
    valkey: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    monkeypatch.setattr(f"stats.web.lane_moods.{broken}", None)
    if broken == "saved_form":
        answer = alice.post(
            FORM, {"score": "4", "op": "", "day": "today", "note": ""}, headers=HTMX
        )
    else:
        answer = alice.api("PATCH", JSON, json={"score": 4})
    assert answer.status_code == 200
    assert entries(valkey, alice) == [(4, "")]


def test_a_request_cannot_say_that_it_was_recorded(alice: Browser, ask: Asker) -> None:
    """What the lane leaves has a name that no header can have."""
    assert not RECORDED.startswith("HTTP_")
    assert ask(alice, JSON, **patch(alice, **{"aira.recorded": "x"})) == 200


def test_it_counts_calls_of_the_api_as_the_route_does(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = replace(app.extensions["aira"].given, ratelimit_enabled=True)
    browser = Browser(create_app(limited, app.extensions["aira"].db), alice.session)
    monkeypatch.setattr("stats.web.limits.A_SESSION", 3)
    scores = [{"score": 1}, {"score": 1, "at": "2101-01-01T00:00:00Z"}, *({"score": 2},) * 3]
    seen = [browser.api("PATCH", JSON, json=score).status_code for score in scores]
    assert seen == [200, 400, 200, 429, 429], "what is passed on is counted once"


def test_it_writes_the_line_that_the_route_writes(
    ask: Asker, alice: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    how = (form(alice), patch(alice))
    caplog.clear()
    with caplog.at_level(logging.INFO, "aira.requests"):
        ask(alice, FORM, **how[0])
        ask(alice, JSON, **how[1])
    lines = [dict(record.facts) for record in caplog.records]
    assert all(line.pop("ms") > 0 for line in lines)
    assert lines[0] == lines[1]
    assert lines[2] == lines[3]
    assert (lines[2]["user"], lines[2]["route"]) == (alice.user_id, JSON)
    assert ask.spared == 2
