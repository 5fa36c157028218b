"""Passwords: which may be chosen, how they are hashed, verified and changed."""

import hashlib
import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from stats.accounts.sessions import SESSION_ENDED, new_session_id
from stats.errors import InvalidInput, SessionEnded
from stats.lib.messages import N_, lazy_gettext
from stats.lib.normalisation import fold, nfc
from stats.lib.text import as_text, clean
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, user_key, user_keys
from stats.store.scripts import run

_hasher = PasswordHasher()


def hash_password(password: str, about: Iterable[str] = ()) -> str:
    """Return the hash of a password that may be chosen; raises InvalidInput."""
    return _hasher.hash(check_password(password, about))


def credentials(db: Db, user_id: str) -> tuple[str, str]:
    """Return the hash of a user's password and their TOTP secret, "" for what is not there."""
    fields: Any = db.hmget(user_key(user_id, "account"), ("password", "totp"))
    digest, secret = (as_text(value or "") for value in fields)
    return digest, secret


def password_fingerprint(digest: str) -> str:
    """Return a hash of a password's hash, for a cookie: it changes with the password."""
    return hashlib.blake2s(digest.encode(), digest_size=16).hexdigest()


@cache
def dummy_hash() -> str:
    """Return the hash of a password that nobody knows, so that a missing one takes as long."""
    return _hasher.hash(secrets.token_hex(16))


def verify_hash(digest: str, password: str) -> bool:
    """Return whether `digest` is the hash of this password; one that is too long never is.

    Hashes are of the NFC. Older ones are of what was typed, so that is tried as well where it
    differs; whose `digest` it is makes no difference to how many are tried.
    """
    if is_too_long(password):
        return False
    spellings = dict.fromkeys((nfc(password), password))
    return any(_is_hash_of(digest, spelling) for spelling in spellings)


def _is_hash_of(digest: str, password: str) -> bool:
    try:
        return _hasher.verify(digest, password)
    except (VerifyMismatchError, UnicodeEncodeError):
        return False


def change_password(db: Db, user_id: str, current: str, new: str, session_id: str) -> str | None:
    """Change the password and return the new id of this session; None if `current` is wrong.

    In one step all other sessions end, the old id of this one too, and so do sign-in links. It
    counts as wrong, too, if the password was changed while it was verified. Two-factor stays as it
    is. Raises InvalidInput, and SessionEnded with nothing changed.
    """
    verified = verify_current(db, user_id, current)
    if verified is None:
        return None
    about: Any = db.hmget(user_key(user_id, "account"), ("name", "email"))
    digest = hash_password(new, [as_text(word or "") for word in about])
    new_id = new_session_id()
    arguments = (verified, digest, session_id, new_id)
    keys = user_keys(user_id, SESSION_KINDS)
    reply = run(db, "accounts/change_password", keys, *arguments)
    if reply == 0:
        raise SessionEnded(SESSION_ENDED)
    return new_id if reply else None


def verify_current(db: Db, user_id: str, password: str) -> str | None:
    """Return the stored hash if `password` matches it, else None.

    The hash is for a script to compare. A user without a password takes as long.
    """
    digest, _ = credentials(db, user_id)
    matches = verify_hash(digest or dummy_hash(), password)
    return digest if digest and matches else None


PASSWORD_LENGTHS = (8, 128)
PASSWORD_BYTES = 1024
OWN_WORDS = N_("Choose a password that is not your name or e-mail address.")
COMMON = N_("This password is among the first that others would guess. Choose another one.")


def check_password(password: str, about: Iterable[str] = ()) -> str:
    """Return the NFC of a password of 8 to 128 characters (any Unicode, never cut).

    Keyboards spell one password in different ways, so that it is normalised before it is counted
    and hashed. The commonest are refused, and what `about` tells of its owner: a name, an e-mail
    address and its local part (https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver).
    Raises InvalidInput.
    """
    least, most = PASSWORD_LENGTHS
    password = nfc(clean(password, "password"))
    if not least <= len(password) <= most or is_too_long(password):
        raise InvalidInput(
            lazy_gettext(
                "A password needs %(least)s to %(most)s characters.", least=least, most=most
            ),
            "password",
        )
    if fold(password) in _about(about):
        raise InvalidInput(OWN_WORDS, "password")
    if password.casefold() in _commonest():
        raise InvalidInput(COMMON, "password")
    return password


def is_too_long(password: str) -> bool:
    """Return whether a password's NFC is longer than 1 KiB, so that it is not even hashed."""
    if len(password) > PASSWORD_BYTES:
        return True  # what normalising costs is bounded, too
    return len(nfc(password).encode("utf-8", "replace")) > PASSWORD_BYTES


def _about(words: Iterable[str]) -> set[str]:
    folded = {fold(word).strip() for word in words}
    return folded | {word.partition("@")[0] for word in folded}


@cache
def _commonest() -> frozenset[str]:
    # Only the first password that is chosen needs the list; the start should not wait for it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
