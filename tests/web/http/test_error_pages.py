"""The bad day: Redis away, Redis refusing, and our own mistakes."""

import socket
from collections.abc import Callable

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from redis import exceptions
from werkzeug.test import TestResponse

from app import create_app
from stats.errors import StoreUnavailable
from stats.store.client import connect
from tests.web.helpers import Browser, RoundTrips

PAGES = ["/dashboard", "/dashboard/stats", "/settings", "/"]
OUTAGES = [
    exceptions.ConnectionError("Connection refused"),
    exceptions.TimeoutError("Timeout reading from socket"),
    exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
    exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    exceptions.ReadOnlyError("You can't write against a read only replica."),
    exceptions.MasterDownError("Link with MASTER is down"),
    exceptions.ClusterDownError("The cluster is down"),
    exceptions.TryAgainError("Multiple keys request during rehashing of slot"),
    exceptions.ResponseError("OOM command not allowed, on @user_script:5."),
    exceptions.ResponseError("READONLY You can't write against a read only replica."),
    exceptions.ResponseError("BUSY Redis is busy running a script."),
    exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."),
    exceptions.ResponseError("MISCONF Errors writing to the AOF file"),
    exceptions.RedisClusterException("Redis Cluster cannot be connected."),
    exceptions.SlotNotCoveredError("Slot 5 is not covered by the cluster."),
    exceptions.CrossSlotTransactionError("Keys are in more than one slot."),
    StoreUnavailable("The store does not answer just now."),
]
BUGS = [
    ValueError("the inner secret"),
    exceptions.ResponseError("WRONGTYPE the inner secret"),
    exceptions.DataError("the inner secret"),
    KeyError("the inner secret"),
]
Break = Callable[[Exception], None]


@pytest.fixture
def broken(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Break:
    """Let every command raise an error from now on."""

    def break_with(error: Exception) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise error

        monkeypatch.setattr(valkey, "execute_command", fail)

    return break_with


@pytest.fixture
def browser_without_redis(app: Flask, alice: Browser) -> Browser:
    """Alice's browser before an app whose Redis is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    dead = connect(f"redis://127.0.0.1:{port}")
    return Browser(create_app(app.extensions["aira"].base_settings, dead), alice.session)


def is_outage(answer: TestResponse) -> bool:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    if answer.request.path.startswith("/api/"):
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    else:
        assert answer.mimetype == "text/html"
        assert "We cannot reach your numbers" in answer.text
        assert "data-stat" not in answer.text
    return True


def test_it_says_so_when_redis_is_away(browser_without_redis: Browser, alice: Browser) -> None:
    for url in [*PAGES, "/api/dashboard", "/api/mood", "/api/chat", "/readyz"]:
        assert is_outage(browser_without_redis.get(url))
    form = {"csrf_token": alice.token, "score": "5"}
    assert is_outage(browser_without_redis.client.post("/dashboard/mood", data=form))
    headers = {"X-CSRFToken": alice.token}
    assert is_outage(
        browser_without_redis.client.patch("/api/mood", json={"score": 5}, headers=headers)
    )


def test_it_says_so_at_the_doors_too(browser_without_redis: Browser) -> None:
    visitor = Browser(browser_without_redis.client.application)
    data = {"name": "Bob", "email": "bob@example.com", "password": "long enough"}
    for url in ("/login", "/signup"):
        assert is_outage(visitor.post(url, data))
    key = browser_without_redis.client.application.extensions["aira"].settings.api_keys[0]
    headers = {"Authorization": f"Bearer {key}"}
    for url in ("/api/dashboard?userId=u", "/api/users?email=a@example.com"):
        assert is_outage(visitor.get(url, headers=headers))


def test_it_lives_and_shows_what_needs_no_redis(browser_without_redis: Browser) -> None:
    visitor = Browser(browser_without_redis.client.application)
    for url in ("/healthz", "/", "/privacy", "/login", "/signup", "/static/app.css"):
        assert visitor.get(url).status_code == 200
    for url in ("/healthz", "/htmx.min.js", "/static/app.js"):
        assert browser_without_redis.get(url).status_code == 200


def test_it_is_ready_when_redis_answers(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_it_asks_nobody_for_an_error_page(alice: Browser, round_trips: RoundTrips) -> None:
    round_trips.count = 0
    answer = alice.get("/nope")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert round_trips.count == 0
    assert "Alice" not in answer.text


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: f"{type(error).__name__}-{error}"[:40])
def test_it_takes_a_refusal_of_redis_for_an_outage(
    alice: Browser, broken: Break, error: Exception
) -> None:
    token = alice.token
    broken(error)
    for url in (*PAGES, "/api/dashboard", "/readyz"):
        assert is_outage(alice.get(url))
    form = {"csrf_token": token, "score": "5"}
    assert is_outage(alice.client.post("/dashboard/mood", data=form))


@pytest.mark.parametrize(
    ("setting", "bad", "good"),
    [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0")],
)
@pytest.mark.one_server
def test_it_keeps_showing_what_a_full_or_lonely_server_still_reads(
    valkey: redis.Redis, alice: Browser, setting: str, bad: str, good: str
) -> None:
    alice.post("/dashboard/mood", {"score": "5"})
    assert alice.get("/dashboard").status_code == 200
    valkey.config_set(setting, bad)
    try:
        assert alice.get("/dashboard").status_code == 200
        assert is_outage(alice.post("/dashboard/mood", {"score": "6"}))
        assert is_outage(alice.api("PATCH", "/api/mood", json={"score": 6}))
    finally:
        valkey.config_set(setting, good)
    assert [entry["score"] for entry in alice.moods()] == [5]


@pytest.mark.parametrize("error", BUGS, ids=lambda error: type(error).__name__)
def test_it_keeps_the_details_of_its_own_mistakes_to_itself(
    alice: Browser, broken: Break, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    broken(error)
    for url in ("/dashboard", "/dashboard/stats", "/api/dashboard"):
        answer = alice.get(url)
        assert answer.status_code == 500
        assert answer.is_json == url.startswith("/api/")
        assert "Retry-After" not in answer.headers
        assert "inner secret" not in answer.text
        assert type(error).__name__ not in answer.text
    assert "inner secret" in caplog.text


def test_it_tries_again_after_a_server_has_lost_its_scripts(
    valkey: redis.Redis, alice: Browser
) -> None:
    valkey.script_flush()
    assert alice.get("/dashboard").status_code == 200
    assert alice.post("/dashboard/mood", {"score": "5"}).status_code == 303
    assert len(alice.moods()) == 1


@pytest.mark.parametrize(
    "url", ["/nope", "/settings/nope", "/static/nope.css", "/api", "/%00", "/é"]
)
def test_it_has_a_page_for_what_is_not_there(client: FlaskClient, url: str) -> None:
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "Nothing here" in answer.text


def test_it_leads_strangers_to_the_start_and_others_to_their_page(
    client: FlaskClient, alice: Browser
) -> None:
    stranger, own = client.get("/nope").text, alice.get("/nope").text
    assert 'href="/">To the start page' in stranger
    assert 'href="/login">Log in' in stranger
    assert "your dashboard" not in stranger
    assert 'href="/dashboard">Go to your dashboard' in own
    assert "Log in" not in own


def test_it_has_a_page_for_what_cannot_be_done_and_for_too_much(alice: Browser) -> None:
    answer = alice.client.put("/dashboard")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert "GET" in answer.headers["Allow"]
    answer = alice.post("/dashboard/mood", {"score": "5", "note": "n" * 300_000})
    assert answer.status_code == 413
    assert "Too much at once" in answer.text
    assert alice.moods() == []
