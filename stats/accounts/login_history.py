"""The login history: when, by which method, agent and address; failed attempts are kept apart.

An address on the network is personal data: what is older than 90 days is never shown, and deleted
at the next log-in or failed attempt.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import LOGIN_HISTORY_KINDS, user_keys
from stats.store.scripts import run

RETENTION = 90 * 86_400
MAX_ENTRIES = 20


class LoginMethod(StrEnum):
    """By what somebody logged in; of a failed attempt, what was wrong: the password or the code."""

    PASSWORD = "password"  # noqa: S105 - a word, no password
    CODE = "code"
    RECOVERY = "recovery"
    LINK = "link"
    SIGN_UP = "signup"


@dataclass(frozen=True, slots=True)
class LoginEntry:
    """A log-in or failed attempt: when (µs since 1970), method, network address, user agent."""

    at: int
    method: LoginMethod
    address: str
    agent: str

    @classmethod
    def read(cls, stored: Any) -> "LoginEntry":
        """Return the entry behind a stored text."""
        at, method, address, agent = as_text(stored).split(" ", 3)
        return cls(int(at), LoginMethod(method), "" if address == "-" else address, agent)

    @property
    def seconds(self) -> int:
        """When it was, in seconds since 1970."""
        return self.at // 1_000_000

    def store(self) -> str:
        """Return the text under which it is stored."""
        return f"{self.at} {self.method} {self.address or '-'} {self.agent}"

    def arguments(self) -> tuple[str | int, ...]:
        """Return the arguments of scripts that write it: text, time, oldest time and number."""
        return self.store(), self.seconds, self.seconds - RETENTION, MAX_ENTRIES


@dataclass(frozen=True, slots=True)
class LoginHistory:
    """The log-ins and failed attempts of 90 days, newest first, and how the account is guarded.

    `two_factor` is when two-factor was switched on (s since 1970), None while it is off.
    """

    logins: tuple[LoginEntry, ...]
    failures: tuple[LoginEntry, ...]
    two_factor: int | None
    codes_left: int


def new_entry(method: LoginMethod, agent: str, address: str) -> LoginEntry:
    """Return an entry of now; agent and address are cut to what may be stored."""
    return LoginEntry(
        time.time_ns() // 1000, method, _plain(address, 64).replace(" ", ""), plain(agent)
    )


def plain(agent: str) -> str:
    """Return the name that a browser gives itself as at most 200 characters of ASCII."""
    return _plain(agent, 200)


def _plain(text: str, length: int) -> str:
    return text.encode("ascii", "replace").decode()[:length]


def record_failure(db: Db, user_id: str, method: LoginMethod, agent: str, address: str) -> None:
    """Record a failed attempt, unless the account is gone."""
    entry = new_entry(method, agent, address)
    run(
        db,
        "sessions/record_failed_login",
        user_keys(user_id, LOGIN_HISTORY_KINDS),
        *entry.arguments(),
    )


def read_history(db: Db, user_id: str) -> LoginHistory:
    """Return the recent log-ins and how the account is guarded, in one round trip."""
    keys, oldest = user_keys(user_id, LOGIN_HISTORY_KINDS), int(time.time()) - RETENTION
    logins, failures, since, left = run(db, "sessions/read_login_history", keys, oldest)
    return LoginHistory(_entries(logins), _entries(failures), since and int(since), int(left))


def _entries(stored: Iterable[Any]) -> tuple[LoginEntry, ...]:
    return tuple(map(LoginEntry.read, stored))
