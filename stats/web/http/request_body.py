"""Reading request bodies that are slow or cut short.

Granian hands a request to one of its few threads once the headers are in, and reading the body
blocks as long as the client keeps the connection open: there is no timeout for bodies. So one
thread is reserved for requests without a body, and pages and polls are served whatever happens.
Whoever finds all other threads taken waits for one on that last one: for half a second, and not at
all once somebody has waited in vain, until a body has come to its end. Meanwhile every other body
is answered with 503. A proxy that buffers request bodies, as nginx does by default, keeps slow
clients away altogether.

A large body, which few routes accept, is read piece by piece, never whole, and one at a time in a
worker: what is done with it costs as much again.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import IO, Any

from flask import abort, request

from stats.errors import Busy
from stats.lib.messages import N_
from stats.web.worker_processes import THREADS

# The size of a body unless a view sets its own (bytes).
MAX_CONTENT_LENGTH = 256 * 1024
SLOTS = threading.BoundedSemaphore(THREADS - 1)
LARGE_BODY_SLOT = threading.BoundedSemaphore(1)
SLOT_TIMEOUT = 0.5
# Somebody has waited for a slot in vain, and none has been released since.
SLOTS_STUCK = threading.Event()
BLOCK_SIZE = 64 * 1024
BODY_KEY, LARGE_BODY_KEY = "aira.body", "aira.large_body"
CUT_SHORT = "The body is shorter than its Content-Length."
BUSY = N_("Another large file is being read just now. Try again in a minute.")


class Body:
    """A request's body of a known length, read completely when it is first used."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._length = stream, length
        self._data: bytes | None = None
        self._file: BytesIO | None = None

    def data(self) -> bytes:
        """Return the whole body; aborts with 400 if it is cut short, 503 if no thread is free."""
        # No cached_property: until Python 3.12 it holds one lock for all instances.
        if self._data is None:
            self._data = self._read_all()
        return self._data

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, as a file does; aborts as `data` does."""
        if self._file is None:
            self._file = BytesIO(self.data())
        return self._file.read(size)

    def _read_all(self) -> bytes:
        with _slot():
            data = self._stream.read(self._length)
        # Granian reports a broken connection as the end of the body.
        if len(data) < self._length:
            abort(400, CUT_SHORT)
        return data


class LargeBody:
    """A request's body of a known length, which is read piece by piece.

    From the first piece until `close` no other one is read in this process.
    """

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._left = stream, length
        self._alone, self._thread = ExitStack(), ExitStack()
        self._has_begun = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, as a file does; aborts with 400 or 503 if they do not come.

        Raises Busy, and reads it for nothing, while there is another one.
        """
        if not self._has_begun:
            self._begin()
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            abort(400, CUT_SHORT)
        self._left -= wanted
        if not self._left:
            self._thread.close()
        return data

    def close(self) -> None:
        """Let others begin."""
        self._thread.close()
        self._alone.close()

    def _begin(self) -> None:
        self._thread.enter_context(_slot())
        if not LARGE_BODY_SLOT.acquire(timeout=SLOT_TIMEOUT):
            self._discard()
            self._thread.close()
            raise Busy(BUSY)
        self._alone.callback(LARGE_BODY_SLOT.release)
        self._has_begun = True

    def _discard(self) -> None:
        # A browser that could not send all of it would show no answer.
        while self._stream.read(BLOCK_SIZE):
            pass


def wrap_input(environ: dict[str, Any], length: int, *, is_large: bool) -> None:
    """Have the body of a request read completely or not at all; a large one piece by piece."""
    if BODY_KEY in environ or LARGE_BODY_KEY in environ:
        return
    key, kind = (LARGE_BODY_KEY, LargeBody) if is_large else (BODY_KEY, Body)
    environ["wsgi.input"] = environ[key] = kind(environ["wsgi.input"], length)


def close_large(_error: BaseException | None = None) -> None:
    """Release what the request's large body holds, if it has one."""
    body: LargeBody | None = request.environ.get(LARGE_BODY_KEY)
    if body is not None:
        body.close()


def body_data(environ: dict[str, Any]) -> bytes:
    """Return a request's whole body; aborts as `Body.data` does."""
    body: Body | None = environ.get(BODY_KEY)
    return b"" if body is None else body.data()


@contextmanager
def _slot() -> Iterator[None]:
    if not SLOTS.acquire(timeout=0 if SLOTS_STUCK.is_set() else SLOT_TIMEOUT):
        SLOTS_STUCK.set()
        abort(503)
    try:
        yield
    finally:
        SLOTS.release()
        SLOTS_STUCK.clear()
