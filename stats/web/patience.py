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
from typing import IO

from flask import Request, abort

# One fewer than the server has threads.
SLOTS = threading.BoundedSemaphore(3)
A_MOMENT = 0.5


class Body:
    """A request's body of a known length, which is read at once when first asked for."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._length = stream, length
        self._held: BytesIO | None = None

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; aborts with 400 or 503 if they do not come."""
        if self._held is None:
            self._held = BytesIO(self._all())
        return self._held.read(size)

    def _all(self) -> bytes:
        with _slot():
            data = self._stream.read(self._length)
        # The server takes a connection that breaks for the body's end.
        if len(data) < self._length:
            abort(400, "The body is shorter than its Content-Length.")
        return data


def expect(request: Request, length: int) -> None:
    """Let the body of a request be read whole or not at all."""
    request.environ["wsgi.input"] = Body(request.environ["wsgi.input"], length)


@contextmanager
def _slot() -> Iterator[None]:
    if not SLOTS.acquire(timeout=A_MOMENT):
        abort(503)
    try:
        yield
    finally:
        SLOTS.release()
