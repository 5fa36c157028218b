"""Fixtures: a real server for each test process, and an app in front of it."""

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import argon2
import fakeredis
import hypothesis
import pytest
import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.routing import Rule

from app import create_app
from stats import service_keys
from stats.accounts import passwords
from stats.embedded import server as embedded
from stats.settings import Settings
from stats.store.client import Db, connect
from tests.cluster.nodes import Cluster, running_cluster

LOGGERS = [logging.getLogger(name) for name in ("aira", "stats")]
# What this process logs would drown what its tests print.
for _logger in LOGGERS:
    _logger.handlers.clear()


class CachedRule(Rule):
    """A rule whose builder of addresses, which werkzeug compiles, all applications share."""

    builders: ClassVar[dict[tuple[Any, ...], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        kind = self.rule, tuple(self._trace), repr(self.defaults), append_unknown
        if kind not in self.builders:
            self.builders[kind] = super()._compile_builder(append_unknown)
        return self.builders[kind]


# Compiling them takes four fifths of the time in which an application is made.
Flask.url_rule_class = CachedRule

SERVICE_KEY = "service-key-for-the-tests"
SECRET_KEY = "secret-key-for-the-tests-alone"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cluster", action="store_true", help="the tests that need a store, on a Redis Cluster"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "one_server: makes no sense on a Redis Cluster")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a cluster, and with --cluster whatever can do without a store."""
    fits = _fits_cluster if config.getoption("--cluster") else _fits_one_server
    config.hook.pytest_deselected(items=[item for item in items if not fits(item)])
    items[:] = filter(fits, items)


def _fits_one_server(item: pytest.Item) -> bool:
    return "cluster" not in item.fixturenames


def _fits_cluster(item: pytest.Item) -> bool:
    used = set(item.fixturenames)
    alone = item.get_closest_marker("one_server") is not None
    if alone or "server_url" in used or "fakeredis" in item.name:
        return False
    return bool({"cluster", "valkey", "db"} & used)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be skipped: the tests that only Linux can run must run there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """Let no command's way of logging outlive its test, nor a line that waits."""
    before = [(list(one.handlers), one.level) for one in LOGGERS]
    yield
    for one, (handlers, level) in zip(LOGGERS, before, strict=True):
        for handler in one.handlers:
            handler.flush()
        one.handlers = handlers
        one.setLevel(level)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an embedded server that lives as long as the test process."""
    server = embedded.start(tmp_path_factory.mktemp("valkey"))
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Six nodes that live as long as the test process."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def cluster_client(cluster: Cluster) -> Iterator[Db]:
    """The app's own client of six nodes, one for a module: to connect takes long."""
    client = cluster.client()
    yield client
    client.close()


def _reset_client(client: Any) -> None:
    """Nothing that a test's client has learned of nodes and of service keys is left to the next."""
    client._breakers.clear()
    service_keys._rings.pop(client, None)


@pytest.fixture
def valkey(request: pytest.FixtureRequest) -> Iterator[Db]:
    """The app's own kind of client on an empty real server, or with --cluster on six."""
    if request.config.getoption("--cluster"):
        client = request.getfixturevalue("cluster_client")
        _reset_client(client)
        client.flushall()
        yield client
        return
    client = connect(request.getfixturevalue("server_url"))
    client.flushall()
    yield client
    client.close()


@pytest.fixture(params=["valkey", "valkey-bytes", "fakeredis"])
def db(request: pytest.FixtureRequest, valkey: Db) -> Db:
    """An empty store: the real server, decoding answers and not, and fakeredis."""
    if request.param == "fakeredis":
        return fakeredis.FakeRedis()
    return valkey if request.param == "valkey" else _plain_client(request)


def _plain_client(request: pytest.FixtureRequest, **options: Any) -> Db:
    """A client as another program may have it."""
    if request.config.getoption("--cluster"):
        return request.getfixturevalue("cluster").plain_client(**options)
    return redis.Redis.from_url(request.getfixturevalue("server_url"), **options)


@pytest.fixture
def app(valkey: redis.Redis) -> Iterator[Flask]:
    """The application on an empty real server."""
    settings = Settings(
        redis_url="redis://unused", secret_keys=(SECRET_KEY,), api_keys=(SERVICE_KEY,)
    )
    application = create_app(settings, valkey)
    yield application
    application.extensions["aira.poll_cache"].close()


hypothesis.settings.register_profile(
    "stats",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("stats")


@pytest.fixture
def fast_password_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords by the same means at next to no cost, and leave no such hash behind."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    passwords.dummy_hash.cache_clear()
    yield
    passwords.dummy_hash.cache_clear()


@pytest.fixture
def concurrent_db(request: pytest.FixtureRequest, valkey: Db) -> Iterator[Db]:
    """A client for a hundred threads: patient, for here a slow machine must break nothing."""
    client = _plain_client(request, decode_responses=True, retry=Retry(NoBackoff(), 0))
    yield client
    client.close()
