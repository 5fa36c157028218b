"""The circuit breaker, by a clock that stands still: who is let through, and what it logs."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
from redis.exceptions import RedisClusterException

from stats.errors import StoreUnavailable
from stats.store.circuit_breaker import RETRY_INTERVAL, CircuitBreaker
from tests.support.store_checks import run_concurrently


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that stands still unless it is moved."""
    now = [1000.0]
    monkeypatch.setattr("stats.store.circuit_breaker.time.monotonic", lambda: now[0])
    return now


def call(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    with breaker:
        if error:
            raise error


def trip(breaker: CircuitBreaker) -> None:
    with pytest.raises(redis.TimeoutError):
        call(breaker, redis.TimeoutError())


def test_it_refuses_for_a_while_after_a_failure(clock):
    breaker = CircuitBreaker()
    trip(breaker)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            call(breaker)
    clock[0] += RETRY_INTERVAL
    call(breaker)
    call(breaker)


def test_it_lets_one_try_and_refuses_the_others_meanwhile(clock):
    breaker = CircuitBreaker()
    trip(breaker)
    clock[0] += RETRY_INTERVAL
    with breaker, pytest.raises(StoreUnavailable):
        call(breaker)
    call(breaker)


def test_it_lets_one_of_a_crowd_try(clock):
    breaker = CircuitBreaker()
    trip(breaker)
    clock[0] += RETRY_INTERVAL

    def ask(_: int) -> bool:
        try:
            trip(breaker)
        except StoreUnavailable:
            return False
        return True

    assert sum(run_concurrently(100, ask)) == 1


def test_it_stays_open_when_the_try_fails(clock):
    breaker = CircuitBreaker()
    trip(breaker)
    clock[0] += RETRY_INTERVAL
    trip(breaker)
    with pytest.raises(StoreUnavailable):
        call(breaker)


def test_it_minds_only_a_server_that_is_away(clock):
    breaker = CircuitBreaker()
    for error in (redis.ResponseError("WRONGTYPE"), ValueError("ours")):
        with pytest.raises(type(error)):
            call(breaker, error)
        call(breaker)
    assert breaker.closed


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379. Connection refused."),
        redis.BusyLoadingError("Redis is loading the dataset in memory"),
        redis.TimeoutError(),
        RedisClusterException("no node answers"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_minds_any_way_of_being_away(clock, error):
    breaker = CircuitBreaker()
    with pytest.raises(type(error)):
        call(breaker, error)
    assert not breaker.closed
    with pytest.raises(StoreUnavailable):
        call(breaker)
    clock[0] += RETRY_INTERVAL
    call(breaker)
    assert breaker.closed


@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
def test_a_connection_that_is_cut_changes_nothing(clock, is_open):
    breaker = CircuitBreaker()
    if is_open:
        trip(breaker)
        clock[0] += RETRY_INTERVAL
    with pytest.raises(redis.ConnectionError):
        call(breaker, redis.ConnectionError("Connection closed by server."))
    assert breaker.closed is not is_open


def test_it_logs_an_outage_once_and_its_end_once(clock, caplog):
    breaker = CircuitBreaker()
    wrong = redis.AuthenticationError("WRONGPASS for redis://aira:hush@127.0.0.1")
    for _ in range(3):
        with pytest.raises(redis.AuthenticationError):
            call(breaker, wrong)
        clock[0] += RETRY_INTERVAL
    call(breaker)
    call(breaker)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "Redis cannot be used: AuthenticationError"),
        ("WARNING", "Redis can be used again"),
    ]


def test_callers_that_fail_at_once_log_one_line(clock, caplog):
    breaker = CircuitBreaker()
    barrier = threading.Barrier(20)

    def fail(_: int) -> None:
        with suppress(redis.TimeoutError), breaker:
            barrier.wait()
            raise redis.TimeoutError

    run_concurrently(20, fail)
    assert len(caplog.records) == 1
