"""Fixtures: Alice's poll, and who sends it past Flask or through it."""

import pytest
from flask import Flask

from tests.web.helpers import Browser, poll_url
from tests.web.poll_cache.helpers import Asker, ping_seldom


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    ping_seldom(monkeypatch)


@pytest.fixture
def asker(app: Flask) -> Asker:
    return Asker(app)


@pytest.fixture
def url(alice: Browser) -> str:
    """What Alice's page polls."""
    return poll_url(alice.get("/dashboard"))
