"""Accounts: sign-up, credentials and sessions.

A session is a field of `user:{id}:sessions`, so that logging out ends it wherever its cookie is.
"""

import base64
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from stats.activity import Clock, user_day
from stats.errors import EmailTaken, InvalidInput
from stats.identity import (
    PASSWORD_BYTES,
    check_name,
    check_password,
    check_theme,
    normalise_email,
)
from stats.sentences import N_
from stats.snapshot import Snapshot
from stats.store import Db, email_key, run, user_key, user_keys, void_key
from stats.text import as_text

IDLE = 14 * 86_400
LONGEST = 90 * 86_400
KINDS = ("stats", "last_login", "days", "account", "sessions")
TAKEN = N_("There is an account with this e-mail address already. Log in instead.")

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was just begun."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """One login of a user: when it began, when it was last used (s since 1970), by which agent."""

    made: int
    seen: int
    agent: str

    @classmethod
    def read(cls, stored: Any) -> "Session":
        """Read a stored session."""
        made, seen, agent = as_text(stored).split(":", 2)
        return cls(int(made), int(seen), agent)

    def is_live(self, now: float) -> bool:
        """Return whether it is neither idle for 14 days nor older than 90 at `now` (s)."""
        return now - self.seen < IDLE and now - self.made < LONGEST

    def store(self) -> str:
        """Return the text under which it is stored."""
        return f"{self.made}:{self.seen}:{self.agent}"


def sign_up(
    db: Db, *, name: str, email: str, password: str, clock: Clock, agent: str = ""
) -> Login:
    """Make an account with its stats and a first session, all or nothing.

    Raises InvalidInput for a bad value and EmailTaken. A crash half-way leaves at most a claim
    that points to no account; the next sign-up with the address bars that account from ever
    being made and takes the claim over.
    """
    name, address = check_name(name), normalise_email(email)
    digest = _hasher.hash(check_password(password))
    login = new_login()
    claim_email(db, address, login.user_id)
    made = run(
        db,
        "create_account",
        [*user_keys(login.user_id, KINDS), void_key(login.user_id)],
        *(user_day(clock, datetime.now(UTC)).isoformat(), clock.timezone, clock.day_start),
        *(name, address, digest, int(time.time())),
        *(login.session_id, new_session(agent).store()),
    )
    if not made:
        raise EmailTaken(TAKEN)
    return login


def claim_email(db: Db, address: str, user_id: str) -> None:
    """Make a normalised address point to `user_id`; raises EmailTaken if it has an account."""
    key = email_key(address)
    holder = run(db, "claim", [key], user_id)
    while holder is not None:
        holder = as_text(holder)
        if not run(db, "bar", [*user_keys(holder, KINDS), void_key(holder)]):
            raise EmailTaken(TAKEN)
        holder = run(db, "claim", [key], user_id, holder)


def log_in(db: Db, email: str, password: str, agent: str = "") -> Login | None:
    """Begin a session for the account with this address and password, or return None.

    An unknown address takes as long as a wrong password.
    """
    user_id = _lookup(db, email)
    stored = None if user_id is None else db.hget(user_key(user_id, "account"), "password")
    nobody = _nobodys_digest()
    matches = _verify(as_text(stored) if stored else nobody, password)
    if user_id is None or not stored or not matches:
        return None
    session_id = secrets.token_urlsafe(24)
    opened = run(
        db,
        "open_session",
        user_keys(user_id, KINDS),
        *(session_id, new_session(agent).store(), int(time.time()), IDLE, LONGEST),
    )
    return Login(user_id, session_id) if opened else None


@cache
def _nobodys_digest() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _lookup(db: Db, email: str) -> str | None:
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
        return len(password) <= PASSWORD_BYTES and _hasher.verify(digest, password)
    except (VerifyMismatchError, UnicodeEncodeError):
        return False


def new_login() -> Login:
    """Return a user id and a session id that were never given before."""
    user_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return Login(user_id, secrets.token_urlsafe(24))


def new_session(agent: str) -> Session:
    """Return a session that begins now."""
    now = int(time.time())
    return Session(now, now, agent.encode("ascii", "replace").decode()[:200])


def log_out(db: Db, user_id: str, session_id: str) -> bool:
    """End one session and no other; return whether the account is one that goes with it."""
    return bool(run(db, "log_out", user_keys(user_id, KINDS), session_id))


def log_out_elsewhere(db: Db, user_id: str, session_id: str) -> int:
    """End all sessions but this one; return how many."""
    return int(run(db, "keep_session", user_keys(user_id, KINDS), session_id))


def touch_session(db: Db, user_id: str, session_id: str, session: Session) -> None:
    """Note that a session was used now, unless it has ended meanwhile."""
    used = Session(session.made, int(time.time()), session.agent)
    run(db, "touch_session", user_keys(user_id, KINDS), session_id, used.store())


def sessions(db: Db, user_id: str) -> dict[str, Session]:
    """Return the live sessions of a user by their ids."""
    stored: Any = db.hgetall(user_key(user_id, "sessions"))
    read = {as_text(key): Session.read(value) for key, value in stored.items()}
    return {key: session for key, session in read.items() if session.is_live(time.time())}


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

    It is wrong, too, if the password was changed while it was looked at. Raises InvalidInput.
    """
    stored = db.hget(user_key(user_id, "account"), "password")
    if not _verify(as_text(stored or _nobodys_digest()), current):
        return False
    digest = _hasher.hash(check_password(new))
    arguments = (as_text(stored or ""), digest, session_id)
    return run(db, "change_password", user_keys(user_id, KINDS), *arguments) is not None
