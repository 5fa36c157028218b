"""A thread's own connection: kept, renewed when it went stale, never shared."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis

from stats.store import connect
from stats.wire import Wires
from tests.domain_kit import together


@pytest.fixture
def server(server_url: str) -> redis.Redis:
    """The server by another connection."""
    return redis.Redis.from_url(server_url)


@pytest.fixture
def wires(server_url: str) -> Iterator[Wires]:
    """Connections to a server."""
    held = Wires(connect(server_url).connection_pool)
    yield held
    held.close()


def own_id(wires: Wires) -> int:
    return int(wires.call("CLIENT", "ID"))


def test_a_thread_keeps_its_connection(wires: Wires) -> None:
    assert own_id(wires) == own_id(wires)


def test_threads_share_none(wires: Wires) -> None:
    meet = threading.Barrier(20)

    def ask(_: int) -> int:
        found = own_id(wires)
        meet.wait(20)
        return found

    assert len(set(together(20, ask))) == 20


def test_it_goes_on_after_its_connection_was_closed(
    wires: Wires, server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stats.wire.JUST_NOW", 0)
    before = own_id(wires)
    assert server.client_kill_filter(_id=str(before)) == 1
    assert own_id(wires) != before


def test_a_call_right_after_its_connection_was_closed_fails_alone(
    wires: Wires, server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stats.wire.JUST_NOW", 60)
    before = own_id(wires)
    server.client_kill_filter(_id=str(before))
    with pytest.raises(redis.ConnectionError):
        own_id(wires)
    assert own_id(wires) != before


def test_it_goes_on_after_an_error(wires: Wires) -> None:
    with pytest.raises(redis.ResponseError):
        wires.call("NO", "SUCH")
    assert wires.call("PING") == "PONG"


def test_it_never_reads_an_answer_that_came_too_late(wires: Wires, server: redis.Redis) -> None:
    own_id(wires)
    server.client_pause(1000, all=True)
    with pytest.raises(redis.TimeoutError):
        wires.call("ECHO", "the first")
    answers = []
    while not answers:
        with suppress(redis.TimeoutError):
            answers.append(wires.call("ECHO", "the second"))
    assert answers == ["the second"]


def test_a_child_process_has_its_own(wires: Wires) -> None:
    mine = own_id(wires)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(own_id(wires)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 20)) != mine
    assert own_id(wires) == mine
    os.close(reading)
    os.close(writing)
