"""What the tests of two-factor on the page share: switching it on, and getting halfway in."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.two_factor import NOW, code_of
from tests.web.helpers import PASSWORD, Browser, form_token

URL = "/settings/two-factor"
CREDENTIALS = {"email": "alice@example.com", "password": PASSWORD}
Events = list[tuple[str, dict[str, Any]]]


@contextmanager
def events_written() -> Iterator[Events]:
    """What was written down as events: names and facts, without addresses on the network."""
    found: Events = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            facts = record.facts.items()
            found.append((record.getMessage(), {k: v for k, v in facts if k != "address"}))

    logger, handler = logging.getLogger("aira.security"), Kept()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(before)


def offered(browser: Browser) -> str:
    """The secret that the page offers to type."""
    found = re.search(r'<p class="value num">([A-Z2-7 ]+)</p>', browser.get(URL).text)
    return found[1].replace(" ", "") if found else ""


def act(browser: Browser, action: str, code: str = "", **more: str) -> TestResponse:
    data = {"action": action, "code": code, "current_password": PASSWORD, **more}
    return browser.post(URL, data)


def recovery_codes(page: TestResponse) -> list[str]:
    found = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page.text)
    return found[1].split() if found else []


def guard(browser: Browser) -> tuple[str, list[str]]:
    """Switch it on by the code of the step before; return the secret and the recovery codes."""
    secret = offered(browser)
    page = act(browser, "on", code_of(secret, NOW - 30))
    assert page.status_code == 200
    return secret, recovery_codes(page)


def halfway(app: Flask, **more: str) -> Browser:
    """A browser in which Alice's password was given."""
    browser = Browser(app)
    answer = browser.post("/login", CREDENTIALS | more)
    assert (answer.status_code, answer.location) == (302, "/login/code")
    browser.renew()
    browser._token = form_token(browser.get("/login/code"))
    return browser


def send(browser: Browser, code: str) -> TestResponse:
    return browser.post("/login/code", {"code": code})


def is_in(browser: Browser) -> bool:
    return browser.get("/dashboard").status_code == 200


@pytest.fixture
def events() -> Iterator[Events]:
    """What was written down as events: names and facts, without addresses on the network."""
    with events_written() as found:
        yield found
