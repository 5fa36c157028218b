"""A poll of which nothing has changed is answered from memory, as the route would answer it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from stats.web.poll_cache import MAX_KEY_LENGTH
from tests.web.helpers import HTMX_HEADERS, PASSWORD, Browser, RoundTrips, log_in, poll_url
from tests.web.monitoring.test_metrics import IncreaseOf, increase_of
from tests.web.poll_cache.helpers import PollClient, Reply

__all__ = ["increase_of"]
pytestmark = pytest.mark.one_server


def test_the_second_one_asks_redis_nothing(
    alice: Browser, url: str, poll_client: PollClient, round_trips: RoundTrips
) -> None:
    assert poll_client.is_cached(alice, url)
    round_trips.count = 0
    replies = [poll_client.request(alice, url) for _ in range(10)]
    assert all(reply.from_cache for reply in replies)
    assert round_trips.count == 0


def test_it_says_what_the_route_says(alice: Browser, url: str, poll_client: PollClient) -> None:
    assert poll_client.is_cached(alice, url)
    reply, past = poll_client.request(alice, url), poll_client.route(alice, url)
    assert reply.from_cache
    assert not past.from_cache
    assert reply == past
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in reply.headers
    assert "Set-Cookie" not in reply.headers


def https_member(app: Flask) -> tuple[str, str]:
    """Sign somebody up over HTTPS; return the cookie and what the page polls."""
    client, https = app.test_client(), {"base_url": "https://localhost"}
    token = client.get("/signup", **https).text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"name": "A", "email": "a@example.com", "password": PASSWORD, "csrf_token": token}
    referer = {"Referer": "https://localhost/signup"}
    assert client.post("/signup", data=form, headers=referer, **https).status_code == 302
    cookie = client.get_cookie("__Host-session", "localhost").value
    return f"__Host-session={cookie}", poll_url(client.get("/dashboard", **https))


def test_it_says_what_the_route_says_over_https(app: Flask, poll_client: PollClient) -> None:
    cookie, url = https_member(app)
    https = {"base_url": "https://localhost"}
    assert poll_client.is_cached(cookie, url, **https)
    reply = poll_client.request(cookie, url, **https)
    assert reply == poll_client.route(cookie, url, **https)
    assert "Strict-Transport-Security" in reply.headers
    assert reply.from_cache
    plain = poll_client.request(cookie, url)
    assert (plain.status, plain.from_cache) == (302, False), "of https alone"


def other_letter(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def cookie_of(browser: Browser) -> str:
    return f"session={browser.session}"


Difference = tuple[Callable[[str], str], Callable[[str], str], dict[str, Any]]
SAME = str
DIFFERENCES: dict[str, Difference] = {
    "HEAD": (SAME, SAME, {"method": "HEAD"}),
    "POST": (SAME, SAME, {"method": "POST"}),
    "OPTIONS": (SAME, SAME, {"method": "OPTIONS"}),
    "a body": (SAME, SAME, {"data": b"a=b"}),
    "chunks": (SAME, SAME, {"headers": {"Transfer-Encoding": "chunked"}}),
    "another host": (SAME, SAME, {"headers": {"Host": "other.example"}}),
    "another port": (SAME, SAME, {"headers": {"Host": "localhost:81"}}),
    "no cookie": (lambda cookie: "", SAME, {}),
    "one more cookie": (lambda cookie: f"a=b; {cookie}", SAME, {}),
    "a letter of the cookie": (lambda cookie: other_letter(cookie, 40), SAME, {}),
    "a letter of the signature": (lambda cookie: other_letter(cookie, -5), SAME, {}),
    "a shorter cookie": (lambda cookie: cookie[:-1], SAME, {}),
    "a letter of the query": (SAME, lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"), {}),
    "another version": (SAME, lambda url: url.replace("v=", "v=1"), {}),
    "the same, more": (SAME, lambda url: f"{url}&more", {}),
    "no query": (SAME, lambda url: url.partition("?")[0], {}),
    "a slash": (SAME, lambda url: url.replace("?", "/?"), {}),
    "another page": (SAME, lambda url: url.replace("/stats", "/charts"), {}),
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_whatever_differs_goes_to_the_route(
    alice: Browser, url: str, poll_client: PollClient, what: str
) -> None:
    assert poll_client.is_cached(alice, url)
    cookie_as, url_as, kwargs = DIFFERENCES[what]
    other = (cookie_as(cookie_of(alice)), url_as(url))
    reply = poll_client.request(*other, **kwargs)
    assert not reply.from_cache
    assert reply == poll_client.route(*other, **kwargs)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_request_without_a_host_is_judged_by_its_protocol(
    alice: Browser, url: str, poll_client: PollClient, version: str
) -> None:
    first, then = [
        {"environ_overrides": {"HTTP_HOST": "", "SERVER_PROTOCOL": f"HTTP/{number}"}}
        for number in ("1.0", version)
    ]
    assert poll_client.is_cached(alice, url)
    for _ in range(2):
        assert poll_client.request(alice, url, **first).status == 204
    assert poll_client.is_in_step()
    assert poll_client.request(alice, url, **then) == poll_client.route(alice, url, **then)


@pytest.mark.parametrize("what", ["HEAD", "a body", "chunks"])
def test_what_is_unusual_is_never_remembered(
    alice: Browser, url: str, poll_client: PollClient, what: str
) -> None:
    kwargs = DIFFERENCES[what][2]
    assert poll_client.is_cached(alice, url)
    assert poll_client.is_in_step()
    assert not any(poll_client.request(alice, url, **kwargs).from_cache for _ in range(3))


def test_a_long_request_is_not_remembered(
    alice: Browser, url: str, poll_client: PollClient
) -> None:
    assert poll_client.is_cached(alice, url)
    room = MAX_KEY_LENGTH - len(cookie_of(alice)) - len(url)
    longer = f"{cookie_of(alice)}; a={'a' * room}"
    replies = [poll_client.request(longer, url) for _ in range(3)]
    assert [reply.status for reply in replies] == [204] * 3
    assert not any(reply.from_cache for reply in replies)


def test_what_does_not_matter_to_the_answer_does_not_differ(
    alice: Browser, url: str, poll_client: PollClient
) -> None:
    assert poll_client.is_cached(alice, url)
    headers = HTMX_HEADERS | {
        "Accept-Encoding": "br",
        "User-Agent": "Other",
        "X-Request-ID": "a" * 16,
    }
    assert poll_client.request(alice, url, headers=headers) == poll_client.route(
        alice, url, headers=headers
    )
    assert poll_client.request(alice, url, headers=headers).from_cache


FORGERIES: list[Callable[[str], str]] = [
    lambda cookie: "session=forged",
    lambda cookie: "session=",
    lambda cookie: f"{cookie}.A",
    lambda cookie: f"session={cookie}",
    lambda cookie: f"session=x; {cookie}",
    lambda cookie: other_letter(cookie, 10),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_cookie_is_never_answered(
    alice: Browser, url: str, poll_client: PollClient, forge: Callable[[str], str]
) -> None:
    assert poll_client.is_cached(alice, url)
    replies = [poll_client.request(forge(cookie_of(alice)), url) for _ in range(3)]
    assert [reply.status for reply in replies] == [302] * 3
    assert not any(reply.from_cache for reply in replies)
    assert poll_client.request(alice, url).from_cache


def test_a_page_of_somebody_else_is_told_so(
    app: Flask, alice: Browser, bob: Browser, url: str, poll_client: PollClient
) -> None:
    """Bob logs in where Alice's page stands open: it polls with his cookie."""
    assert poll_client.is_cached(alice, url)
    replies: list[Reply] = [poll_client.request(bob, url) for _ in range(2)]
    assert [reply.headers.get("HX-Refresh") for reply in replies] == ["true"] * 2
    assert not any(reply.from_cache for reply in replies)
    assert poll_client.is_cached(bob, poll_url(bob.get("/dashboard")))
    assert poll_client.request(alice, url).from_cache


def test_several_browsers_of_one_user_are_remembered_apart(
    app: Flask, alice: Browser, poll_client: PollClient
) -> None:
    other = log_in(app, "Alice")
    url = poll_url(alice.get("/dashboard"))
    assert poll_client.is_cached(alice, url)
    assert not poll_client.request(other, url).from_cache
    assert poll_client.is_cached(other, url)
    assert poll_client.request(alice, url).from_cache


def test_polls_are_counted_by_what_knew_the_answer(
    alice: Browser, url: str, poll_client: PollClient, increase_of: IncreaseOf
) -> None:
    assert poll_client.is_cached(alice, url)
    assert poll_client.is_in_step()
    memory, redis_polls = (increase_of("aira_polls_total", by=by) for by in ("memory", "redis"))
    assert memory == 1
    assert redis_polls >= 1
    assert poll_client.request(alice, url).from_cache
    assert not poll_client.request(alice, "/dashboard/stats").from_cache
    assert not poll_client.request("session=forged", url).from_cache
    assert increase_of("aira_polls_total", by="memory") == memory + 1
    assert increase_of("aira_polls_total", by="redis") == redis_polls + 1


def test_streams_are_counted(
    alice: Browser, url: str, poll_client: PollClient, increase_of: IncreaseOf
) -> None:
    assert poll_client.is_cached(alice, url)
    assert increase_of("aira_tracking_total", event="up") == 1
    assert increase_of("aira_tracking_total", event="forgotten") >= 1
    assert increase_of("aira_tracking_total", event="lost") == 0
    text = poll_client.app.test_client().get("/metrics", headers=key_of(poll_client.app)).text
    assert 'aira_tracking_streams{state="up"} 1.0' in text.splitlines()


def key_of(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {app.extensions['aira'].settings.api_keys[0]}"}
