"""Fixtures: the cluster when a test is going to hurt it, and the app in front of it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from stats.settings import Settings
from stats.store.client import Db, connect
from tests.cluster.nodes import Cluster
from tests.conftest import SERVICE_KEY


@pytest.fixture
def valkey(cluster: Cluster) -> Iterator[Db]:
    """A client of its own for each test, on empty nodes."""
    client = cluster.client()
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def failing_cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, which is whole again after the test."""
    yield cluster
    cluster.heal()


def make_app(url: str) -> Flask:
    """The application on a client of its own, which has not connected yet."""
    settings = Settings(
        redis_url=url, secret_keys=("secret",), api_keys=(SERVICE_KEY,), ratelimit_enabled=False
    )
    return create_app(settings, connect(url))


@pytest.fixture
def site(cluster: Cluster) -> Iterator[Flask]:
    app = make_app(cluster.url)
    yield app
    app.extensions["aira"].db.close()
