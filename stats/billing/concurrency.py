"""Few at a time: how many threads may wait for Stripe, and how long the others wait for them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stats.errors import BillingUnavailable

AT_ONCE = 2
IMPATIENT = 1.0


class Slots:
    """At most AT_ONCE calls at a time. Others wait a second, but not behind a call that hangs."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(AT_ONCE)
        self._begun: set[float] = set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a slot; raises BillingUnavailable when none can be had."""
        oldest = min(self._begun.copy(), default=None)
        hangs = oldest is not None and time.monotonic() - oldest > IMPATIENT
        if not self._free.acquire(timeout=0 if hangs else IMPATIENT):
            raise BillingUnavailable("Stripe is busy. Try again in a moment.")
        begun = time.monotonic()
        self._begun.add(begun)
        try:
            yield
        finally:
            self._begun.discard(begun)
            self._free.release()
