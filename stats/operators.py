"""What operators do for users: read and list them, create an account, set a password."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from stats.accounts.email_address import normalise_email
from stats.accounts.email_change import claim
from stats.accounts.log_in import find_user
from stats.accounts.passwords import hash_password
from stats.accounts.profile import check_name
from stats.accounts.sign_up import new_login
from stats.errors import EmailTaken, InvalidInput, UserNotFound
from stats.lib.text import as_text, check_id
from stats.plans.plan import Plan
from stats.snapshot import NO_STATS, Snapshot, user_stats_exist
from stats.store.client import Db
from stats.store.keys import (
    OPERATOR_KINDS,
    PROFILE_KINDS,
    SESSION_KINDS,
    email_key,
    user_ids,
    user_keys,
    void_key,
)
from stats.store.scripts import run
from stats.user_stats import first_day

AMBIGUOUS = "An id and another user's e-mail address are the same. Use the id of the account."
NO_USER = "There is no user with this id or e-mail address."
NO_ACCOUNT = "There are stats under this id, but no account."
BARRED = "This id cannot be given an account just now. Try again in an hour."
HAS_ACCOUNT = "There is an account under this id already."
REASON_LENGTHS = (3, 200)
RESERVE_AGAIN = 2


@dataclass(frozen=True, slots=True)
class User:
    """A user as operators see them; moments are in s since 1970, None for what is not there.

    Without `has_account` there are bare stats, made by a service key or brought along.
    """

    user_id: str
    has_account: bool
    name: str | None
    email: str | None
    created: int | None
    is_sample: bool
    confirmed: int | None
    two_factor: int | None
    has_password: bool
    customers: int
    plan: Plan
    granted: Plan | None
    last_active: date | None
    conversations: int

    @classmethod
    def read(cls, user_id: str, reply: Any) -> "User":
        """Read the script's reply; raises UserNotFound where it found no stats."""
        if not reply:
            raise UserNotFound(NO_STATS)
        texts = [None if field is None else as_text(field) for field in reply[0]]
        name, email, created, sample, confirmed, two_factor = texts
        stored = Snapshot.read(reply[4:])
        return cls(
            user_id=user_id,
            has_account=bool(reply[1]),
            name=name,
            email=email,
            created=_number(created),
            is_sample=sample is not None,
            confirmed=_number(confirmed),
            two_factor=_number(two_factor),
            has_password=bool(reply[2]),
            customers=int(reply[3]),
            plan=stored.plan_at(datetime.now(UTC)),
            granted=stored.grant,
            last_active=stored.last_day,
            conversations=stored.conversations,
        )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def read_user(db: Db, user_id: str) -> User:
    """Return a user, read at one moment; raises UserNotFound."""
    return User.read(user_id, run(db, "operators/read_user", user_keys(user_id, OPERATOR_KINDS)))


def list_users(db: Db, *, prefix: str = "", limit: int) -> tuple[list[User], bool]:
    """Return up to `limit` users whose ids begin with `prefix`, by id, and whether there are more.

    Redis is scanned in batches, so that no other client waits; which users come first is its
    choice. Raises InvalidInput for a prefix that no id has.
    """
    users = list(islice(_users(db, prefix), limit + 1))
    return sorted(users[:limit], key=lambda user: user.user_id), len(users) > limit


def _users(db: Db, prefix: str) -> Iterator[User]:
    for user_id in user_ids(db, prefix):
        # They may have been deleted since.
        if reply := run(db, "operators/read_user", user_keys(user_id, OPERATOR_KINDS)):
            yield User.read(user_id, reply)


def find(db: Db, who: str) -> str:
    """Return the user id that `who` is or whose account has that address.

    Raises UserNotFound, and InvalidInput where the two differ.
    """
    holder = _holder(db, who)
    if _is_user(db, who):
        if holder not in (None, who):
            raise InvalidInput(AMBIGUOUS, "id")
        return who
    if holder is None:
        raise UserNotFound(NO_USER)
    return holder


def _holder(db: Db, address: str) -> str | None:
    with suppress(InvalidInput):
        return find_user(db, address)
    return None


def _is_user(db: Db, user_id: str) -> bool:
    with suppress(InvalidInput):
        return user_stats_exist(db, user_id)
    return False


def create(
    db: Db, *, email: str, name: str, password: str | None = None, user_id: str | None = None
) -> str:
    """Make an account and return its user id; stats that are there under `user_id` are kept.

    An account that a sign-in link made, without an address, is given this one. Without a password
    a sign-in link is the only way in, or a reset where mail is sent. Raises InvalidInput and
    EmailTaken. After a crash half-way the same call finishes the work.
    """
    name, address = check_name(name), normalise_email(email)
    user_id = check_id(user_id or new_login().user_id)
    digest = "" if password is None else hash_password(password, about=(name, address))
    fields = (first_day(), name, address, digest, int(time.time()))
    change, before = _reserve(db, user_id, name, address)
    while (
        created := run(db, "operators/create_account", _account_keys(user_id), *fields, change)
    ) == RESERVE_AGAIN:
        _take_back(db, user_id, change, before)
        change, before = _reserve(db, user_id, name, address)
    if created is None:
        run(db, "lookups/release", [email_key(address)], user_id)
        raise InvalidInput(BARRED, "id")
    if not created:
        raise InvalidInput(HAS_ACCOUNT, "id")
    return user_id


def _reserve(db: Db, user_id: str, name: str, address: str) -> tuple[str, str]:
    """Claim an address for a user; return what was written into their account, and over what.

    A sign-up with the address then leaves the claim alone. Raises EmailTaken, with the account as
    it was.
    """
    reply = run(
        db, "operators/reserve_address", _account_keys(user_id), name, address, int(time.time())
    )
    if not reply:
        raise InvalidInput(BARRED if reply is None else HAS_ACCOUNT, "id")
    change, before = map(as_text, reply)
    try:
        claim(db, user_id, int(change.partition(" ")[0] or 0), address)
    except EmailTaken:
        _take_back(db, user_id, change, before)
        raise
    return change, before


def _take_back(db: Db, user_id: str, change: str, before: str) -> None:
    run(db, "operators/unreserve_address", user_keys(user_id, PROFILE_KINDS), change, before)


def _account_keys(user_id: str) -> list[str]:
    return [*user_keys(user_id, PROFILE_KINDS), void_key(user_id)]


def set_password(db: Db, user_id: str, password: str) -> None:
    """Give an account another password, or its first; all sessions end, and so does every reset.

    Raises InvalidInput for the password or where there is no account, and UserNotFound.
    """
    user = read_user(db, user_id)
    digest = hash_password(password, about=(user.name or "", user.email or ""))
    if not run(db, "operators/set_password", user_keys(user_id, SESSION_KINDS), digest):
        raise InvalidInput(NO_ACCOUNT, "id")


def check_reason(reason: str) -> str:
    """Return a reason of 3 to 200 characters that may stand in a log; raises InvalidInput."""
    reason = reason.strip()
    least, most = REASON_LENGTHS
    if not least <= len(reason) <= most or not reason.isprintable():
        raise InvalidInput(f"A reason needs {least} to {most} characters in one line.", "reason")
    if "@" in reason:
        raise InvalidInput("The reason goes into the log: leave out e-mail addresses.", "reason")
    return reason
