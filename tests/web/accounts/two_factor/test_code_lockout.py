"""Wrong codes in a row: the page says that they are locked, and the person is told by mail."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.mailbox import Mailbox, text_of
from tests.support.two_factor import stop_clock, totp_code
from tests.web import mail_fixtures
from tests.web.accounts.two_factor import two_factor_helpers
from tests.web.accounts.two_factor.two_factor_helpers import (
    Events,
    browser_after_password,
    enable_two_factor,
    submit_action,
    submit_code,
)
from tests.web.helpers import Browser

mailbox, app = mail_fixtures.mailbox, mail_fixtures.app
events = two_factor_helpers.events
WRONG = "no code"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def try_at_log_in(app: Flask, alice: Browser) -> Callable[[str], int]:
    visitor = browser_after_password(app)
    return lambda code: submit_code(visitor, code).status_code


def try_in_settings(app: Flask, alice: Browser) -> Callable[[str], int]:
    return lambda code: submit_action(alice, "off", code).status_code


@pytest.mark.parametrize("way", [try_at_log_in, try_in_settings])
def test_the_person_is_told_once(
    app: Flask,
    alice: Browser,
    mailbox: Mailbox,
    events: Events,
    way: Callable[[Flask, Browser], Callable[[str], int]],
) -> None:
    secret, _ = enable_two_factor(alice)
    attempt = way(app, alice)
    mailbox.wait(1)  # which asks whether her address is right
    assert [attempt(WRONG) for _ in range(50)] == [422] * 50
    assert [attempt(code) for code in (WRONG, totp_code(secret))] == [429, 429]
    notice = mailbox.last_to("alice@example.com", 2)
    assert notice["Subject"] == "Many wrong codes for your Aira account"
    assert "/reset" in text_of(notice)
    locked = [event for event in events if event[0] == "two_factor.locked"]
    assert locked == [("two_factor.locked", {"user": alice.user_id})]


def test_the_page_says_until_when(app: Flask, alice: Browser) -> None:
    secret, _ = enable_two_factor(alice)
    visitor = browser_after_password(app)
    for _ in range(50):
        submit_code(visitor, WRONG)
    answer = submit_code(visitor, totp_code(secret))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "many wrong codes in a row" in answer.text
    assert alice.get("/dashboard").status_code == 200
