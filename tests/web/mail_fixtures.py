"""Fixtures: the application with a mail server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats import mail
from tests.support.mailbox import Mailbox, run_mail_server


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    monkeypatch.setattr(mail, "DELAY", 0)
    with run_mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def app(app: Flask, mailbox: Mailbox, valkey: Redis) -> Iterator[Flask]:
    """The application with a mail server."""
    settings = app.extensions["aira"].base_settings
    application = create_app(replace(settings, ratelimit_enabled=False, **mailbox.settings), valkey)
    application.test_client_class = app.test_client_class
    yield application
    if "aira.post" in application.extensions:
        application.extensions["aira.post"].close()
