"""A forgotten password, and addresses that are confirmed.

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
from stats.store.single_use_tokens import look_at_token, make_token, use_token

RESET, RESET_SECONDS = "reset", 3600
# The token of an unknown address is made, too, so that it takes as long. Nobody gets it.
NOBODYS_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A reset that was asked for by the owner of an account, or by somebody else."""

    user_id: str
    email: str
    token: str


@dataclass(frozen=True, slots=True)
class Reset:
    """What a live link resets: the account and what it was made for."""

    user_id: str
    name: str
    email: str
    password: str

    @property
    def fingerprint(self) -> str:
        """What stands for the password and the address."""
        return hashlib.sha256(f"{self.password}\n{self.email}".encode()).hexdigest()


def ask_reset(db: Db, email: str) -> Asked | None:
    """Make a token that resets the password of an address, None if no account has it.

    Takes as long either way. A sample account has no address that gets mail: None. Raises
    InvalidInput for what is no address.
    """
    address = normalise_email(email)
    found = db.get(email_key(address))
    holder = account_behind(db, as_text(found) if found else sign_up.new_login().user_id)
    known = holder.email == address and not is_sample(address)
    seconds = RESET_SECONDS if known else NOBODYS_SECONDS
    token = make_token(db, RESET, holder.user_id, seconds, holder.fingerprint)
    return Asked(holder.user_id, address, token) if known else None


def account_behind(db: Db, user_id: str) -> Reset:
    """Return what a reset would be about, with empty fields where there is no account."""
    fields: Any = db.hmget(user_key(user_id, "account"), ("name", "email", "password"))
    name, email, password = (as_text(value or "") for value in fields)
    return Reset(user_id, name, email, password)


def look_at_reset(db: Db, token: str) -> Reset | None:
    """Return what a link resets, None if it is dead. The token stays."""
    held = look_at_token(db, RESET, token)
    if held is None:
        return None
    found = account_behind(db, held.user_id)
    return found if found.email and found.fingerprint == held.payload else None


def reset_password(db: Db, token: str, password: str) -> Reset | None:
    """Set a new password by a link; return whose, None if the link is dead.

    In one step all sessions end, the address counts as confirmed, a change of address under way
    is dropped and every other link dies; two-factor stays. Of a crowd with one link, one wins.
    Raises InvalidInput for the password, and the link lives on.
    """
    found = look_at_reset(db, token)
    if found is None:
        return None
    digest = passwords.hash_password(password, about=(found.name, found.email))
    arguments = (found.password, found.email, digest, int(time.time()))
    done = run(db, "accounts/reset_password", user_keys(found.user_id, SESSION_KINDS), *arguments)
    use_token(db, RESET, token)
    return found if done else None
