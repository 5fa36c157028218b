"""The Redis clients: one server or a cluster, behind circuit breakers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
from redis import DriverInfo
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from stats.store.circuit_breaker import CircuitBreaker
from stats.store.cluster import GuardedCluster
from stats.store.cut_connections import call_despite_cut, is_read

Db = redis.Redis | RedisCluster
# Made once: redis-py looks its own version up for each connection that is not given one.
DRIVER = DriverInfo()


def connect(url: str) -> Db:
    """Return a client for a `redis://`, `rediss://`, `unix://` or `…+cluster://` address.

    Nothing is sent before the first command. A call gives up after 0.8 s. One that timed out or
    whose connection was cut may have been carried out: a write is never sent twice, and a read is
    once if it was cut. While a server hangs or refuses, a circuit breaker lets one call a second
    try it and fails the others at once. Over a Unix socket a write is answered once it is in the
    append-only file.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return LocalRedis.from_url(url, **_options())
    if not parts.scheme.endswith("+cluster"):
        return GuardedRedis.from_url(url, **_options())
    plain = urlunsplit(parts._replace(scheme=parts.scheme.removesuffix("+cluster")))
    return GuardedCluster(url=plain, **_options())


def _options() -> dict[str, Any]:
    return {
        "socket_connect_timeout": 0.5,
        "socket_timeout": 0.8,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "decode_responses": True,
        "driver_info": DRIVER,
    }


class GuardedRedis(redis.Redis):
    """A Redis client behind a circuit breaker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.breaker = CircuitBreaker()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command and return its reply; a read that is cut is sent once more."""
        execute: Callable[..., Any] = super().execute_command
        with self.breaker:
            return call_despite_cut(
                lambda: execute(*args, **options), self.connection_pool, read=is_read(*args)
            )


class LocalRedis(GuardedRedis):
    """A client of a server on this machine that waits for the append-only file.

    With `appendfsync no` a server answers the write that finds its disk full as any other, and a
    kill then loses it. By the next reply it has tried, and says MISCONF to PING if it failed
    (flushAppendOnlyFile and processCommand in https://github.com/valkey-io/valkey/tree/9.1/src).
    """

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command; raise ResponseError (MISCONF) for a write that is not in the file yet."""
        reply = super().execute_command(*args, **options)
        if not is_read(*args):
            super().execute_command("PING")
        return reply
