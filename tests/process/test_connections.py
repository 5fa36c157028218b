"""Many connections at once: those that ask nothing keep nobody out."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.live_server import LiveServer, serve

IDLE = 2000
# What a shell allows on most systems.
USUAL_FILES = 1024


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LiveServer]:
    """The application, started by a shell with the usual limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, before[1]))
    try:
        site = serve(tmp_path / "data")
    finally:
        # This process holds the other end of each connection.
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield site
    site.destroy()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_two_thousand_idle_connections_leave_the_door_open(site: LiveServer) -> None:
    with ExitStack() as idle:
        for _ in range(IDLE):
            idle.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=20))
        assert site.answers("/healthz")
        assert site.answers("/readyz"), "Redis needs a file, too"
