"""Recent log-ins: when, how, with what and from where; and the tries that failed, kept apart.

An address on the network is personal data: what is older than 90 days is never shown, and dropped
at the next log-in or failed try.
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


class How(StrEnum):
    """By what somebody got in, or what was wrong: a password, or the code after it."""

    PASSWORD = "password"  # noqa: S105 - a word, no password
    CODE = "code"
    RECOVERY = "recovery"
    LINK = "link"
    SIGN_UP = "signup"


@dataclass(frozen=True, slots=True)
class Entry:
    """One log-in or failed try: when (µs since 1970), how, from which address, by which agent."""

    at: int
    how: How
    address: str
    agent: str

    @classmethod
    def read(cls, stored: Any) -> "Entry":
        """Read a stored entry."""
        at, how, address, agent = as_text(stored).split(" ", 3)
        return cls(int(at), How(how), "" if address == "-" else address, agent)

    @property
    def seconds(self) -> int:
        """When it was, in seconds since 1970."""
        return self.at // 1_000_000

    def store(self) -> str:
        """Return the text under which it is stored."""
        return f"{self.at} {self.how} {self.address or '-'} {self.agent}"

    def arguments(self) -> tuple[str | int, ...]:
        """Return what scripts that write it take: itself, its time, the oldest kept, how many."""
        return self.store(), self.seconds, self.seconds - RETENTION, MAX_ENTRIES


@dataclass(frozen=True, slots=True)
class Log:
    """The log-ins and failed tries of 90 days, newest first, and how the account is guarded.

    `two_factor` is when two-factor was switched on (s since 1970), None while it is off.
    """

    logins: tuple[Entry, ...]
    failures: tuple[Entry, ...]
    two_factor: int | None
    codes_left: int


def new_entry(how: How, agent: str, address: str) -> Entry:
    """Return an entry of now; agent and address are cut to what may be stored."""
    return Entry(time.time_ns() // 1000, how, _plain(address, 64).replace(" ", ""), plain(agent))


def plain(agent: str) -> str:
    """Return the name that a browser gives itself as at most 200 characters of ASCII."""
    return _plain(agent, 200)


def _plain(text: str, most: int) -> str:
    return text.encode("ascii", "replace").decode()[:most]


def note_failure(db: Db, user_id: str, how: How, agent: str, address: str) -> None:
    """Write a failed try down, unless the account is gone."""
    entry = new_entry(how, agent, address)
    run(
        db,
        "sessions/record_failed_login",
        user_keys(user_id, LOGIN_HISTORY_KINDS),
        *entry.arguments(),
    )


def look(db: Db, user_id: str) -> Log:
    """Return the recent log-ins and how the account is guarded, in one round trip."""
    keys, oldest = user_keys(user_id, LOGIN_HISTORY_KINDS), int(time.time()) - RETENTION
    logins, failures, since, left = run(db, "sessions/read_login_history", keys, oldest)
    return Log(_entries(logins), _entries(failures), since and int(since), int(left))


def _entries(stored: Iterable[Any]) -> tuple[Entry, ...]:
    return tuple(map(Entry.read, stored))
