"""Logging in: by password, by sign-in link; and the user behind an e-mail address."""

from stats.accounts.email_address import normalise_email
from stats.accounts.login_history import LoginMethod, new_entry, record_failure
from stats.accounts.passwords import credentials, dummy_hash, password_fingerprint, verify_hash
from stats.accounts.sessions import (
    ABSOLUTE_TIMEOUT,
    IDLE_TIMEOUT,
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
from stats.accounts.sign_up import new_login
from stats.errors import InvalidInput
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import email_key, user_key

# Sessions belong to accounts: who imports this module has both at hand.
__all__ = [
    "ABSOLUTE_TIMEOUT",
    "IDLE_TIMEOUT",
    "Halfway",
    "Login",
    "Session",
    "log_out",
    "log_out_elsewhere",
    "new_session",
    "sessions",
    "touch_session",
]


def log_in(
    db: Db, email: str, password: str, agent: str = "", address: str = ""
) -> Login | Halfway | None:
    """Begin a session for the account with this e-mail address and password, or return None.

    Halfway, with no session begun, if the account needs a code too (`two_factor.finish`).
    `address` is the one on the network. An unknown e-mail takes as long as a wrong password: the
    same round trips and hashes
    (https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-and-error-messages).
    """
    # Nobody has a new id, so that it is asked for, and a failure is recorded, for nothing.
    user_id = lookup(db, email) or new_login().user_id
    digest, secret = credentials(db, user_id)
    nobody = dummy_hash()
    matches = verify_hash(digest or nobody, password)
    if not digest or not matches:
        record_failure(db, user_id, LoginMethod.PASSWORD, agent, address)
        return None
    if secret:
        return Halfway(user_id, password_fingerprint(digest))
    return begin(db, user_id, new_entry(LoginMethod.PASSWORD, agent, address), Proof(digest))


def log_in_by_link(
    db: Db, user_id: str, agent: str = "", address: str = "", mark: str = ""
) -> Login | Halfway | None:
    """Begin a session for a user who came by a sign-in link; Halfway if they need a code.

    `mark` is the link's: None if the account has another one by now.
    """
    digest, secret = credentials(db, user_id)
    if secret:
        return Halfway(user_id, password_fingerprint(digest))
    return begin(db, user_id, new_entry(LoginMethod.LINK, agent, address), Proof(mark=mark))


def lookup(db: Db, email: str) -> str | None:
    """Return the user id behind what was typed as an e-mail address, None for no address too."""
    try:
        return find_user(db, email)
    except InvalidInput:
        return None


def find_user(db: Db, email: str) -> str | None:
    """Return the user id behind an e-mail address, or None; raises InvalidInput.

    Takes as many round trips either way.
    """
    stored_id = db.get(email_key(normalise_email(email)))
    user_id = new_login().user_id if stored_id is None else as_text(stored_id)
    return user_id if db.exists(user_key(user_id, "stats")) else None
