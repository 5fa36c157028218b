"""Sessions: begun by a log-in, ended by a log-out, an idle timeout or an absolute one.

A session is a field of `user:{id}:sessions`, so that logging out ends it wherever its cookie is.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from stats.accounts.login_history import LoginEntry, LoginMethod, plain
from stats.errors import SessionEnded
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import LOGIN_KINDS, SESSION_KINDS, user_key, user_keys
from stats.store.scripts import run

IDLE_TIMEOUT = 14 * 86_400
ABSOLUTE_TIMEOUT = 90 * 86_400
TOUCH_INTERVAL = 3600
# Of an account, more than anybody has browsers: beyond, those that were not used for longest end.
MAX_SESSIONS = 50

SESSION_ENDED = "The session has ended. Log in again."


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was just begun, and the method of the log-in."""

    user_id: str
    session_id: str
    method: LoginMethod = LoginMethod.PASSWORD


@dataclass(frozen=True, slots=True)
class Halfway:
    """A log-in with the right password (or link) whose account needs a code as well.

    `fingerprint` is the password's: when that changes, the log-in cannot be finished.
    """

    user_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a log-in has verified, for the script to compare: the password's hash or a link's mark,
    and a code by its secret and time step, or a recovery code's hash."""

    digest: str = ""
    secret: str = ""
    step: int = 0
    recovery: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in session: when it began and was last used (s since 1970), and its user agent."""

    created_at: int
    used_at: int
    agent: str

    @classmethod
    def read(cls, stored: Any) -> "Session":
        """Return the session behind a stored text."""
        created_at, used_at, agent = as_text(stored).split(":", 2)
        return cls(int(created_at), int(used_at), agent)

    def is_to_be_touched(self, now: float) -> bool:
        """Return whether its last use is to be written again at `now` (s)."""
        return now - self.used_at >= TOUCH_INTERVAL

    def is_live(self, now: float) -> bool:
        """Return whether it is neither idle for 14 days nor older than 90 at `now` (s)."""
        return now < self.ends

    @property
    def ends(self) -> int:
        """The moment (s) at which it ends by time alone, if it is not used again."""
        return min(self.used_at + IDLE_TIMEOUT, self.created_at + ABSOLUTE_TIMEOUT)

    def store(self) -> str:
        """Return the text under which it is stored."""
        return f"{self.created_at}:{self.used_at}:{self.agent}"


def begin(db: Db, user_id: str, entry: LoginEntry, proof: Proof) -> Login | None:
    """Begin a session and record the log-in; None if the user is gone or the proof is not valid."""
    session_id = new_session_id()
    begun = run(
        db,
        "sessions/begin",
        user_keys(user_id, LOGIN_KINDS),
        *(
            session_id,
            new_session(entry.agent).store(),
            IDLE_TIMEOUT,
            ABSOLUTE_TIMEOUT,
            *entry.arguments(),
        ),
        *(proof.digest, proof.secret, proof.step, proof.recovery, MAX_SESSIONS, proof.mark),
    )
    return Login(user_id, session_id, entry.method) if begun else None


def new_session_id() -> str:
    """Return a session id of 192 random bits, which was never given before."""
    return secrets.token_urlsafe(24)


def new_session(agent: str) -> Session:
    """Return a session that begins now."""
    now = int(time.time())
    return Session(now, now, plain(agent))


def log_out(db: Db, user_id: str, session_id: str) -> bool:
    """End one session and no other; return whether it was a sample account, deleted with it."""
    return bool(run(db, "sessions/end", user_keys(user_id, SESSION_KINDS), session_id))


def log_out_elsewhere(db: Db, user_id: str, session_id: str) -> str:
    """End all sessions but this one, and return the new id under which it goes on.

    The old id is dead, wherever its cookie was copied to: see "renew the session ID after any
    privilege level change" in
    https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
    Raises SessionEnded, with nothing ended, if the session had ended.
    """
    new_id = new_session_id()
    keys = user_keys(user_id, SESSION_KINDS)
    if not run(db, "sessions/end_others", keys, session_id, new_id):
        raise SessionEnded(SESSION_ENDED)
    return new_id


def touch_session(db: Db, user_id: str, session_id: str, session: Session) -> None:
    """Write that a session was used now, unless it has ended meanwhile."""
    touched = Session(session.created_at, int(time.time()), session.agent)
    run(db, "sessions/touch", user_keys(user_id, SESSION_KINDS), session_id, touched.store())


def sessions(db: Db, user_id: str) -> dict[str, Session]:
    """Return the live sessions of a user by their ids."""
    stored: Any = db.hgetall(user_key(user_id, "sessions"))
    by_id = {as_text(key): Session.read(value) for key, value in stored.items()}
    return {key: session for key, session in by_id.items() if session.is_live(time.time())}
