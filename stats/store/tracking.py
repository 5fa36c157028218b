"""Which users' data has been written, as Redis reports it: server-assisted client-side caching.

https://valkey.io/topics/client-side-caching/#broadcasting-mode

A thread holds one RESP3 connection on which Redis names every key of a user that is written. Redis
puts that message on its way before the writer's own reply, unless it has a ping to answer on this
connection at the same moment: then after it, together with that answer. So while nothing waits to
be read on that connection and no ping is unanswered, whatever was acknowledged by the same server
has been noted here.

Stamps: each user falls into one of SHARDS, and each shard has a stamp. A write changes the stamp to
a number that it never had before. Whoever takes a stamp before asking Redis and finds it again
later knows that nothing was written in between. On any doubt all stamps change.

A Redis Cluster is not tracked: a stream for each primary would have to follow every slot that moves
and every primary that falls, and no message would say that one was missed. Its polls ask.
"""

import ctypes
import itertools
import logging
import select
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import redis

from stats.store.client import Db
from stats.store.keys import USER_PREFIX, user_of
from stats.store.scripts import listen_to_writes

SHARDS = 2**18
# Seconds between pings, and how long a stream is believed once a ping that was answered was sent.
PING_EVERY, BELIEVED_FOR = 0.3, 1.0
# Seconds until a lost stream is tried again, and one that the server refuses.
RETRY_AFTER, REFUSED_FOR = 0.3, 60.0
log = logging.getLogger(__name__)


class Tracking:
    """The stamps of all users of one store. `start` begins the stream, which `close` ends.

    `tell` is called with what happens: `up`, `lost` or `refused` (the stream), `forgotten`.
    """

    def __init__(self, db: Db, tell: Callable[[str], None] = lambda event: None) -> None:
        self._db, self._tell = db, tell
        self._numbers = itertools.count(1)
        self._stamps = array("Q")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._is_reading = False
        self._is_quiet: Callable[[], bool] = lambda: False
        self._believed_until = 0.0
        self._state = "new"
        self.forget_everything()
        listen_to_writes(db, self.forget)

    def start(self) -> None:
        """Begin to listen, in this process, unless that was done or the store is a cluster."""
        if self._thread is not None or not isinstance(self._db, redis.Redis):
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, args=(self._db,), name="tracking", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """End the stream; nothing is believed from now on."""
        listen_to_writes(self._db, None)
        self._closed.set()
        self.forget_everything()

    def shard(self, user_id: str) -> int:
        """Return the number of the shard that a user falls into."""
        return hash(user_id) % SHARDS

    def stamp(self, shard: int) -> int:
        """Return the present stamp of a shard; take it before Redis is asked."""
        return self._stamps[shard]

    def is_in_step(self) -> bool:
        """Return whether the stamps tell of all that was acknowledged before this call.

        The order matters: the stream's thread marks that it reads before it takes bytes from the
        connection, so a message is always either waiting, or marked, or noted in the stamps.
        """
        if self._is_reading or not self._is_quiet() or self._is_reading:
            return False
        return time.monotonic() < self._believed_until

    def forget(self, user_id: str) -> None:
        """Give a user's shard another stamp."""
        self._stamps[self.shard(user_id)] = next(self._numbers)

    def forget_everything(self) -> None:
        """Give every shard another stamp, and believe the stream no more until it answers again."""
        self._believed_until = 0.0
        self._stamps = array("Q", [next(self._numbers)]) * SHARDS
        self._tell("forgotten")

    def _run(self, db: redis.Redis) -> None:
        while not self._closed.is_set():
            try:
                self._listen(_Stream(db))
            except _Refused as error:
                self._lose("refused", error, REFUSED_FOR)
            except (redis.RedisError, OSError, ValueError) as error:
                self._lose("lost", error, RETRY_AFTER)

    def _listen(self, stream: "_Stream") -> None:
        # What was asked before Redis began to name what is written may be old by now.
        self._is_quiet = stream.is_quiet
        self.forget_everything()
        try:
            while not self._closed.is_set():
                if stream.has_news():
                    self._read(stream)
        finally:
            self.forget_everything()
            self._is_reading = False
            stream.close()

    def _read(self, stream: "_Stream") -> None:
        self._is_reading = True
        for keys in stream.read():
            self._note(keys)
        self._believed_until = stream.alive_at + BELIEVED_FOR
        self._is_reading = False
        if self._believed_until > time.monotonic():
            self._enter("up", "Redis names what is written: polls are answered from memory")

    def _note(self, keys: Sequence[bytes] | None) -> None:
        if keys is None:  # FLUSHALL
            self.forget_everything()
        for key in keys or ():
            self.forget(user_of(key.decode("ascii", "replace")))

    def _lose(self, state: str, error: Exception, wait: float) -> None:
        if self._closed.is_set():
            return
        self._enter(state, f"Redis does not name what is written, so every poll asks it: {error}")
        self._closed.wait(wait)

    def _enter(self, state: str, line: str) -> None:
        """Write a line when the stream goes, and when it is back."""
        if state == self._state:
            return
        if (self._state, state) != ("new", "up"):
            log.warning("%s", line)
        self._state = state
        self._tell(state)


class _Refused(redis.ResponseError):
    """The server does not name what is written."""


class _PollFd(ctypes.Structure):
    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


# Called without letting go of the interpreter, which select.poll does: that cost polls a quarter.
_poll = ctypes.PyDLL(None).poll
_WAITING = select.POLLIN | getattr(select, "POLLRDHUP", 0)


class _Stream:
    """A connection on which Redis names the keys of users that are written.

    All methods raise RedisError or OSError once it is lost. redis-py (read: 8.1.0) has no public
    way to take invalidation messages, nor to its socket: `_parser` and `_sock` are used here alone,
    and tests/store/test_tracking.py fails when they are other than this needs.
    """

    def __init__(self, db: redis.Redis) -> None:
        pool = db.connection_pool
        options = {**pool.connection_kwargs, "protocol": 3, "decode_responses": False}
        self._connection: Any = pool.connection_class(**options)
        self._connection.connect()
        self._connection._parser.set_invalidation_push_handler(lambda message: message)
        self._begin()
        descriptor = _PollFd(self._connection._sock.fileno(), _WAITING, 0)
        self._descriptor = ctypes.byref(descriptor)
        # When (monotonic, s) the last ping was sent, and the last one that was answered.
        self._pinged_at = self.alive_at = float("-inf")
        self._is_answered = True

    def _begin(self) -> None:
        try:
            self._send("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", USER_PREFIX)
            self._connection.read_response()
        except redis.ResponseError as error:
            self.close()
            raise _Refused(str(error)) from None
        except redis.RedisError:
            self.close()
            raise

    def is_quiet(self) -> bool:
        """Return whether nothing is waited for, nor waits to be read, not even the end."""
        return self._is_answered and bool(_poll(self._descriptor, 1, 0) == 0)

    def has_news(self) -> bool:
        """Return whether something waits to be read, after a wait if need be; ping when it is time.

        Raises redis.TimeoutError if a ping was not answered.
        """
        now = time.monotonic()
        if self._is_answered and now >= self._pinged_at + PING_EVERY:
            self._pinged_at, self._is_answered = now, False
            self._send("PING")
        due = self._pinged_at + (PING_EVERY if self._is_answered else BELIEVED_FOR)
        if self._connection.can_read(timeout=max(due - now, 0)):
            return True
        if now > due:
            raise redis.TimeoutError("a ping was not answered")
        return False

    def read(self) -> Iterator[Sequence[bytes] | None]:
        """Read all that waits; yield the keys of each message, None where all are meant."""
        while self._connection.can_read():
            reply = self._connection.read_response(push_request=True)
            if isinstance(reply, list):
                yield reply[1]
            else:
                self.alive_at, self._is_answered = self._pinged_at, True

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()

    def _send(self, *command: str) -> None:
        self._connection.send_command(*command, check_health=False)
