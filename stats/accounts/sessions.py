"""Sessions: begun by a log-in, ended by hand or by time.

A session is a field of `user:{id}:sessions`, so that logging out ends it wherever its cookie is.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from stats.accounts.login_history import Entry, How, plain
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import LOGIN_KINDS, SESSION_KINDS, user_key, user_keys
from stats.store.scripts import run

IDLE_TIMEOUT = 14 * 86_400
ABSOLUTE_TIMEOUT = 90 * 86_400
TOUCH_INTERVAL = 3600


@dataclass(frozen=True, slots=True)
class Login:
    """A session that was just begun, and by what."""

    user_id: str
    session_id: str
    how: How = How.PASSWORD


@dataclass(frozen=True, slots=True)
class Halfway:
    """Somebody with the right password (or link) whose account wants a code as well.

    `mark` stands for the password: another one voids what was begun with it.
    """

    user_id: str
    mark: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown: the verified password's hash, and a code by its secret and time step, or a
    recovery code's hash. A link shows no password."""

    digest: str = ""
    secret: str = ""
    step: int = 0
    recovery: str = ""


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

    def is_to_be_touched(self, now: float) -> bool:
        """Return whether it is time to note again that it is used, at `now` (s)."""
        return now - self.seen >= TOUCH_INTERVAL

    def is_live(self, now: float) -> bool:
        """Return whether it is neither idle for 14 days nor older than 90 at `now` (s)."""
        return now < self.ends

    @property
    def ends(self) -> int:
        """The moment (s) at which it ends by time alone, if it is not used again."""
        return min(self.seen + IDLE_TIMEOUT, self.made + ABSOLUTE_TIMEOUT)

    def store(self) -> str:
        """Return the text under which it is stored."""
        return f"{self.made}:{self.seen}:{self.agent}"


def begin(db: Db, user_id: str, entry: Entry, proof: Proof) -> Login | None:
    """Begin a session and note the log-in; None if the user is gone or the proof does not do."""
    session_id = secrets.token_urlsafe(24)
    opened = run(
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
        *(proof.digest, proof.secret, proof.step, proof.recovery),
    )
    return Login(user_id, session_id, entry.how) if opened else None


def new_session(agent: str) -> Session:
    """Return a session that begins now."""
    now = int(time.time())
    return Session(now, now, plain(agent))


def log_out(db: Db, user_id: str, session_id: str) -> bool:
    """End one session and no other; return whether the account is one that goes with it."""
    return bool(run(db, "sessions/end", user_keys(user_id, SESSION_KINDS), session_id))


def log_out_elsewhere(db: Db, user_id: str, session_id: str) -> int:
    """End all sessions but this one; return how many."""
    return int(run(db, "sessions/end_others", user_keys(user_id, SESSION_KINDS), session_id))


def touch_session(db: Db, user_id: str, session_id: str, session: Session) -> None:
    """Note that a session was used now, unless it has ended meanwhile."""
    used = Session(session.made, int(time.time()), session.agent)
    run(db, "sessions/touch", user_keys(user_id, SESSION_KINDS), session_id, used.store())


def sessions(db: Db, user_id: str) -> dict[str, Session]:
    """Return the live sessions of a user by their ids."""
    stored: Any = db.hgetall(user_key(user_id, "sessions"))
    read = {as_text(key): Session.read(value) for key, value in stored.items()}
    return {key: session for key, session in read.items() if session.is_live(time.time())}
