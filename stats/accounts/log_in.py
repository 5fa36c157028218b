"""Accounts: sign-up, credentials, profile. What is begun with them is in `stats.sessions`."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from stats.activity import Clock, user_day
from stats.email_change import let_go_unused
from stats.errors import EmailTaken, InvalidInput
from stats.identity import (
    check_name,
    check_password,
    check_theme,
    is_too_long,
    normalise_email,
)
from stats.logins import How, new_entry, note_failure
from stats.sentences import N_
from stats.sessions import (
    IDLE,
    KINDS,
    LONGEST,
    Halfway,
    Login,
    Proof,
    Session,
    begin,
    log_out,
    log_out_elsewhere,
    new_session,
    sessions,
    touch_session,
)
from stats.snapshot import Snapshot
from stats.store import Db, email_key, run, user_key, user_keys, void_key
from stats.text import as_text

TAKEN = N_("There is an account with this e-mail address already. Log in instead.")

# Sessions belong to accounts: who imports this module has both at hand.
__all__ = [
    "IDLE",
    "LONGEST",
    "Halfway",
    "Login",
    "Session",
    "log_out",
    "log_out_elsewhere",
    "new_session",
    "sessions",
    "touch_session",
]

_hasher = PasswordHasher()


def sign_up(
    db: Db,
    *,
    name: str,
    email: str,
    password: str,
    clock: Clock,
    agent: str = "",
    address: str = "",
) -> Login:
    """Make an account with its stats and a first session, all or nothing.

    Raises InvalidInput for a bad value and EmailTaken. A crash half-way leaves at most a claim
    that points to no account; the next sign-up with the address bars that account from ever
    being made and takes the claim over.
    """
    name, email = check_name(name), normalise_email(email)
    digest = hash_password(password, about=(name, email))
    login, entry = new_login(), new_entry(How.SIGN_UP, agent, address)
    claim_email(db, email, login.user_id)
    made = run(
        db,
        "create_account",
        [*user_keys(login.user_id, (*KINDS, "logins")), void_key(login.user_id)],
        *(user_day(clock, datetime.now(UTC)).isoformat(), clock.timezone, clock.day_start),
        *(name, email, digest, entry.seconds),
        *(login.session_id, new_session(agent).store(), entry.store()),
    )
    if not made:
        raise EmailTaken(TAKEN)
    return login


def hash_password(password: str, about: Iterable[str] = ()) -> str:
    """Return the hash of a password that may be chosen; raises InvalidInput."""
    return _hasher.hash(check_password(password, about))


def claim_email(db: Db, address: str, user_id: str) -> None:
    """Make a normalised address point to `user_id`; raises EmailTaken if it has an account."""
    key = email_key(address)
    holder = run(db, "claim", [key], user_id)
    while holder is not None:
        holder = as_text(holder)
        if run(db, "bar", [*user_keys(holder, KINDS), void_key(holder)]):
            holder = run(db, "claim", [key], user_id, holder)
        elif let_go_unused(db, holder, address):
            holder = run(db, "claim", [key], user_id)
        else:
            raise EmailTaken(TAKEN)


def log_in(
    db: Db, email: str, password: str, agent: str = "", address: str = ""
) -> Login | Halfway | None:
    """Begin a session for the account with this e-mail address and password, or return None.

    Halfway, with no session begun, if the account wants a code too (`two_factor.finish`).
    `address` is the one on the network. An unknown e-mail takes as long as a wrong password.
    """
    user_id = lookup(db, email)
    digest, secret = ("", "") if user_id is None else credentials(db, user_id)
    nobody = _nobodys_digest()
    matches = _verify(digest or nobody, password)
    if user_id is None:
        return None
    if not digest or not matches:
        note_failure(db, user_id, How.PASSWORD, agent, address)
        return None
    if secret:
        return Halfway(user_id, mark(digest))
    return begin(db, user_id, new_entry(How.PASSWORD, agent, address), Proof(digest))


def log_in_by_link(
    db: Db, user_id: str, agent: str = "", address: str = ""
) -> Login | Halfway | None:
    """Begin a session for a user who came by a sign-in link; a code is wanted as ever."""
    digest, secret = credentials(db, user_id)
    if secret:
        return Halfway(user_id, mark(digest))
    return begin(db, user_id, new_entry(How.LINK, agent, address), Proof())


def credentials(db: Db, user_id: str) -> tuple[str, str]:
    """Return the hash of a user's password and the secret of their codes, "" for what is not."""
    found: Any = db.hmget(user_key(user_id, "account"), ("password", "totp"))
    digest, secret = (as_text(value or "") for value in found)
    return digest, secret


def mark(digest: str) -> str:
    """Return what stands for a password's hash where that may be seen."""
    return hashlib.blake2s(digest.encode(), digest_size=16).hexdigest()


@cache
def _nobodys_digest() -> str:
    return _hasher.hash(secrets.token_hex(16))


def lookup(db: Db, email: str) -> str | None:
    """Return the user id behind what was typed as an e-mail address, or None."""
    try:
        return find_user(db, email)
    except InvalidInput:
        return None


def find_user(db: Db, email: str) -> str | None:
    """Return the user id behind an e-mail address, or None; raises InvalidInput."""
    found = db.get(email_key(normalise_email(email)))
    if found is None:
        return None
    user_id = as_text(found)
    return user_id if db.exists(user_key(user_id, "stats")) else None


def _verify(digest: str, password: str) -> bool:
    try:
        return not is_too_long(password) and _hasher.verify(digest, password)
    except (VerifyMismatchError, UnicodeEncodeError):
        return False


def new_login() -> Login:
    """Return a user id and a session id that were never given before."""
    user_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return Login(user_id, secrets.token_urlsafe(24))


def update_profile(
    db: Db,
    user_id: str,
    *,
    name: str,
    clock: Clock,
    theme: str | None = None,
    live: bool | None = None,
) -> Snapshot:
    """Change the profile in one step; return the stats. A `theme` or `live` of None stays.

    Raises InvalidInput, and UserNotFound if the user is gone.
    """
    fields: list[str | int] = [] if theme is None else ["theme", check_theme(theme)]
    fields += [] if live is None else ["live", int(live)]
    arguments = (check_name(name), clock.timezone, clock.day_start, *fields)
    return Snapshot.read(run(db, "update_profile", user_keys(user_id, KINDS), *arguments))


def change_password(db: Db, user_id: str, current: str, new: str, session_id: str) -> bool:
    """Change the password and end all sessions but this one; False if `current` is wrong.

    It is wrong, too, if the password was changed while it was looked at. Two-factor stays as it
    is. Raises InvalidInput.
    """
    verified = verify_current(db, user_id, current)
    if verified is None:
        return False
    about: Any = db.hmget(user_key(user_id, "account"), ("name", "email"))
    digest = hash_password(new, [as_text(one or "") for one in about])
    arguments = (verified, digest, session_id)
    return run(db, "change_password", user_keys(user_id, KINDS), *arguments) is not None


def check_current_password(db: Db, user_id: str, password: str) -> bool:
    """Return whether this is the user's password; one who has none takes as long to say so."""
    return verify_current(db, user_id, password) is not None


def verify_current(db: Db, user_id: str, password: str) -> str | None:
    """Return the hash of the user's password if this is it, for a script to compare, or None."""
    digest, _ = credentials(db, user_id)
    matches = _verify(digest or _nobodys_digest(), password)
    return digest if digest and matches else None
