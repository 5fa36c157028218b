"""Rate limits: hits and attempts are counted before what they are for is done, so that no race gets
more than the limit.

An attempt is counted first and forgiven when it succeeds; what stays are the failures. After ten in
five minutes the next is refused, the right password included
(https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling).
"""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

from stats.errors import TooManyTries
from stats.lib.timestamps import now_ms
from stats.store.client import Db
from stats.store.keys import throttle_key
from stats.store.scripts import run

MINUTE = 60
MAX_ATTEMPTS = 10
# Attempts are forgotten after this time (s).
ATTEMPT_WINDOW = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, as it was counted under each of `keys`."""

    keys: tuple[str, ...]
    token: str

    def forgive(self, db: Db) -> None:
        """Take the attempt out of the count: it was no failure."""
        for key in self.keys:
            db.zrem(key, self.token)


def count_attempt(db: Db, *names: str) -> Attempt:
    """Count an attempt for each of `names`: a kind and a name, such as `address 192.0.2.1`.

    Raises TooManyTries, which knows the seconds to wait.
    """
    attempt = Attempt(tuple(throttle_key(_digest(name)) for name in names), secrets.token_hex(8))
    for key in attempt.keys:
        wait = _count(db, key, MAX_ATTEMPTS, ATTEMPT_WINDOW, attempt.token)
        if wait:
            attempt.forgive(db)
            raise TooManyTries(wait)
    return attempt


def count_hit(db: Db, name: str, limit: int, seconds: int) -> int:
    """Count a hit for `name`; return 0, or the seconds to wait if it is over `limit`."""
    return _count(db, throttle_key(_digest(name)), limit, seconds, secrets.token_hex(8))


def _count(db: Db, key: str, limit: int, seconds: int, token: str) -> int:
    wait = run(db, "rate_limit/hit", [key], now_ms(), seconds * 1000, limit, token)
    return -(-int(wait) // 1000)


def _digest(name: str) -> str:
    # Hashed, so that nobody's address and no key stands in Redis or in memory.
    return hashlib.blake2s(name.encode("utf-8", "replace"), digest_size=16).hexdigest()


class Quota(NamedTuple):
    """What is left of `limit` hits, below 0 after one too many, and when it begins anew (s)."""

    limit: int
    remaining: int
    reset: int

    @property
    def retry_after(self) -> int:
        """0, or the seconds to wait if the hit was over the limit."""
        return self.reset if self.remaining < 0 else 0


class MinuteCounter:
    """Counts hits in the memory of this process, in the minute that runs.

    Around the turn of the minute twice as many may pass.
    """

    def __init__(self) -> None:
        self._lock, self._minute = threading.Lock(), 0
        self._counts: dict[str, int] = {}

    def count_hit(self, name: str, limit: int) -> Quota:
        """Count a hit for `name`; return what is left of `limit`."""
        minute, elapsed = divmod(time.monotonic(), MINUTE)
        key = _digest(name)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = int(minute), {}
            count = self._counts[key] = self._counts.get(key, 0) + 1
        return Quota(limit, limit - count, int(MINUTE - elapsed) + 1)
