"""Bodies that are slow or cut short.

The server hands a request to one of its few threads as soon as the headers are in, and reading the
rest waits as long as the client holds the connection: granian has no time limit for bodies. So one
thread is kept for requests without a body, and pages and polls go on whatever the others wait for.
A proxy that takes bodies in whole, as nginx does by default, keeps such clients away altogether.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from flask import abort

from stats.web.worker_processes import THREADS

SLOTS = threading.BoundedSemaphore(THREADS - 1)
A_MOMENT = 0.5
BODY = "aira.body"


class Body:
    """A request's body of a known length, which is read at once when first asked for."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._length = stream, length
        self._data: bytes | None = None
        self._file: BytesIO | None = None

    def whole(self) -> bytes:
        """Return all of it; aborts with 400 or 503 if it does not come."""
        # No cached_property: until Python 3.12 those of one kind wait for each other.
        if self._data is None:
            self._data = self._all()
        return self._data

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, as a file does; aborts as `whole`."""
        if self._file is None:
            self._file = BytesIO(self.whole())
        return self._file.read(size)

    def _all(self) -> bytes:
        with _slot():
            data = self._stream.read(self._length)
        # The server takes a connection that breaks for the body's end.
        if len(data) < self._length:
            abort(400, "The body is shorter than its Content-Length.")
        return data


def expect(environ: dict[str, Any], length: int) -> None:
    """Let the body of a request be read whole or not at all."""
    if BODY not in environ:
        environ["wsgi.input"] = environ[BODY] = Body(environ["wsgi.input"], length)


def whole(environ: dict[str, Any]) -> bytes:
    """Return a request's whole body; aborts with 400 or 503 if it does not come."""
    body: Body | None = environ.get(BODY)
    return b"" if body is None else body.whole()


@contextmanager
def _slot() -> Iterator[None]:
    if not SLOTS.acquire(timeout=A_MOMENT):
        abort(503)
    try:
        yield
    finally:
        SLOTS.release()
