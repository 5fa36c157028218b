"""Logging in with two-factor: the password leads halfway, a code in."""

import time
from types import SimpleNamespace

import pytest
from flask import Flask
from redis import Redis

from stats.web.accounts import auth
from tests.support.two_factor import NOW, stop_clock, totp_code
from tests.web.accounts.two_factor import two_factor_helpers
from tests.web.accounts.two_factor.two_factor_helpers import (
    TWO_FACTOR_URL,
    Events,
    browser_after_password,
    enable_two_factor,
    is_logged_in,
    submit_code,
)
from tests.web.helpers import PASSWORD, Browser, field_error

events = two_factor_helpers.events


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def test_a_password_gives_access_to_nothing(app: Flask, valkey: Redis, alice: Browser) -> None:
    enable_two_factor(alice)
    visitor = browser_after_password(app)
    assert valkey.hlen(alice.key("sessions")) == 1
    for url in ("/dashboard", "/settings", TWO_FACTOR_URL, "/history", "/settings/export.json"):
        assert visitor.get(url).status_code == 302
    assert visitor.get("/api/dashboard").status_code == 401
    assert visitor.get("/login").status_code == 200


def test_a_code_logs_in_and_goes_where_the_visitor_was_headed(
    app: Flask, alice: Browser, events: Events
) -> None:
    secret, _ = enable_two_factor(alice)
    visitor = browser_after_password(app, next="/history?year=1", remember="y")
    before = visitor.session
    code = totp_code(secret)
    answer = submit_code(visitor, f"{code[:3]} {code[3:]}")
    assert (answer.status_code, answer.location) == (302, "/history?year=1")
    assert is_logged_in(visitor)
    assert visitor.client.get_cookie("session").expires is not None
    assert not is_logged_in(Browser(app, before))
    assert events[-1] == ("login", {"user": alice.user_id, "how": "code"})
    passing = browser_after_password(app)
    submit_code(passing, totp_code(secret, NOW + 30))
    assert is_logged_in(passing)
    assert passing.client.get_cookie("session").expires is None


@pytest.mark.parametrize("target", ["//e.example", "/\\e.example", "/" + "x" * 5000])
def test_it_sends_nobody_astray(app: Flask, alice: Browser, target: str) -> None:
    secret, _ = enable_two_factor(alice)
    assert (
        submit_code(browser_after_password(app, next=target), totp_code(secret)).location
        == "/dashboard"
    )


def test_it_takes_no_code_twice(app: Flask, alice: Browser) -> None:
    secret, codes = enable_two_factor(alice)
    for code in (totp_code(secret), codes[0]):
        first, second = browser_after_password(app), browser_after_password(app)
        assert submit_code(first, code).status_code == 302
        assert submit_code(second, code).status_code == 422
        assert is_logged_in(first)
        assert not is_logged_in(second)


def test_it_says_what_is_wrong_with_a_code(app: Flask, alice: Browser, events: Events) -> None:
    enable_two_factor(alice)
    visitor = browser_after_password(app)
    assert field_error(submit_code(visitor, ""), "code") == "Enter the code."
    for wrong in ("000000", "abc", "0" * 4000, "\x00", "１２３４５６"):
        answer = submit_code(visitor, wrong)
        assert answer.status_code == 422
        assert "does not fit" in field_error(answer, "code")
        assert f'value="{wrong}"' not in answer.text
    assert events[-1] == ("login.failed", {"user": alice.user_id, "reason": "code"})


def test_it_says_so_beside_the_field_for_recovery_codes(app: Flask, alice: Browser) -> None:
    enable_two_factor(alice)
    answer = browser_after_password(app).post("/login/code", {"code": "nope", "recovering": "1"})
    assert field_error(answer, "code") == ""
    assert field_error(answer, "recovery") == "This recovery code does not fit. Each works once."


def test_it_tells_how_many_recovery_codes_are_left(app: Flask, alice: Browser) -> None:
    _, codes = enable_two_factor(alice)
    visitor = browser_after_password(app)
    submit_code(visitor, codes[0].upper())
    assert "9 recovery codes are left" in visitor.get("/dashboard").text


def test_a_stranger_has_no_business_there(app: Flask, alice: Browser) -> None:
    visitor = Browser(app)
    for answer in (visitor.get("/login/code"), visitor.post("/login/code", {"code": "123456"})):
        assert (answer.status_code, answer.location) == (302, "/login")
    assert visitor.client.post("/login/code", data={"code": "1"}).status_code == 400
    assert alice.get("/login/code").status_code == 302


@pytest.mark.parametrize(("seconds", "stands"), [(299, True), (302, False)])
def test_halfway_lasts_five_minutes(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch, seconds: int, stands: bool
) -> None:
    secret, _ = enable_two_factor(alice)
    visitor = browser_after_password(app, next="/history")
    later = time.time() + seconds
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: later))
    answer = submit_code(visitor, totp_code(secret))
    assert answer.location == ("/history" if stands else "/login?next=/history")
    assert is_logged_in(visitor) == stands
    assert ("Enter your password once more" in visitor.get("/login").text) != stands


def test_halfway_ends_with_the_password(app: Flask, alice: Browser) -> None:
    secret, _ = enable_two_factor(alice)
    visitor = browser_after_password(app)
    new = {"current_password": PASSWORD, "new_password": "another good sentence"}
    assert alice.post("/settings/password", new).status_code == 303
    assert submit_code(visitor, totp_code(secret)).location == "/login?next=/dashboard"
    assert not is_logged_in(visitor)
    again = browser_after_password(app, password="another good sentence")
    assert submit_code(again, totp_code(secret)).location == "/dashboard"


def test_halfway_is_no_way_into_another_account(app: Flask, alice: Browser, bob: Browser) -> None:
    enable_two_factor(alice)
    secret, _ = enable_two_factor(bob)
    visitor = browser_after_password(app)
    assert submit_code(visitor, totp_code(secret)).status_code == 422
    forged = visitor.session[:-3] + "abc"
    assert Browser(app, forged).get("/login/code").location == "/login"


def test_the_api_asks_for_no_code(app: Flask, alice: Browser) -> None:
    enable_two_factor(alice)
    assert alice.api("PATCH", "/api/mood", json={"score": 5}).status_code == 200
