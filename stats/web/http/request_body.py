"""Reading request bodies that are slow or cut short.

Granian hands a request to one of its few threads once the headers are in, and reading the body
blocks as long as the client keeps the connection open: there is no timeout for bodies. So one
thread is reserved for requests without a body, and pages and polls are served whatever happens. A
proxy that buffers request bodies, as nginx does by default, keeps slow clients away altogether.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from flask import abort

from stats.web.worker_processes import THREADS

# The size of a body unless a view sets its own (bytes).
MAX_CONTENT_LENGTH = 256 * 1024
SLOTS = threading.BoundedSemaphore(THREADS - 1)
SLOT_TIMEOUT = 0.5
BODY_KEY = "aira.body"


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
            abort(400, "The body is shorter than its Content-Length.")
        return data


def wrap_input(environ: dict[str, Any], length: int) -> None:
    """Have the body of a request read completely or not at all."""
    if BODY_KEY not in environ:
        environ["wsgi.input"] = environ[BODY_KEY] = Body(environ["wsgi.input"], length)


def body_data(environ: dict[str, Any]) -> bytes:
    """Return a request's whole body; aborts as `Body.data` does."""
    body: Body | None = environ.get(BODY_KEY)
    return b"" if body is None else body.data()


@contextmanager
def _slot() -> Iterator[None]:
    if not SLOTS.acquire(timeout=SLOT_TIMEOUT):
        abort(503)
    try:
        yield
    finally:
        SLOTS.release()
