"""Fixtures: Alice's poll, and who sends it past Flask or through it."""

import pytest
from flask import Flask

from tests.web.helpers import Browser, poll_url
from tests.web.poll_cache.helpers import PollClient, ping_rarely


@pytest.fixture(autouse=True)
def rare_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    ping_rarely(monkeypatch)


@pytest.fixture
def poll_client(app: Flask) -> PollClient:
    return PollClient(app)


@pytest.fixture
def url(alice: Browser) -> str:
    """What Alice's page polls."""
    return poll_url(alice.get("/dashboard"))
