"""Fixtures: the application with a mail server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats import mail
from tests.support.mailbox import Mailbox, open_mailbox


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    monkeypatch.setattr(mail, "DELAY", 0)
    with open_mailbox() as opened:
        yield opened


@pytest.fixture
def app(app: Flask, box: Mailbox, valkey: Redis) -> Iterator[Flask]:
    """The application with a mail server."""
    given = app.extensions["aira"].given
    made = create_app(replace(given, ratelimit_enabled=False, **box.settings), valkey)
    made.test_client_class = app.test_client_class
    yield made
    if "aira.post" in made.extensions:
        made.extensions["aira.post"].close()
