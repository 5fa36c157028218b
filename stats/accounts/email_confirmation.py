"""Confirming that an e-mail address is the user's, by a link."""

import hashlib
import time

from stats.accounts.password_reset import account_behind
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, user_keys
from stats.store.scripts import run
from stats.store.single_use_tokens import Token, look_at_token, make_token, use_token

CONFIRM_SECONDS = 86_400


def make_confirmation(db: Db, user_id: str, email: str) -> str:
    """Return a token that confirms an account's address within a day."""
    return make_token(db, "confirm", user_id, CONFIRM_SECONDS, _digest(email))


def _digest(email: str) -> str:
    # A token outlives an account that is deleted, and must not hold its address.
    return hashlib.blake2s(email.encode(), digest_size=16).hexdigest()


def look_at_confirmation(db: Db, token: str) -> Token | None:
    """Return whose address (the payload) a token confirms, None if it is dead. It stays."""
    held = look_at_token(db, "confirm", token)
    if held is None:
        return None
    email = account_behind(db, held.user_id).email
    return Token(held.user_id, email) if email and _digest(email) == held.payload else None


def confirm_email(db: Db, token: str) -> Token | None:
    """Mark an address as confirmed by a token and use that up; None if it is dead."""
    held = look_at_confirmation(db, token)
    if held is None:
        return None
    keys = user_keys(held.user_id, SESSION_KINDS)
    done = run(db, "accounts/confirm_email", keys, held.payload, int(time.time()))
    use_token(db, "confirm", token)
    return held if done else None
