"""A circuit breaker: while a server hangs or refuses, one caller at a time tries it."""

import logging
import threading
import time
from types import TracebackType

import redis
from redis.exceptions import RedisClusterException

from stats.errors import StoreUnavailable
from stats.store.cut_connections import is_cut

log = logging.getLogger(__name__)

RETRY_INTERVAL = 1.0
# What redis-py raises for a server that cannot be reached, and all that it raises: its own
# RedisClusterException is no RedisError.
UNREACHABLE_ERRORS = (redis.ConnectionError, redis.TimeoutError, RedisClusterException)
REDIS_ERRORS = (redis.RedisError, RedisClusterException)


class CircuitBreaker:
    """A context around each call to a server.

    After a call has failed to reach it, calls are refused with StoreUnavailable for RETRY_INTERVAL
    seconds; then one call may try again, and the others are refused until it has come back. A
    connection that was cut says nothing about the server, so it changes nothing. The first failure
    and the end of the outage are logged, by the kind of error alone: messages may quote an address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = True
        self._try_at = 0.0

    @property
    def closed(self) -> bool:
        """Whether calls are let through: false from a failed call until another has succeeded."""
        return self._closed

    def __enter__(self) -> None:
        if self._closed:
            return
        with self._lock:
            now = time.monotonic()
            if not self._closed and now < self._try_at:
                raise StoreUnavailable("The store does not answer just now.")
            self._try_at = now + RETRY_INTERVAL

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if is_cut(error):
            return
        if isinstance(error, UNREACHABLE_ERRORS):
            self._try_at = time.monotonic() + RETRY_INTERVAL
            self._set_closed(False, f"Redis cannot be used: {type(error).__name__}")
        elif not self._closed:
            self._set_closed(True, "Redis can be used again")

    def _set_closed(self, closed: bool, line: str) -> None:
        with self._lock:
            if self._closed is closed:
                return
            self._closed = closed
        log.warning(line)
