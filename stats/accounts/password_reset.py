"""Resetting a forgotten password by a link in a mail.

The link of a reset is bound to the password and the address that it was made for: once either is
another one, it is dead, whether or not its token is still there.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from stats.accounts import passwords, sign_up
from stats.accounts.email_address import is_sample, normalise_email
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, email_key, user_key, user_keys
from stats.store.scripts import run
from stats.store.single_use_tokens import make_token, peek_token, use_token

RESET, RESET_SECONDS = "reset", 3600
# A token is made for an unknown address, too, so that it takes as long. It is never sent.
DUMMY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """A requested reset of an account that exists, and the token for its link."""

    user_id: str
    email: str
    token: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The account that a reset is for, as it was read."""

    user_id: str
    name: str
    email: str
    password: str

    @property
    def fingerprint(self) -> str:
        """A hash of the password's hash and the address, to which a token is bound."""
        return hashlib.sha256(f"{self.password}\n{self.email}".encode()).hexdigest()


def request_reset(db: Db, email: str) -> ResetRequest | None:
    """Make a token that resets the password of an address, None if no account has it.

    Takes as long either way. A sample account has no address that gets mail: None. Raises
    InvalidInput for what is no address.
    """
    address = normalise_email(email)
    stored_id = db.get(email_key(address))
    account = account_behind(db, as_text(stored_id) if stored_id else sign_up.new_login().user_id)
    is_owner = account.email == address and not is_sample(address)
    seconds = RESET_SECONDS if is_owner else DUMMY_SECONDS
    token = make_token(db, RESET, account.user_id, seconds, account.fingerprint)
    return ResetRequest(account.user_id, address, token) if is_owner else None


def account_behind(db: Db, user_id: str) -> Reset:
    """Return the account that a reset would be for, with empty fields where there is none."""
    fields: Any = db.hmget(user_key(user_id, "account"), ("name", "email", "password"))
    name, email, password = (as_text(value or "") for value in fields)
    return Reset(user_id, name, email, password)


def read_reset(db: Db, token: str) -> Reset | None:
    """Return the account that a token resets, None if it is dead. The token stays valid."""
    token_data = peek_token(db, RESET, token)
    if token_data is None:
        return None
    account = account_behind(db, token_data.user_id)
    return account if account.email and account.fingerprint == token_data.payload else None


def reset_password(db: Db, token: str, password: str) -> Reset | None:
    """Set a new password by a token; return the account, None if the token is dead.

    In one step all sessions end, the address counts as confirmed, a change of address under way
    is dropped and every other link dies; two-factor stays. Of several with one link, one succeeds.
    Raises InvalidInput for the password, and the link lives on.
    """
    account = read_reset(db, token)
    if account is None:
        return None
    digest = passwords.hash_password(password, about=(account.name, account.email))
    arguments = (account.password, account.email, digest, int(time.time()))
    reply = run(
        db, "accounts/reset_password", user_keys(account.user_id, SESSION_KINDS), *arguments
    )
    use_token(db, RESET, token)
    return account if reply else None
