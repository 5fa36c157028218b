"""Log-in, log-out, sessions and the addresses one is sent to."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from redis import Redis

from tests.web.helpers import PASSWORD, Browser, form_token, log_in, routes

DAY = 86_400
FOREIGN = [
    "//e.example",
    "///e.example",
    "/\\e.example",
    "\\/e.example",
    "\\\\e.example",
    "https:e.example",
    "https://e.example",
    "javascript:alert(1)",
    "\r\n//e.example",
    "/\r\nSet-Cookie: a=b",
    "/\t/e.example",
    "\t//e.example",
    "/\x00/e.example",
    "dashboard",
    "",
]


def is_in(browser: Browser) -> bool:
    return browser.get("/dashboard").status_code == 200


def test_it_logs_in_and_goes_where_the_visitor_was_headed(app: Flask, alice: Browser) -> None:
    visitor = Browser(app)
    sent = visitor.get("/settings?tab=1")
    assert sent.status_code == 302
    assert sent.location == "/login?next=%2Fsettings%3Ftab%3D1"
    assert 'name="next" value="/settings?tab=1"' in visitor.get(sent.location).text
    data = {"email": "alice@example.com", "password": PASSWORD, "next": "/settings?tab=1"}
    answer = visitor.post("/login", data)
    assert (answer.status_code, answer.location) == (302, "/settings?tab=1")
    assert is_in(visitor)


@pytest.mark.parametrize("target", FOREIGN)
def test_it_sends_nobody_to_another_site(app: Flask, alice: Browser, target: str) -> None:
    visitor = Browser(app)
    page = visitor.get(f"/login?next={quote(target)}")
    assert 'name="next" value="/dashboard"' in page.text
    data = {"email": "alice@example.com", "password": PASSWORD, "next": target}
    assert visitor.post("/login", data).location == "/dashboard"
    assert alice.get(f"/login?next={quote(target)}").location == "/dashboard"


def test_it_keeps_an_escaped_line_break_in_a_local_path(alice: Browser) -> None:
    answer = alice.get("/login?next=/%250d%250aSet-Cookie:a")
    assert answer.location == "/%0d%0aSet-Cookie:a"
    assert "Set-Cookie" not in answer.headers


def test_it_does_not_mind_how_an_address_is_written(app: Flask, alice: Browser) -> None:
    assert is_in(log_in(app, "Alice", email=" ALICE@Example.COM "))


@pytest.mark.parametrize("password", [PASSWORD + "!", PASSWORD[:-1], "x" * 2000, "\x00", "\ufffd"])
def test_it_refuses_a_wrong_password_beside_what_was_typed(
    app: Flask, alice: Browser, password: str
) -> None:
    visitor = Browser(app)
    answer = visitor.post("/login", {"email": "alice@example.com", "password": password})
    assert answer.status_code == 422
    assert "do not fit together" in answer.text
    assert 'value="alice@example.com"' in answer.text
    assert not is_in(visitor)


def test_it_does_not_tell_whether_an_address_is_known(app: Flask, alice: Browser) -> None:
    def answer(email: str) -> tuple[int, str]:
        visitor = Browser(app)
        refused = visitor.post("/login", {"email": email, "password": "not the password"})
        text = refused.text.replace(email, "-").replace(form_token(refused), "-")
        text = re.sub(r'name="op" value="[^"]+"', "-", text)
        return refused.status_code, text

    assert answer("alice@example.com") == answer("nobody@example.com") == answer("not an address")


def test_it_keeps_the_cookie_for_ninety_days_only_if_asked_to(app: Flask, alice: Browser) -> None:
    lasting = log_in(app, "Alice", remember="y").client.get_cookie("session")
    assert abs(lasting.expires - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=5)
    passing = log_in(app, "Alice").client.get_cookie("session")
    assert passing.expires is None
    assert passing.max_age is None


def test_it_makes_a_new_session_at_every_login(app: Flask, valkey: Redis, alice: Browser) -> None:
    visitor = Browser(app)
    token, before = visitor.token, visitor.session
    data = {"email": "alice@example.com", "password": PASSWORD}
    assert visitor.post("/login", data).status_code == 302
    assert visitor.session != before
    assert not is_in(Browser(app, before))
    # A token that somebody planted before the login is worth nothing after it.
    planted = {"csrf_token": token, "score": "5"}
    assert visitor.client.post("/dashboard/mood", data=planted).status_code == 400
    assert valkey.hlen(alice.key("sessions")) == 2


def test_it_ends_one_session_and_no_other(app: Flask, alice: Browser) -> None:
    other, copied = log_in(app, "Alice"), alice.session
    answer = alice.post("/logout")
    assert (answer.status_code, answer.location) == (302, "/")
    assert not is_in(alice)
    assert not is_in(Browser(app, copied))
    assert is_in(other)


def test_it_leaves_a_copied_cookie_dead_after_the_next_login(app: Flask, alice: Browser) -> None:
    copied = alice.session
    alice.post("/logout")
    assert is_in(log_in(app, "Alice"))
    assert not is_in(Browser(app, copied))


@pytest.mark.parametrize(
    ("made", "seen", "stands"),
    [(13, 13, True), (14, 14, False), (89, 1, True), (90, 0, False)],
)
def test_it_ends_a_session_that_is_idle_or_old(
    valkey: Redis, alice: Browser, made: int, seen: int, stands: bool
) -> None:
    now = int(datetime.now(UTC).timestamp())
    [session_id] = valkey.hkeys(alice.key("sessions"))
    times = f"{now - made * DAY}:{now - seen * DAY}:agent"
    valkey.hset(alice.key("sessions"), session_id, times)
    assert is_in(alice) == stands


def test_it_takes_no_cookie_that_it_did_not_sign(app: Flask, alice: Browser) -> None:
    head, _, tail = alice.session.rpartition(".")
    flipped = tail[:5] + ("a" if tail[5] != "a" else "b") + tail[6:]
    assert not is_in(Browser(app, f"{head}.{flipped}"))
    assert is_in(Browser(app, alice.session))


def test_it_takes_a_member_from_the_front_door_to_the_dashboard(alice: Browser) -> None:
    for url in ("/", "/login", "/signup"):
        answer = alice.get(url)
        assert (answer.status_code, answer.location) == (302, "/dashboard")


def test_it_wants_a_token_of_this_session_for_every_form(
    app: Flask, alice: Browser, bob: Browser
) -> None:
    posts = {url for method, url, _ in routes(app) if method == "POST" and "/api/" not in url}
    assert {"/login", "/signup", "/logout", "/settings", "/dashboard/mood"} <= posts
    for url in posts:
        for data in ({}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": bob.token}):
            assert alice.client.post(url, data=data).status_code == 400, url
    assert is_in(alice)
    assert alice.moods() == []


@pytest.mark.parametrize("url", ["/login", "/signup"])
def test_it_wants_a_token_of_strangers_too(app: Flask, alice: Browser, url: str) -> None:
    visitor = Browser(app)
    data = {"name": "Bob", "email": "alice@example.com", "password": PASSWORD}
    for token in ({}, {"csrf_token": alice.token}):
        assert visitor.client.post(url, data=data | token).status_code == 400
    assert not is_in(visitor)
