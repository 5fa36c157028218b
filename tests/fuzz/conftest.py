"""How many cases are made up, and from which seed: `CASES=3000 SEED=7 pytest -s tests/fuzz`."""

import os
from dataclasses import replace

import pytest
from flask import Flask

from app import create_app
from tests.web.helpers import Browser, Client, sign_up

CASES, SEED = int(os.environ.get("CASES", "200")), int(os.environ.get("SEED", "1"))


@pytest.fixture(scope="package", autouse=True)
def seed() -> None:
    print(f"\nfuzz: {CASES} cases, seed {SEED}")


@pytest.fixture(autouse=True)
def fast_password_hashing(fast_password_hashing: None) -> None:
    """For every test of this folder."""


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application in embedded mode on a real server, without limits."""
    runtime = app.extensions["aira"]
    settings = replace(runtime.base_settings, redis_url=None, ratelimit_enabled=False)
    made = create_app(settings, runtime.db)
    made.test_client_class = Client
    return made


@pytest.fixture
def alice(app: Flask) -> Browser:
    """Alice, who has a mood and a conversation."""
    return settle(app, "Alice")


def settle(app: Flask, name: str) -> Browser:
    """Return the browser of a new member who has a mood and a conversation."""
    browser = sign_up(app, name)
    browser.email = f"{name.lower()}@example.com"
    assert browser.api("PATCH", "/api/mood", json={"score": 5, "note": "n"}).status_code == 200
    chat = {"chatId": "c1", "messages": [{"role": "user", "content": "Hi"}]}
    assert browser.api("POST", "/api/chat/save", json=chat).status_code == 200
    return browser
