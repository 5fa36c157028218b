"""Lines to standard error: of requests a few at once, of everything else as it happens."""

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize

# A pipe takes that many bytes whole (POSIX, PIPE_BUF), so that workers' lines do not mix.
WHOLE = 4096
# Seconds that a line of a request may wait, and how many may wait at most.
SOON, MOST = 0.05, 1000


class Lines(logging.Handler):
    """Writes lines; those of the loggers that are named `in_no_hurry` wait a moment for others.

    Every write lets the other threads of a busy server in, and to wait for one's turn again costs
    a short request a fifth of its time. A process that is killed at once loses what still waits.
    """

    def __init__(self, *in_no_hurry: str) -> None:
        super().__init__()
        self._in_no_hurry = in_no_hurry
        self._waiting: deque[str] = deque()
        self._some_wait = threading.Event()
        self._process = 0

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the line of a record; a request that was answered does not fail because of it."""
        try:
            if self._process != os.getpid():
                self._begin()
            self._waiting.append(self.format(record) + "\n")
            if record.name not in self._in_no_hurry or len(self._waiting) >= MOST:
                self.flush()
            elif not self._some_wait.is_set():
                self._some_wait.set()
        except Exception:
            self.handleError(record)
        return True

    def _begin(self) -> None:
        with self._alone():
            if self._process != os.getpid():
                # What waited when this process was forked is the other one's.
                self._waiting, self._some_wait = deque(), threading.Event()
                self._process = os.getpid()
                # A worker ends without a look at what `atexit` was told.
                Finalize(None, self.flush, exitpriority=0)
                threading.Thread(target=self._write_soon, daemon=True).start()

    def _write_soon(self) -> None:
        while self._some_wait.wait():
            time.sleep(SOON)
            self._some_wait.clear()
            with suppress(OSError, ValueError):
                self.flush()

    def flush(self) -> None:
        """Write what waits; raises OSError or ValueError where that cannot be done."""
        with self._alone():
            while self._waiting:
                text = self._some()
                # Python has none where the process was started without one.
                if sys.stderr is not None:
                    sys.stderr.write(text)

    def _some(self) -> str:
        """Return as many lines as are written whole, the first one in any case."""
        lines = [self._waiting.popleft()]
        room = WHOLE - _size(lines[0])
        while self._waiting and (room := room - _size(self._waiting[0])) >= 0:
            lines.append(self._waiting.popleft())
        return "".join(lines)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # The handler's own lock, which logging makes anew in a process that is forked.
        self.acquire()
        try:
            yield
        finally:
            self.release()


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace"))
