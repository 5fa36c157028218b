"""Failed tries are counted before what they try is looked at, so that a race cannot get more.

A try is written down first and crossed out when it succeeds; what stays are the failures. After
ten in five minutes the next is refused, the right password included
(https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#login-throttling).
"""

import hashlib
import secrets
from dataclasses import dataclass

from stats.errors import TooManyTries
from stats.lib.timestamps import now_ms
from stats.store.client import Db
from stats.store.keys import throttle_key
from stats.store.scripts import run

ALLOWED = 10
WINDOW = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was written down for an account and for an address."""

    keys: tuple[str, ...]
    token: str

    def succeeded(self, db: Db) -> None:
        """Cross it out: it was no failure."""
        for key in self.keys:
            db.zrem(key, self.token)


def begin_try(db: Db, *whom: str) -> Try:
    """Write a try down for each of `whom`: kinds and names such as `address 192.0.2.1`.

    Raises TooManyTries, which knows the seconds to wait.
    """
    begun = Try(tuple(throttle_key(_digest(name)) for name in whom), secrets.token_hex(8))
    for key in begun.keys:
        wait = run(db, "rate_limit/hit", [key], now_ms(), WINDOW, ALLOWED, begun.token)
        if wait:
            begun.succeeded(db)
            raise TooManyTries(-(-int(wait) // 1000))
    return begun


def _digest(name: str) -> str:
    # Names are hashed so that no address of anybody's stands in a key.
    return hashlib.blake2s(name.encode("utf-8", "replace"), digest_size=16).hexdigest()
