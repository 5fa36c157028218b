"""Fixtures: a real server for each test process, and an app in front of it."""

import os
from collections.abc import Iterator

import argon2
import fakeredis
import hypothesis
import pytest
import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry

from app import create_app
from stats import embedded
from stats.settings import Settings
from stats.store import Db, connect

SERVICE_KEY = "service-key-for-the-tests"
SECRET_KEY = "secret-key-for-the-tests-alone"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: the tests that only Linux can run must run there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an embedded server that lives as long as the test process."""
    server = embedded.start(tmp_path_factory.mktemp("valkey"))
    yield server.url
    server.close()


@pytest.fixture
def valkey(server_url: str) -> Iterator[redis.Redis]:
    """The app's own kind of client on an empty real server."""
    client = connect(server_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(params=["valkey", "valkey-bytes", "fakeredis"])
def db(request: pytest.FixtureRequest) -> Db:
    """An empty store: the real server, decoding answers and not, and fakeredis."""
    if request.param == "fakeredis":
        return fakeredis.FakeRedis()
    client: redis.Redis = request.getfixturevalue("valkey")
    if request.param == "valkey":
        return client
    return redis.Redis.from_url(request.getfixturevalue("server_url"))


@pytest.fixture
def app(valkey: redis.Redis) -> Flask:
    """The application on an empty real server."""
    settings = Settings(
        redis_url="redis://unused", secret_keys=(SECRET_KEY,), api_keys=(SERVICE_KEY,)
    )
    return create_app(settings, valkey)


hypothesis.settings.register_profile(
    "stats",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("stats")


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords by the same means at next to no cost."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("stats.accounts._hasher", hasher)


@pytest.fixture
def crowd(server_url: str, valkey: redis.Redis) -> Iterator[redis.Redis]:
    """A client for a hundred threads: patient, for here a slow machine must break nothing."""
    client = redis.Redis.from_url(server_url, decode_responses=True, retry=Retry(NoBackoff(), 0))
    yield client
    client.close()
