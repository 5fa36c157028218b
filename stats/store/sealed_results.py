"""The results of acts that happen once, kept for some minutes for whoever repeats them.

A result is sealed with a secret that its caller holds and Redis never sees: a look into Redis shows
neither what was done nor for whom.
"""

import base64
import hashlib
import time

from cryptography.fernet import Fernet

from stats.errors import StoreUnavailable
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import result_key

# How long an act may be under way (s): should its process die, it can be tried again after that.
CLAIM_SECONDS = 60
RESULT_SECONDS = 300
# How long `wait` waits (s), and how often it looks.
WAIT_SECONDS, WAIT_STEP = 5.0, 0.05


class SealedResult:
    """The result of the act that `secret` stands for: of several callers one carries it out."""

    def __init__(self, db: Db, secret: str) -> None:
        self._db = db
        self._key = result_key(_derive(secret, b"name").hex())
        self._seal = Fernet(base64.urlsafe_b64encode(_derive(secret, b"seal")))

    def claim(self) -> bool:
        """Return whether the caller is to carry out the act; the others `wait` for its result."""
        return bool(self._db.set(self._key, "", nx=True, ex=CLAIM_SECONDS))

    def keep(self, result: bytes) -> None:
        """Keep the result of the act."""
        self._db.set(self._key, self._seal.encrypt(result), ex=RESULT_SECONDS)

    def release(self) -> None:
        """Give the claim up: the act has failed and may be tried again."""
        self._db.delete(self._key)

    def wait(self) -> bytes | None:
        """Return the result as soon as there is one, None if nobody is at work on it.

        Raises StoreUnavailable if the act is still under way after five seconds.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while (stored := self._db.get(self._key)) is not None:
            if stored:
                return self._seal.decrypt(as_text(stored))
            if time.monotonic() > deadline:
                raise StoreUnavailable("This is still under way.")
            time.sleep(WAIT_STEP)
        return None


def _derive(secret: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=purpose).digest()
