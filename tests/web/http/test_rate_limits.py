"""How often somebody may ask, log-in aside."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app import create_app
from stats import rate_limit
from stats.rate_limit import MinuteCounter, count_hit
from stats.store.client import connect
from stats.web.accounts import personal_data, settings
from stats.web.accounts.sign_up import signup
from stats.web.http import rate_limits
from stats.web.http.rate_limits import Limit, limits_of
from stats.web.pages.public import sample
from tests.web.helpers import PASSWORD, Browser, Client, RoundTrips, sign_up

View = Callable[..., Any]

BAD = {"name": "", "email": "x", "password": "x"}


@pytest.fixture
def lower_limits(monkeypatch: pytest.MonkeyPatch) -> Callable[[View, int], None]:
    """Let a limit be met after a few."""

    def lower(view: View, limit: int) -> None:
        lowered = tuple(each._replace(max_hits=limit) for each in limits_of(view))
        assert lowered
        monkeypatch.setattr(view, "limits", lowered)

    return lower


def refused(answer: TestResponse, most: int = 3600) -> bool:
    if answer.status_code != 429:
        return False
    assert 0 < int(answer.headers["Retry-After"]) <= most
    if answer.request.path.startswith("/api/"):
        assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
    else:
        assert "slower" in answer.text
    return True


def again(app: Flask, **settings: object) -> Flask:
    runtime = app.extensions["aira"]
    made = create_app(replace(runtime.base_settings, **settings), runtime.db)
    made.test_client_class = Client
    return made


def limits_at(app: Flask, endpoint: str) -> tuple[Limit, ...]:
    return limits_of(app.view_functions[endpoint])


def test_it_limits_methods_that_are_there(app: Flask) -> None:
    embedded = again(app, redis_url=None)
    rules = [rule for rule in embedded.url_map.iter_rules() if limits_at(embedded, rule.endpoint)]
    assert "pages.sample" in {rule.endpoint for rule in rules}
    for rule in rules:
        assert {limit.method for limit in limits_at(embedded, rule.endpoint)} <= rule.methods


def test_it_limits_what_writes_mails_or_costs(app: Flask) -> None:
    embedded = again(app, redis_url=None)
    limited = {endpoint for endpoint in embedded.view_functions if limits_at(embedded, endpoint)}
    assert limited == {
        "auth.signup",
        "pages.sample",
        "conversations.page",
        "links.follow",
        "recovery.reset",
        "recovery.reset_password",
        "recovery.send_again",
        "account.password",
        "account.import_",
        "account.export_json",
        "account.export_csv",
    }


def test_it_never_counts_polls_pages_and_deliveries(app: Flask) -> None:
    never = {
        "dashboard.stats",
        "dashboard.page",
        "pages.healthz",
        "pages.readyz",
        "webhooks.stripe",
    }
    assert not any(limits_at(app, endpoint) for endpoint in {*never, "static"})


def test_it_refuses_the_next_sign_up_from_an_address(app: Flask, lower_limits: Callable) -> None:
    lower_limits(signup, 3)
    visitor = Browser(app)
    assert [visitor.post("/signup", BAD).status_code for _ in range(3)] == [422] * 3
    good = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}
    assert refused(visitor.post("/signup", good))
    assert refused(Browser(app).post("/signup", good))
    assert visitor.get("/signup").status_code == 200
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    assert Browser(app).post("/signup", good, **elsewhere).status_code == 302


def test_it_leaves_room_for_an_office(app: Flask) -> None:
    assert limits_of(signup)[0].max_hits >= 50
    for number in range(60):
        sign_up(app, f"Colleague{number}")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_it_counts_a_customers_network_as_one(
    app: Flask, lower_limits: Callable, one: str, other: str, same: bool
) -> None:
    lower_limits(signup, 1)
    visitor = Browser(app)
    assert visitor.post("/signup", BAD, environ_overrides={"REMOTE_ADDR": one}).status_code == 422
    answer = visitor.post("/signup", BAD, environ_overrides={"REMOTE_ADDR": other})
    assert refused(answer) == same


def test_it_believes_no_address_that_the_client_made_up(app: Flask, lower_limits: Callable) -> None:
    lower_limits(signup, 1)
    for behind, proxies in ((again(app), 0), (again(app, trusted_proxies=1), 1)):
        visitor = Browser(behind)
        sent = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(2)]
        answers = [visitor.post("/signup", BAD, headers=headers) for headers in sent]
        assert [refused(answer) for answer in answers] == [False, not proxies]


def test_it_counts_exports_by_member(
    app: Flask, alice: Browser, bob: Browser, lower_limits: Callable
) -> None:
    lower_limits(personal_data.export_json, 2)
    answers = [alice.get("/settings/export.json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert refused(answers[-1])
    assert alice.head("/settings/export.json").status_code == 429
    assert bob.get("/settings/export.json").status_code == 200
    assert alice.get("/settings/export.csv").status_code == 200


def test_it_counts_imports_and_password_changes(alice: Browser, lower_limits: Callable) -> None:
    lower_limits(personal_data.import_, 1)
    lower_limits(settings.password, 1)
    file = {"file": (io.BytesIO(b"{}"), "a.json")}
    assert alice.post("/settings/import", dict(file)).status_code == 422
    assert refused(alice.post("/settings/import", {"file": (io.BytesIO(b"{}"), "a.json")}))
    change = {"current_password": "wrong", "new_password": "a new long password"}
    assert alice.post("/settings/password", change).status_code == 422
    assert refused(alice.post("/settings/password", change | {"current_password": PASSWORD}))


def test_it_counts_samples_by_address(app: Flask, lower_limits: Callable) -> None:
    lower_limits(sample, 1)
    embedded = again(app, redis_url=None)
    assert Browser(embedded).post("/sample").status_code == 302
    assert refused(Browser(embedded).post("/sample"))


def test_it_does_not_count_what_the_doors_refuse(app: Flask, lower_limits: Callable) -> None:
    lower_limits(signup, 1)
    visitor = Browser(app)
    assert [visitor.client.post("/signup", data=BAD).status_code for _ in range(3)] == [400] * 3
    assert visitor.post("/signup", BAD).status_code == 422


def test_it_counts_by_the_typed_address_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch, valkey: Redis
) -> None:
    by_address = Limit(99, 60, rate_limits.by_address, "POST")
    by_email = Limit(1, 60, rate_limits.by_email, "POST")
    monkeypatch.setattr(signup, "limits", (by_address, by_email))
    visitor = Browser(app)
    assert visitor.post("/signup", BAD | {"email": "Eve@example.com "}).status_code == 422
    assert refused(visitor.post("/signup", BAD | {"email": "eve@example.com"}), 60)
    assert visitor.post("/signup", BAD | {"email": "eva@example.com"}).status_code == 422


def test_it_keeps_no_address_in_a_key(app: Flask, alice: Browser, valkey: Redis) -> None:
    Browser(app).post("/signup", BAD | {"email": "eve@example.com"})
    keys = [key for key in valkey.scan_iter() if key.startswith("throttle")]
    assert keys
    for key in keys:
        assert not any(part in key for part in ("127", "eve", "signup", alice.user_id))
        assert 0 < valkey.ttl(key) <= 3600
        assert key.count("{") == 1


def test_fifty_at_once_get_no_more_than_the_limit(server_url: str, valkey: Redis) -> None:
    client = redis.Redis.from_url(server_url, decode_responses=True)
    start = threading.Barrier(50)

    def one(_: int) -> int:
        start.wait()
        return count_hit(client, "address 192.0.2.1", 20, 60)

    with ThreadPoolExecutor(50) as pool:
        waits = list(pool.map(one, range(50)))
    client.close()
    assert waits.count(0) == 20
    assert all(0 < wait <= 60 for wait in waits if wait)


def test_fifty_sign_ups_at_once_get_no_more_than_the_limit(
    app: Flask, lower_limits: Callable
) -> None:
    lower_limits(signup, 10)
    browsers = [Browser(app) for _ in range(50)]
    tokens = [browser.token for browser in browsers]
    start = threading.Barrier(50)

    def one(number: int) -> int:
        start.wait()
        data = BAD | {"csrf_token": tokens[number]}
        return browsers[number].client.post("/signup", data=data).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(one, range(50)))
    assert (statuses.count(422), statuses.count(429)) == (10, 40)


def test_it_lets_through_again_after_a_while(
    valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = rate_limit.now_ms()
    monkeypatch.setattr(rate_limit, "now_ms", lambda: now)
    assert [count_hit(valkey, "x", 2, 60) for _ in range(3)] == [0, 0, 60]
    monkeypatch.setattr(rate_limit, "now_ms", lambda: now + 59_001)
    assert count_hit(valkey, "x", 2, 60) == 1
    monkeypatch.setattr(rate_limit, "now_ms", lambda: now + 60_001)
    assert count_hit(valkey, "x", 2, 60) == 0


def test_it_counts_the_api_by_session(
    app: Flask, alice: Browser, bob: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "SESSION_LIMIT", 5)
    statuses = [alice.get("/api/dashboard").status_code for _ in range(7)]
    # The minute may have turned on the way.
    assert statuses.count(200) in (5, 6, 7)
    while not refused(alice.get("/api/dashboard"), 61):
        pass
    assert refused(alice.api("PATCH", "/api/mood", json={"score": 5}), 61)
    assert bob.get("/api/dashboard").status_code == 200
    assert alice.get("/dashboard").status_code == 200
    assert alice.get("/api/openapi.json").status_code == 200
    assert alice.get("/dashboard/stats").status_code == 200


def test_it_counts_the_api_by_service_key(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "SERVICE_KEY_LIMIT", 3)
    two = again(app, api_keys=("one", "two")).test_client()
    one, other = ({"Authorization": f"Bearer {key}"} for key in ("one", "two"))
    url = "/api/dashboard?userId=u"
    while not refused(two.get(url, headers=one), 61):
        pass
    assert two.get(url, headers=other).status_code == 200
    assert two.get(url, headers={"Authorization": "Bearer x"}).status_code == 401
    assert two.get(url).status_code == 401


def test_the_api_says_how_many_calls_are_left(
    alice: Browser, service_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit.time, "monotonic", lambda: 615.0)
    first, second = (alice.get("/api/dashboard") for _ in range(2))
    assert first.headers["RateLimit-Policy"] == '"minute";q=300;w=60'
    assert first.headers["RateLimit"] == '"minute";r=299;t=46'
    assert second.headers["RateLimit"] == '"minute";r=298;t=46'
    other = service_client.get("/api/chat/none?userId=u")
    assert (other.status_code, other.headers["RateLimit"]) == (404, '"minute";r=5999;t=46')
    for _ in range(299):
        last = alice.get("/api/dashboard")
    assert (last.status_code, last.headers["RateLimit"]) == (429, '"minute";r=0;t=46')
    assert last.headers["Retry-After"] == "46"
    assert "RateLimit" not in alice.get("/dashboard").headers


def test_made_up_keys_take_no_memory(app: Flask, client: FlaskClient) -> None:
    for number in range(9):
        client.get("/api/chat", headers={"Authorization": f"Bearer {number}"})
        client.get("/api/chat", headers={"Cookie": f"session=forged{number}"})
    assert app.extensions["aira.api_calls"]._counts == {}


def test_the_minute_counts_exactly_and_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 600.0
    monkeypatch.setattr(rate_limit.time, "monotonic", lambda: now)
    counter = MinuteCounter()
    with ThreadPoolExecutor(50) as pool:
        waits = list(pool.map(lambda _: counter.count_hit("k", 1000).retry_after, range(3000)))
    assert waits.count(0) == 1000
    assert set(waits) == {0, 61}
    now = 660.0
    assert counter.count_hit("k", 1000) == (1000, 999, 61)
    assert len(counter._counts) == 1


def test_it_adds_no_round_trip(
    alice: Browser, service_client: FlaskClient, round_trips: RoundTrips
) -> None:
    token = alice.token
    # After a write over a Unix socket it is asked whether the append-only file has it.
    calls = [
        (lambda: alice.get("/dashboard/stats"), 1),
        (lambda: service_client.patch("/api/mood?userId=u", json={"score": 5}), 2),
        (
            lambda: service_client.post(
                "/api/chat/save?userId=u", json={"messages": [{"role": "user", "content": "Hi"}]}
            ),
            2,
        ),
        (lambda: alice.api("PATCH", "/api/mood", json={"score": 5}), 2),
    ]
    assert token
    for call, most in calls:
        call()
        round_trips.count = 0
        assert call().status_code == 200
        assert round_trips.count <= most


def test_it_is_away_when_redis_is(app: Flask, alice: Browser) -> None:
    dead = create_app(app.extensions["aira"].base_settings, connect("redis://127.0.0.1:1"))
    answer = Browser(dead).post("/signup", BAD)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_it_can_be_switched_off(
    app: Flask, alice: Browser, lower_limits: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower_limits(signup, 1)
    monkeypatch.setattr(rate_limits, "SESSION_LIMIT", 1)
    loose = Browser(again(app, ratelimit_enabled=False))
    assert [loose.post("/signup", BAD).status_code for _ in range(3)] == [422] * 3
    loose = Browser(again(app, ratelimit_enabled=False), alice.session)
    assert [loose.get("/api/dashboard").status_code for _ in range(3)] == [200] * 3
