"""Log-in is refused after ten failures in five minutes, the right password included."""

from dataclasses import replace

import pytest

from app import create_app
from tests.support.two_factor import NOW, stop_clock, totp_code
from tests.web.accounts.two_factor.two_factor_helpers import enable_two_factor
from tests.web.helpers import PASSWORD, Browser, form_token, sign_up


def log_in(browser, email, password):
    browser.get("/login")
    return browser.post("/login", {"email": email, "password": password})


def test_it_refuses_the_eleventh_failure_and_the_right_password(app, alice):
    stranger = Browser(app)
    for _ in range(10):
        assert log_in(stranger, "alice@example.com", "not the password").status_code == 422
    for password in ("not the password", PASSWORD):
        refused = log_in(Browser(app), "alice@example.com", password)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 300
        assert "slower" in refused.text


def test_it_counts_known_and_unknown_addresses_alike(app, alice):
    answers = {}
    for email in ("alice@example.com", "nobody@example.com"):
        app.extensions["aira"].db.flushdb()
        sign_up(app, "Alice")
        browser = Browser(app)
        answers[email] = [log_in(browser, email, "wrong password").status_code for _ in range(11)]
    assert answers["alice@example.com"] == answers["nobody@example.com"] == [422] * 10 + [429]


def test_it_does_not_count_successes(app, alice):
    for _ in range(12):
        assert log_in(Browser(app), "alice@example.com", PASSWORD).status_code == 302


def test_it_can_be_switched_off(app, alice):
    runtime = app.extensions["aira"]
    loose = create_app(replace(runtime.base_settings, ratelimit_enabled=False), runtime.db)
    for _ in range(12):
        assert log_in(Browser(loose), "alice@example.com", "wrong password").status_code == 422


@pytest.fixture
def two_factor_secret(app, alice, monkeypatch):
    """Alice with two-factor: the secret of her codes."""
    stop_clock(monkeypatch)
    secret, _ = enable_two_factor(alice)
    return secret


def log_in_with_password(app):
    browser = Browser(app)
    assert log_in(browser, "alice@example.com", PASSWORD).location == "/login/code"
    browser.forget_token()
    browser._token = form_token(browser.get("/login/code"))
    return browser


def send(browser, code):
    return browser.post("/login/code", {"code": code})


def test_it_refuses_the_eleventh_wrong_code_and_the_right_one(app, two_factor_secret):
    """However often the right password is given in between, and in however many browsers."""
    waiting = log_in_with_password(app)
    for _ in range(10):
        assert send(log_in_with_password(app), "000000").status_code == 422
    for code in ("000000", totp_code(two_factor_secret)):
        refused = send(waiting, code)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 300


def test_it_refuses_wrong_codes_for_an_account_from_wherever_they_come(app, two_factor_secret):
    for number in range(11):
        browser = log_in_with_password(app)
        browser.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        status = send(browser, "000000").status_code
        assert status == (422 if number < 10 else 429)


def test_wrong_codes_count_for_the_address_like_wrong_passwords(app, two_factor_secret):
    browser = log_in_with_password(app)
    for _ in range(5):
        assert log_in(Browser(app), "nobody@example.com", "wrong password").status_code == 422
        assert send(browser, "000000").status_code == 422
    assert send(browser, totp_code(two_factor_secret)).status_code == 429
    assert log_in(Browser(app), "alice@example.com", PASSWORD).status_code == 429


def test_the_right_code_takes_nothing_else_back(app, two_factor_secret):
    first, second = log_in_with_password(app), log_in_with_password(app)
    for _ in range(9):
        assert send(second, "000000").status_code == 422
    assert send(first, totp_code(two_factor_secret)).status_code == 302
    assert send(second, "000000").status_code == 422
    assert send(second, totp_code(two_factor_secret, NOW + 30)).status_code == 429


def test_a_session_cannot_guess_its_way_out_of_two_factor(app, alice, two_factor_secret):
    """Somebody at an open browser knows neither the password nor the code."""
    wrong = {"action": "off", "code": "000000", "current_password": "not this one"}
    for _ in range(10):
        assert alice.post("/settings/two-factor", wrong).status_code == 422
    right = {"action": "off", "code": totp_code(two_factor_secret), "current_password": PASSWORD}
    assert alice.post("/settings/two-factor", right).status_code == 429


def test_it_counts_a_network_of_version_6_as_one(app, alice):
    for number in range(11):
        browser = Browser(app)
        browser.client.environ_base["REMOTE_ADDR"] = f"2001:db8:0:1::{number}"
        status = log_in(browser, f"nobody{number}@example.com", "wrong password").status_code
        assert status == (422 if number < 10 else 429)
