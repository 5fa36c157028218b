"""Single-use tokens: for a link in a mail, or one that a program hands on.

Only a token's SHA-256 is stored, so that a look into Redis gives nobody a token.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from stats.lib.text import as_text, check_id
from stats.store.client import Db
from stats.store.keys import token_key
from stats.store.scripts import run


@dataclass(frozen=True, slots=True)
class Token:
    """What a token stands for: a user, and whatever its maker put with it."""

    user_id: str
    payload: str


def make_token(db: Db, kind: str, user_id: str, seconds: int, payload: str = "") -> str:
    """Return a new token of 256 bits (43 characters, fit for an address) that lives for `seconds`.

    `kind` is a word without spaces. Raises InvalidInput for a bad user id.
    """
    token = secrets.token_urlsafe(32)
    db.set(_key(token), f"{kind} {check_id(user_id)} {payload}", ex=seconds)
    return token


def peek_token(db: Db, kind: str, token: str) -> Token | None:
    """Return what a token stands for, None if there is none of this kind. It stays valid."""
    stored = db.get(_key(token))
    return _read(stored) if stored and as_text(stored).split(" ", 1)[0] == kind else None


def use_token(db: Db, kind: str, token: str) -> Token | None:
    """Use a token up and return what it stood for: of several callers one gets it, the others None.

    A token of another kind stays as it is.
    """
    stored = run(db, "accounts/use_token", [_key(token)], kind)
    return None if stored is None else _read(stored)


def _read(stored: Any) -> Token:
    _, user_id, payload = as_text(stored).split(" ", 2)
    return Token(user_id, payload)


def _key(token: str) -> str:
    return token_key(hashlib.sha256(token.encode("utf-8", "replace")).hexdigest())
