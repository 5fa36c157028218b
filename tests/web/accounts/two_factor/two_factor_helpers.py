"""What the tests of two-factor on the page share: switching it on, and getting halfway in."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.two_factor import NOW, totp_code
from tests.web.helpers import PASSWORD, Browser, form_token

TWO_FACTOR_URL = "/settings/two-factor"
CREDENTIALS = {"email": "alice@example.com", "password": PASSWORD}
Events = list[tuple[str, dict[str, Any]]]


@contextmanager
def recorded_events() -> Iterator[Events]:
    """What was written down as events: names and facts, without addresses on the network."""
    recorded: Events = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            facts = record.facts.items()
            recorded.append((record.getMessage(), {k: v for k, v in facts if k != "address"}))

    logger, handler = logging.getLogger("aira.security"), Kept()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield recorded
    logger.removeHandler(handler)
    logger.setLevel(before)


def displayed_secret(browser: Browser) -> str:
    """The secret that the page offers to type."""
    page = browser.get(TWO_FACTOR_URL).text
    match = re.search(r'<p class="value tabular-nums">([A-Z2-7 ]+)</p>', page)
    return match[1].replace(" ", "") if match else ""


def submit_action(browser: Browser, action: str, code: str = "", **fields: str) -> TestResponse:
    data = {"action": action, "code": code, "current_password": PASSWORD, **fields}
    return browser.post(TWO_FACTOR_URL, data)


def recovery_codes(page: TestResponse) -> list[str]:
    match = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page.text)
    return match[1].split() if match else []


def enable_two_factor(browser: Browser) -> tuple[str, list[str]]:
    """Switch it on by the code of the step before; return the secret and the recovery codes."""
    secret = displayed_secret(browser)
    page = submit_action(browser, "on", totp_code(secret, NOW - 30))
    assert page.status_code == 200
    return secret, recovery_codes(page)


def browser_after_password(app: Flask, **fields: str) -> Browser:
    """A browser in which Alice's password was given."""
    browser = Browser(app)
    answer = browser.post("/login", CREDENTIALS | fields)
    assert (answer.status_code, answer.location) == (302, "/login/code")
    browser.forget_token()
    browser._token = form_token(browser.get("/login/code"))
    return browser


def submit_code(browser: Browser, code: str) -> TestResponse:
    return browser.post("/login/code", {"code": code})


def is_logged_in(browser: Browser) -> bool:
    return browser.get("/dashboard").status_code == 200


@pytest.fixture
def events() -> Iterator[Events]:
    """What was written down as events: names and facts, without addresses on the network."""
    with recorded_events() as recorded:
        yield recorded
