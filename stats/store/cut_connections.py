"""A connection that is cut while the server is well: it costs at most the call on it.

A call that was cut may have been carried out. A read is made once more, on a fresh connection; a
write is not, and its caller learns that nobody knows.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis import ConnectionPool
from redis.commands.cluster import READ_COMMANDS

from stats.store.script_sources import read_script_texts

SCRIPT_COMMANDS = ("EVALSHA", "EVAL")
# What redis-py lists as reads are commands with keys.
READS_WITHOUT_KEYS = frozenset({"PING", "TIME", "INFO"})
# In the message of redis-py (read: 8.1.0, `format_error_message`) when a socket cannot be opened.
NOT_OPENED = " connecting to "

T = TypeVar("T")


def is_cut(error: BaseException | None) -> bool:
    """Return whether a connection that stood has ended; one that was refused is none."""
    # The subclasses are replies, such as LOADING.
    return type(error) is redis.ConnectionError and NOT_OPENED not in str(error)


def is_read(command: str, *args: Any) -> bool:
    """Return whether a command only reads, so that it may be sent twice."""
    if command in SCRIPT_COMMANDS:
        return args[0] in read_script_texts()
    return command in READ_COMMANDS or command in READS_WITHOUT_KEYS


def call_despite_cut(call: Callable[[], T], pool: ConnectionPool, *, read: bool) -> T:
    """Return what `call` returns; a `read` that is cut is made once more, on a fresh connection.

    A write that is cut raises its error, or, if the server cannot be reached anew, what says so.
    `pool` has the server's connections.
    """
    try:
        return call()
    except redis.ConnectionError as error:
        if not is_cut(error):
            raise
        # Whatever cut one connection may have cut those that are idle.
        pool.disconnect(inuse_connections=False)
        if read:
            return call()
        redis.Redis(connection_pool=pool).ping()
        raise
