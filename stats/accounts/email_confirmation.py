"""Confirming that an e-mail address is the user's, by a link."""

import hashlib
import time

from stats.accounts.password_reset import account_behind
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, user_keys
from stats.store.scripts import run
from stats.store.single_use_tokens import Token, make_token, peek_token, use_token

CONFIRM_SECONDS = 86_400


def make_confirmation(db: Db, user_id: str, email: str) -> str:
    """Return a token that confirms an account's address within a day."""
    return make_token(db, "confirm", user_id, CONFIRM_SECONDS, _digest(email))


def _digest(email: str) -> str:
    # A token outlives an account that is deleted, and must not hold its address.
    return hashlib.blake2s(email.encode(), digest_size=16).hexdigest()


def read_confirmation(db: Db, token: str) -> Token | None:
    """Return the user and the address (payload) that a token confirms, None if it is dead.

    The token stays valid.
    """
    confirmation = peek_token(db, "confirm", token)
    if confirmation is None:
        return None
    email = account_behind(db, confirmation.user_id).email
    return (
        Token(confirmation.user_id, email)
        if email and _digest(email) == confirmation.payload
        else None
    )


def confirm_email(db: Db, token: str) -> Token | None:
    """Mark an address as confirmed by a token, which is used up; None if it is dead."""
    confirmation = read_confirmation(db, token)
    if confirmation is None:
        return None
    keys = user_keys(confirmation.user_id, SESSION_KINDS)
    reply = run(db, "accounts/confirm_email", keys, confirmation.payload, int(time.time()))
    use_token(db, "confirm", token)
    return confirmation if reply else None
