"""Service keys that are made, listed and revoked while the program runs.

A key is `aira_`, a prefix by which people name it, and a secret of 256 bits. Redis has its SHA-256
and never the key; a fast hash does, for a secret of that length cannot be guessed.

Each process caches all keys for 30 s: there are a hundred at most. So a guess costs no memory, and
all guesses together cause one read of Redis a second.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from stats.accounts.profile import check_name
from stats.errors import InvalidInput, NotFound, WritesRefused
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
    """A stored key; `created_at` and `used_at` are in s since 1970, `used_at` is None for never."""

    prefix: str
    name: str
    created_at: int
    used_at: int | None
    digest: str

    @classmethod
    def read(cls, prefix: Any, stored: Any) -> "ServiceKey":
        """Read what Redis keeps of a key."""
        digest, created_at, used_at, name = as_text(stored).split(":", 3)
        return cls(as_text(prefix), name, int(created_at), int(used_at) or None, digest)


def create_key(db: Db, name: str) -> str:
    """Make a key for the program called `name` (1 to 80 characters in one line) and return it.

    It cannot be shown again. Raises InvalidInput for the name, and beyond a hundred keys.
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
    keys = (ServiceKey.read(prefix, stored) for prefix, stored in stored.items())
    return sorted(keys, key=lambda key: (key.created_at, key.prefix))


def revoke_key(db: Db, prefix: str) -> None:
    """Revoke a key, which every process refuses within 30 s. Raises NotFound."""
    if not _PREFIX.fullmatch(prefix) or not db.hdel(SERVICE_KEYS, prefix):
        raise NotFound("There is no service key with this prefix.")


def check(db: Db, key: str) -> str | None:
    """Return the name of the program that a key was made for, None for a key that is not valid.

    Cached for 30 s; its last use is written once a minute. Raises what the client does while Redis
    is away and nothing is cached.
    """
    shape = _KEY.fullmatch(key)
    return _ring(db).name_of(db, shape[1], _digest(key)) if shape else None


class Keyring:
    """The cached keys of one process."""

    def __init__(self) -> None:
        self._snapshot = KeySnapshot({}, {}, float("-inf"))
        self._lock = threading.Lock()

    def name_of(self, db: Db, prefix: str, digest: str) -> str | None:
        """Return the name of the key with this prefix and digest, None if there is none."""
        snapshot = self._snapshot
        if not snapshot.is_current_for(prefix, digest):
            with self._lock:
                # Whoever waited for the lock may find the work done.
                if not self._snapshot.is_current_for(prefix, digest):
                    self._snapshot = self._snapshot.refreshed(db, prefix, digest)
                snapshot = self._snapshot
        service_key = snapshot.find(prefix, digest)
        return service_key.name if service_key else None


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """The keys by prefix as read at one moment `at`, and when this process wrote the last use of
    each (both monotonic, s)."""

    keys: Mapping[str, ServiceKey]
    written: Mapping[str, float]
    at: float

    def find(self, prefix: str, digest: str) -> ServiceKey | None:
        """Return the key with this prefix and digest."""
        key = self.keys.get(prefix)
        return key if key and hmac.compare_digest(key.digest, digest) else None

    def is_current_for(self, prefix: str, digest: str) -> bool:
        """Return whether it is recent enough for this key; one that it lacks may just be new."""
        now = time.monotonic()
        if self.find(prefix, digest) is None:
            return now - self.at < MIN_REFRESH_SECONDS
        return self._is_written(prefix) and now - self.at < CACHE_SECONDS

    def refreshed(self, db: Db, prefix: str, digest: str) -> "KeySnapshot":
        """Return a new snapshot, having written the use of this key, if it is one and due.

        While Redis takes no writes, its use is not written.
        """
        begun = time.monotonic()
        flat = run(db, "service_keys/read", [SERVICE_KEYS])
        service_keys = (ServiceKey.read(*pair) for pair in zip(flat[::2], flat[1::2], strict=True))
        keys = {key.prefix: key for key in service_keys}
        written = {name: at for name, at in self.written.items() if name in keys}
        new = KeySnapshot(keys, written, begun)
        if new.find(prefix, digest) is None or new._is_written(prefix):
            return new
        arguments = (prefix, digest, _now(), USE_WRITE_SECONDS)
        with suppress(WritesRefused):
            run(db, "service_keys/note_use", [SERVICE_KEYS], *arguments)
        return replace(new, written={**written, prefix: begun})

    def _is_written(self, prefix: str) -> bool:
        """Return whether this process wrote the use of a key recently."""
        return time.monotonic() - self.written.get(prefix, float("-inf")) < USE_WRITE_SECONDS


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
