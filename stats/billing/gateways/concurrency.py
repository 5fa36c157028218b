"""A limit on concurrent calls to Stripe, and on how long a thread waits for its turn."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stats.errors import BillingUnavailable

MAX_CONCURRENT = 2
MAX_WAIT = 1.0


class ConcurrencyLimit:
    """At most MAX_CONCURRENT calls at a time.

    Others wait MAX_WAIT seconds, but not behind a call that has taken longer than that.
    """

    def __init__(self) -> None:
        self._free = threading.Semaphore(MAX_CONCURRENT)
        self._begun: set[float] = set()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot; raises BillingUnavailable when none can be had."""
        oldest = min(self._begun.copy(), default=None)
        hangs = oldest is not None and time.monotonic() - oldest > MAX_WAIT
        if not self._free.acquire(timeout=0 if hangs else MAX_WAIT):
            raise BillingUnavailable("Stripe is busy. Try again in a moment.")
        begun = time.monotonic()
        self._begun.add(begun)
        try:
            yield
        finally:
            self._begun.discard(begun)
            self._free.release()
