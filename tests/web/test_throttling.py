"""Log-in is refused after ten failures in five minutes, the right password included."""

from dataclasses import replace

from app import create_app

from .kit import PASSWORD, Browser, sign_up


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
    loose = create_app(replace(runtime.given, ratelimit_enabled=False), runtime.db)
    for _ in range(12):
        assert log_in(Browser(loose), "alice@example.com", "wrong password").status_code == 422
