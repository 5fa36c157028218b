"""Fixtures: Alice and Bob in their browsers, and a program with a service key."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from tests.web.helpers import Browser, Client, RoundTrips, fill_account, sign_up


@pytest.fixture(autouse=True)
def fast_password_hashing(fast_password_hashing: None) -> None:
    """For every test of this folder."""


class CompiledTemplates(BytecodeCache):
    """Compiled templates, so that not every test's application compiles them anew."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application, its test clients reading every answer to the end."""
    app.test_client_class = Client
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor."""
    return app.test_client()


@pytest.fixture
def service_client(app: Flask) -> FlaskClient:
    """A program that holds the service key."""
    key = app.extensions["aira"].settings.api_keys[0]
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


@pytest.fixture
def alice(app: Flask) -> Browser:
    """Alice, who has just signed up."""
    return sign_up(app, "Alice")


@pytest.fixture
def bob(app: Flask) -> Browser:
    """Bob, who has just signed up."""
    return sign_up(app, "Bob")


@pytest.fixture
def account_export(alice: Browser) -> dict[str, Any]:
    """What Alice takes along."""
    fill_account(alice)
    export: dict[str, Any] = alice.get("/settings/export.json").json
    return export


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> RoundTrips:
    """How many times Redis was asked; set `count` to 0 before what is to be counted."""
    return RoundTrips(monkeypatch)
