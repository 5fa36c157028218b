"""A stream over each kind of connection, and what of redis-py it needs."""

import os
import ssl
from collections.abc import Iterator

import pytest
import redis

from stats.store.client import connect
from stats.store.tracking import _Stream
from tests.badday.valkey import Valkey, short_folder
from tests.support.live_server import eventually, free_port
from tests.support.tls import TlsProxy
from tests.support.tracking import (
    TrackingClient,
    believe_for_ever,
    new_tracking_client,
    pause_stream,
    write_user_key,
)

WRITES = 1000


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[Valkey]:
    """A server on a Unix socket and on TCP."""
    with short_folder() as folder:
        started = Valkey(folder, port=str(port), bind="127.0.0.1")
        yield started
        started.stop()


@pytest.fixture(params=["unix", "tcp", "tls"])
def url(request: pytest.FixtureRequest, server: Valkey, port: int) -> Iterator[str]:
    """The server's address, by each kind of connection."""
    if request.param == "tls":
        with short_folder() as folder, TlsProxy(folder, server.socket) as front:
            yield front.url
        return
    yield f"unix://{server.socket}" if request.param == "unix" else f"redis://127.0.0.1:{port}"


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answered ping be believed for as long as a test takes."""
    believe_for_ever(monkeypatch)


@pytest.fixture
def tracking_client(url: str) -> Iterator[TrackingClient]:
    """Stamps that are in step, by each kind of connection."""
    client = new_tracking_client(url)
    yield client.start()
    client.close()


@pytest.fixture(params=["unix", "tcp"])
def direct_tracking(
    request: pytest.FixtureRequest, server: Valkey, port: int
) -> Iterator[TrackingClient]:
    """Stamps that are in step, with nobody between client and server."""
    places = {"unix": f"unix://{server.socket}", "tcp": f"redis://127.0.0.1:{port}"}
    client = new_tracking_client(places[request.param])
    yield client.start()
    client.close()


def test_a_write_by_somebody_else_changes_that_users_stamp_alone(
    tracking_client: TrackingClient, server: Valkey
) -> None:
    alice, bob = tracking_client.stamp("alice"), tracking_client.stamp("bob")
    write_user_key(server, "alice")
    assert eventually(lambda: tracking_client.stamp("alice") != alice)
    assert tracking_client.stamp("bob") == bob


def test_whatever_was_acknowledged_is_known_to_whoever_is_in_step(
    direct_tracking: TrackingClient, server: Valkey
) -> None:
    in_step = 0
    for _ in range(WRITES):
        before = direct_tracking.stamp("alice")
        write_user_key(server)
        if direct_tracking.is_in_step():
            in_step += 1
            assert direct_tracking.stamp("alice") != before
    assert in_step


@pytest.mark.usefixtures("believed")
def test_it_is_not_in_step_while_bytes_wait(
    tracking_client: TrackingClient, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_gate, before = pause_stream(monkeypatch, tracking_client), tracking_client.stamp("alice")
    write_user_key(server)
    # A proxy may still have them.
    assert eventually(lambda: not tracking_client.is_in_step())
    assert tracking_client.stamp("alice") == before
    stream_gate.open()
    assert eventually(tracking_client.is_in_step)
    assert tracking_client.stamp("alice") != before


def test_redis_py_is_the_one_that_was_read(server: Valkey) -> None:
    """Its parts without a public way: read them again before this names another version."""
    assert f"(read: {redis.__version__})" in str(_Stream.__doc__)
    pool = connect(f"unix://{server.socket}").connection_pool
    connection = pool.connection_class(**pool.connection_kwargs | {"protocol": 3})
    connection.connect()
    heard: list[object] = []
    connection._parser.set_invalidation_push_handler(heard.append)
    assert os.fstat(connection._sock.fileno())
    for command in ("CLIENT TRACKING ON BCAST", "SET", "PING"):
        connection.send_command(*command.split(), *(["key", "1"] if command == "SET" else []))
    answers = [connection.read_response(push_request=True) for _ in range(4)]
    assert heard, "a message reaches who asked for it"
    assert len(answers) == 4
    connection.disconnect()


def test_the_front_of_these_tests_really_speaks_tls(server: Valkey) -> None:
    with short_folder() as folder, TlsProxy(folder, server.socket) as front:
        plain = redis.Redis(port=front.port, retry=None)
        with pytest.raises(redis.ConnectionError):
            plain.ping()
        assert ssl.get_server_certificate(("127.0.0.1", front.port)).startswith("-----BEGIN")
