"""Few at a time: how many threads may wait for Stripe, and how long the others wait for them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stats.errors import BillingUnavailable

MAX_CONCURRENT = 2
MAX_WAIT = 1.0


class Slots:
    """At most MAX_CONCURRENT calls at a time.

    Others wait a second, but not behind a call that hangs.
    """

    def __init__(self) -> None:
        self._free = threading.Semaphore(MAX_CONCURRENT)
        self._begun: set[float] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
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
