"""Service keys that are made, listed and revoked while the program runs.

A key is `aira_`, a prefix by which people name it, and a secret of 256 bits. Redis has its SHA-256
and never the key; a fast hash does, for a secret of that length cannot be guessed.

Each process knows all keys for 30 s: there are a hundred at most. So a guess costs no memory, and
all guesses together one look into Redis a second.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from stats.accounts.profile import check_name
from stats.errors import InvalidInput, NotFound
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.scripts import run

# prefix -> "digest:made:used:name" (s since 1970; used is 0 for never), one key for them all.
SERVICE_KEYS = "service-keys"
MAX_KEYS = 100
CACHE_SECONDS = 30.0
MIN_REFRESH_SECONDS = 1.0
USE_WRITE_SECONDS = 60

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
PREFIX_LENGTH, SECRET_BYTES = 8, 32
_PREFIX = re.compile(r"[a-z2-7]{8}")
_KEY = re.compile(r"aira_([a-z2-7]{8})[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """What is known of a key; `made` and `used` are in s since 1970, `used` None for never."""

    prefix: str
    name: str
    made: int
    used: int | None
    digest: str

    @classmethod
    def read(cls, prefix: Any, kept: Any) -> "ServiceKey":
        """Read what Redis keeps of a key."""
        digest, made, used, name = as_text(kept).split(":", 3)
        return cls(as_text(prefix), name, int(made), int(used) or None, digest)


def create_key(db: Db, name: str) -> str:
    """Make a key for the program called `name` (1 to 80 characters in one line) and return it.

    It is not to be had again. Raises InvalidInput for the name, and beyond a hundred keys.
    """
    name = check_name(name)
    if not name.isprintable():
        raise InvalidInput("A name needs to be one line that can be printed.", "name")
    while True:
        prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
        key = f"aira_{prefix}{secrets.token_urlsafe(SECRET_BYTES)}"
        created = run(
            db,
            "service_keys/create",
            [SERVICE_KEYS],
            prefix,
            f"{_digest(key)}:{_now()}:0:{name}",
            MAX_KEYS,
        )
        if created is None:
            raise InvalidInput(f"There are {MAX_KEYS} keys already. Revoke those that nobody uses.")
        if created:
            return key


def prefix_of(key: str) -> str:
    """Return the part of a well-formed key by which people name it."""
    return key.removeprefix("aira_")[:PREFIX_LENGTH]


def list_keys(db: Db) -> list[ServiceKey]:
    """Return all keys, oldest first."""
    stored: Any = db.hgetall(SERVICE_KEYS)
    found = (ServiceKey.read(prefix, kept) for prefix, kept in stored.items())
    return sorted(found, key=lambda key: (key.made, key.prefix))


def revoke_key(db: Db, prefix: str) -> None:
    """Take a key away: no process takes it any more in 30 s. Raises NotFound."""
    if not _PREFIX.fullmatch(prefix) or not db.hdel(SERVICE_KEYS, prefix):
        raise NotFound("There is no service key with this prefix.")


def check(db: Db, key: str) -> str | None:
    """Return the name of the program that a key was made for, None for a key that is not valid.

    Known for 30 s without a look into Redis; its last use is written once a minute. Raises what
    the client does while Redis is away and nothing is known.
    """
    shape = _KEY.fullmatch(key)
    return _ring(db).name_of(db, shape[1], _digest(key)) if shape else None


class Keyring:
    """The keys as one process knows them."""

    def __init__(self) -> None:
        self._look = Look({}, {}, float("-inf"))
        self._lock = threading.Lock()

    def name_of(self, db: Db, prefix: str, digest: str) -> str | None:
        """Return the name of the key with this prefix and digest, None if there is none."""
        look = self._look
        if not look.is_good_for(prefix, digest):
            with self._lock:
                # Whoever waited for the lock may find the work done.
                if not self._look.is_good_for(prefix, digest):
                    self._look = self._look.again(db, prefix, digest)
                look = self._look
        found = look.find(prefix, digest)
        return found.name if found else None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look into Redis has shown: the keys by prefix, when the last use of each was
    written by this process, and when it was (both monotonic, s)."""

    keys: Mapping[str, ServiceKey]
    written: Mapping[str, float]
    at: float

    def find(self, prefix: str, digest: str) -> ServiceKey | None:
        """Return the key with this prefix and digest."""
        found = self.keys.get(prefix)
        return found if found and hmac.compare_digest(found.digest, digest) else None

    def is_good_for(self, prefix: str, digest: str) -> bool:
        """Return whether it answers for this key; one that it lacks may just have been made."""
        now = time.monotonic()
        if self.find(prefix, digest) is None:
            return now - self.at < MIN_REFRESH_SECONDS
        written = now - self.written.get(prefix, float("-inf")) < USE_WRITE_SECONDS
        return written and now - self.at < CACHE_SECONDS

    def again(self, db: Db, prefix: str, digest: str) -> "Look":
        """Return a new look, which writes down that this key, if it is one, is used."""
        begun = time.monotonic()
        flat = run(
            db, "service_keys/read", [SERVICE_KEYS], prefix, digest, _now(), USE_WRITE_SECONDS
        )
        found = (ServiceKey.read(*pair) for pair in zip(flat[::2], flat[1::2], strict=True))
        keys = {key.prefix: key for key in found}
        written = {name: at for name, at in self.written.items() if name in keys}
        new = Look(keys, written, begun)
        return (
            new
            if new.find(prefix, digest) is None
            else replace(new, written={**written, prefix: begun})
        )


# A ring must not hold its client, or neither would ever go.
_rings: WeakKeyDictionary[Db, Keyring] = WeakKeyDictionary()
_rings_lock = threading.Lock()


def _ring(db: Db) -> Keyring:
    with _rings_lock:
        return _rings.setdefault(db, Keyring())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _now() -> int:
    return int(time.time())
