"""What ends that a poll is answered from memory: writes, the clock, sessions, and room."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from stats.accounts.sessions import IDLE_TIMEOUT
from stats.web.http import current_user
from stats.web.poll_cache import MAX_PER_SHARD
from tests.support.live_server import eventually
from tests.support.tracking import kill_tracking_connections
from tests.web.helpers import HTMX_HEADERS, PASSWORD, Browser, log_in, poll_url
from tests.web.poll_cache.helpers import PollClient, Reply, cache_of, tracking_of

pytestmark = pytest.mark.one_server
PASSWORDS = {"current_password": PASSWORD, "new_password": "another sentence nobody knows"}
End = Callable[[Browser, Browser], Any]


@pytest.fixture
def other_client(server_url: str) -> Iterator[redis.Redis]:
    """Another program's client of the same Redis."""
    client = redis.Redis.from_url(server_url, decode_responses=True)
    yield client
    client.close()


CHANGES: dict[str, Callable[[Browser, FlaskClient], Any]] = {
    "mood": lambda alice, service: alice.post("/dashboard/mood", {"score": "7"}),
    "conversation": lambda alice, service: service.post(
        f"/api/chat/save?userId={alice.user_id}",
        json={"messages": [{"role": "user", "content": "Hi"}]},
    ),
    "plan": lambda alice, service: service.patch(
        f"/api/plan?userId={alice.user_id}", json={"plan": "Plus"}
    ),
    "time zone": lambda alice, service: alice.post(
        "/settings", {"name": "A", "timezone": "Asia/Tokyo", "day_start": "0", "theme": "dark"}
    ),
    "name": lambda alice, service: alice.post(
        "/settings", {"name": "B", "timezone": "UTC", "day_start": "0", "theme": "dark"}
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_next_poll(
    alice: Browser, url: str, poll_client: PollClient, service_client: FlaskClient, change: str
) -> None:
    assert poll_client.is_cached(alice, url)
    assert CHANGES[change](alice, service_client).status_code in (200, 303)
    reply = poll_client.request(alice, url)
    assert reply.status == 200
    assert reply == poll_client.route(alice, url)


def test_a_change_by_another_program_is_seen_by_the_next_poll(
    alice: Browser, url: str, poll_client: PollClient, other_client: redis.Redis
) -> None:
    for _ in range(50):
        assert poll_client.is_cached(alice, url)
        other_client.hincrby(alice.key("stats"), "version", 1)
        reply = poll_client.request(alice, url)
        assert reply.status == 200
        url = re.sub(r"v=\d+", f"v={other_client.hget(alice.key('stats'), 'version')}", url)


def test_a_write_that_changes_nothing_shown_is_asked_about_once(
    alice: Browser, url: str, poll_client: PollClient, other_client: redis.Redis
) -> None:
    assert poll_client.is_cached(alice, url)
    other_client.sadd(alice.key("customers"), "cus_1")
    reply = poll_client.request(alice, url)
    assert (reply.status, reply.from_cache) == (204, False)
    assert poll_client.is_cached(alice, url)


ENDS: dict[str, End] = {
    "log-out": lambda alice, there: alice.post("/logout"),
    "log-out elsewhere": lambda alice, there: there.post("/settings/sessions/revoke"),
    "password change elsewhere": lambda alice, there: there.post("/settings/password", PASSWORDS),
    "deletion": lambda alice, there: there.post(
        "/settings/delete", {"confirm": "alice@example.com"}
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_ends_is_told_so_at_the_next_poll(
    app: Flask, alice: Browser, poll_client: PollClient, end: str
) -> None:
    there = log_in(app, "Alice")
    url, cookie = poll_url(alice.get("/dashboard")), f"session={alice.session}"
    assert poll_client.is_cached(cookie, url, headers=HTMX_HEADERS)
    assert ENDS[end](alice, there).status_code in (302, 303)
    reply = poll_client.request(cookie, url, headers=HTMX_HEADERS)
    assert (reply.status, reply.from_cache) == (401, False)


def first_after(poll_client: PollClient, alice: Browser, url: str, moment: int) -> Reply:
    """Poll all the time; return the first answer to what was asked after a moment."""
    replies: list[Reply] = []

    def is_past() -> bool:
        is_over, reply = time.time() >= moment, poll_client.request(alice, url)
        replies.append(reply)
        return is_over

    assert eventually(is_past)
    assert any(reply.from_cache for reply in replies[:-1])
    return replies[-1]


def test_a_session_that_runs_out_is_told_so(
    valkey: redis.Redis, alice: Browser, url: str, poll_client: PollClient
) -> None:
    end = int(time.time()) + 2
    [session_id] = valkey.hkeys(alice.key("sessions"))
    valkey.hset(
        alice.key("sessions"), session_id, f"{end - IDLE_TIMEOUT}:{end - IDLE_TIMEOUT}:agent"
    )
    assert poll_client.is_cached(alice, url)
    assert first_after(poll_client, alice, url, end).status == 302


def test_the_clock_ends_what_is_shown(
    valkey: redis.Redis, alice: Browser, url: str, poll_client: PollClient
) -> None:
    midnight = int(time.time()) + 2
    valkey.hset(alice.key("stats"), "fresh_until", midnight)
    assert poll_client.is_cached(alice, url)
    assert first_after(poll_client, alice, url, midnight).status == 200


def test_what_is_written_while_redis_answers_is_not_missed(
    app: Flask,
    alice: Browser,
    url: str,
    poll_client: PollClient,
    other_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The write is known of when the answer from before it comes to be remembered."""
    assert poll_client.is_cached(alice, url)
    tracking, really = tracking_of(app), current_user.get_dashboard
    shard = tracking.shard(alice.user_id)

    def late(*args: Any, **options: Any) -> Any:
        result, before = really(*args, **options), tracking.stamp(shard)
        other_client.hincrby(alice.key("stats"), "version", 1)
        assert eventually(lambda: tracking.stamp(shard) != before and tracking.is_in_step())
        return result

    late_url = f"{url}&late"
    with monkeypatch.context() as patched:
        patched.setattr(current_user, "get_dashboard", late)
        assert poll_client.request(alice, late_url).status == 204, "it was so when it was asked"
    assert poll_client.is_in_step()
    assert poll_client.request(alice, late_url).status == 200


def test_a_lost_stream_ends_it_until_there_is_one_again(
    valkey: redis.Redis, alice: Browser, url: str, poll_client: PollClient
) -> None:
    assert poll_client.is_cached(alice, url)
    assert kill_tracking_connections(valkey)
    reply = poll_client.request(alice, url)
    assert (reply.status, reply.from_cache) == (204, False)
    assert poll_client.is_cached(alice, url)


def test_it_ends_with_the_app(
    app: Flask, alice: Browser, url: str, poll_client: PollClient
) -> None:
    assert poll_client.is_cached(alice, url)
    cache_of(app).close()
    reply = poll_client.request(alice, url)
    assert (reply.status, reply.from_cache) == (204, False)


def small(app: Flask, size: int) -> Flask:
    """The same application with room for so many answers."""
    settings = replace(app.extensions["aira"].base_settings, poll_cache_size=size)
    return create_app(settings, app.extensions["aira"].db)


def test_the_oldest_one_goes_first(app: Flask, alice: Browser, url: str) -> None:
    asker = PollClient(small(app, 3))
    urls = [f"{url}&number={number}" for number in range(4)]
    assert asker.is_cached(alice, urls[0])
    for one in urls[1:]:
        assert asker.request(alice, one).status == 204
    assert asker.is_in_step()
    assert [asker.request(alice, one).from_cache for one in urls[1:]] == [True] * 3
    assert not asker.request(alice, urls[0]).from_cache
    cache_of(asker.app).close()


def test_the_spellings_of_one_cookie_take_the_room_of_a_few(
    alice: Browser, bob: Browser, url: str, poll_client: PollClient
) -> None:
    other = poll_url(bob.get("/dashboard"))
    assert poll_client.is_cached(bob, other)
    for number in range(300):
        spelling = f"a={number:0200}; session={alice.session}"
        assert poll_client.request(spelling, url).status == 204
    assert len(cache_of(poll_client.app)._entries) == MAX_PER_SHARD + 1
    assert poll_client.is_in_step()
    assert poll_client.request(spelling, url).from_cache
    assert poll_client.request(bob, other).from_cache


def test_without_room_every_poll_asks(app: Flask, alice: Browser, url: str) -> None:
    asker = PollClient(small(app, 0))
    assert asker.request(alice, url).status == 204
    assert asker.is_in_step()
    assert not any(asker.request(alice, url).from_cache for _ in range(3))
    cache_of(asker.app).close()


def test_what_is_out_of_date_is_dropped_when_it_is_found(
    app: Flask, alice: Browser, url: str, poll_client: PollClient, service_client: FlaskClient
) -> None:
    assert poll_client.is_cached(alice, url)
    CHANGES["plan"](alice, service_client)
    assert poll_client.is_in_step()
    assert poll_client.request(alice, url).status == 200
    assert len(cache_of(app)._entries) == 0
