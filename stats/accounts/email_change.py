"""A change of e-mail address, safe across hash slots and crashes.

An address's look-up lies in another slot than its account, so no script can write both. A change
is written down in the account first, with a number that only grows; then the new address is
claimed, the account written by one script if the change is still under way, and the old address
released. Until the account is written its old address leads to it, and from then on the new one: at
no moment does neither. What a crash leaves behind is at most a second address that leads to the
same account; the next one who wants it takes it over.

Beside the look-up of a claimed address its mark remembers the user's last change to it for an
hour, so that a thread which was suspended meanwhile releases nothing that was claimed anew.
"""

import time
from dataclasses import dataclass
from typing import Any

from stats.errors import EmailTaken
from stats.lib.messages import N_
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, email_key, token_key, user_key, user_keys, void_key
from stats.store.scripts import run
from stats.store.single_use_tokens import Token, make_token, peek_token, use_token

CHANGE_SECONDS = 86_400
EMAIL_TAKEN = N_("There is an account with this e-mail address already.")


@dataclass(frozen=True, slots=True)
class Change:
    """A requested change and the token for each address; without `old_token` only `new` does it."""

    number: int
    old: str
    new: str
    new_token: str
    old_token: str


@dataclass(frozen=True, slots=True)
class AddressState:
    """Whether an account's address is confirmed, and the change under way.

    `changes_to` is "" while there is none.
    """

    confirmed: bool
    changes_to: str = ""
    waits_new: bool = False
    waits_old: bool = False


@dataclass(frozen=True, slots=True)
class ChangeLink:
    """The change that a link belongs to: its addresses, and whether it is done."""

    user_id: str
    new: str
    old: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Record:
    number: str
    ends: int
    waits_new: bool
    waits_old: bool
    address: str

    @property
    def is_live(self) -> bool:
        """A change that waits for nobody was interrupted, and can be finished at any time."""
        return not (self.waits_new or self.waits_old) or self.ends > time.time()


def _record(stored: Any) -> _Record | None:
    if not stored:
        return None
    number, ends, new, old, address = as_text(stored).split(" ", 4)
    record = _Record(number, int(ends), new == "0", old == "0", address)
    return record if record.is_live else None


def address_state(db: Db, user_id: str) -> AddressState:
    """Return whether a user's address is confirmed, and the change that is under way."""
    fields: Any = db.hmget(user_key(user_id, "account"), ("confirmed", "change"))
    confirmed, record = bool(fields[0]), _record(fields[1])
    if record is None:
        return AddressState(confirmed)
    return AddressState(confirmed, record.address, record.waits_new, record.waits_old)


def is_taken(db: Db, address: str) -> bool:
    """Return whether an account has this normalised address."""
    holder = db.get(email_key(address))
    email = holder and db.hget(user_key(as_text(holder), "account"), "email")
    return bool(email) and as_text(email) == address


def request_change(db: Db, user_id: str, password: str, address: str) -> Change | None:
    """Begin a change to a normalised address and return its tokens, which live for a day.

    `password` is the hash that was verified. A change that was under way is dropped. None if the
    password or the address is another one by now. Whether the address is taken is not asked.
    """
    arguments = (password, address, int(time.time()) + CHANGE_SECONDS, "0")
    reply = run(db, "email_change/begin", user_keys(user_id, SESSION_KINDS), *arguments)
    if reply is None:
        return None
    number, old, waits_old = int(reply[0]), as_text(reply[1]), bool(reply[2])
    new_token = make_token(db, "change", user_id, CHANGE_SECONDS, f"new {number}")
    old_token = ""
    if waits_old:
        old_token = make_token(db, "change", user_id, CHANGE_SECONDS, f"old {number}")
    return Change(number, old, address, new_token, old_token)


def change_now(db: Db, user_id: str, password: str, address: str) -> bool:
    """Change to a normalised address with nobody confirming it; False if the password changed.

    Raises EmailTaken.
    """
    arguments = (password, address, int(time.time()) + CHANGE_SECONDS, "1")
    reply = run(db, "email_change/begin", user_keys(user_id, SESSION_KINDS), *arguments)
    return reply is not None and _finish(db, user_id, int(reply[0]), address, "") is not None


def read_change_link(db: Db, token: str) -> ChangeLink | None:
    """Return the change that a link's token belongs to, None if it is dead. It stays valid."""
    token_data = peek_token(db, "change", token)
    if token_data is None:
        return None
    record = _record(db.hget(user_key(token_data.user_id, "account"), "change"))
    if record is None or record.number != _of(token_data)[1]:
        return None
    return ChangeLink(token_data.user_id, record.address)


def confirm_change(db: Db, token: str) -> ChangeLink | None:
    """Record that a link was followed; the last one carries the change out. None if it is dead.

    A crash half-way leaves the link alive: followed again, it finishes. Raises EmailTaken, with the
    change dropped, if somebody else has the address by now.
    """
    token_data = peek_token(db, "change", token)
    if token_data is None:
        return None
    side, number = _of(token_data)
    keys, now = user_keys(token_data.user_id, SESSION_KINDS), int(time.time())
    reply = run(db, "email_change/confirm_link", keys, number, side, now)
    if reply is None:
        return None
    address, complete = as_text(reply[0]), bool(reply[1])
    old = _finish(db, token_data.user_id, int(number), address, str(now)) if complete else ""
    use_token(db, "change", token)
    return None if old is None else ChangeLink(token_data.user_id, address, old, complete)


def _of(token: Token) -> tuple[str, str]:
    side, number = token.payload.split(" ")
    return side, number


def _finish(db: Db, user_id: str, number: int, address: str, confirmed: str) -> str | None:
    """Carry out a complete change; return the old address, "" if another thread did it, or None
    if the change was dropped meanwhile."""
    try:
        claim(db, user_id, number, address)
    except EmailTaken:
        run(db, "email_change/cancel", user_keys(user_id, SESSION_KINDS), number)
        raise
    arguments = (number, address, confirmed)
    outcome, *old = run(db, "email_change/finish", user_keys(user_id, SESSION_KINDS), *arguments)
    if outcome == 0:
        _release(db, user_id, number, address)
        return None
    if old:
        _release(db, user_id, number, as_text(old[0]))
    return as_text(old[0]) if old else ""


def drop_change(db: Db, user_id: str) -> bool:
    """Forget the change that is under way; return whether there was one."""
    reply = run(db, "email_change/cancel", user_keys(user_id, SESSION_KINDS), "")
    if reply is not None:
        _release(db, user_id, int(reply[0]), as_text(reply[1]))
    return reply is not None


def release_unused(db: Db, user_id: str, address: str) -> bool:
    """Release an address whose look-up leads to a user; False if they have a claim to it."""
    number = run(
        db, "email_change/find_unused", user_keys(user_id, SESSION_KINDS), address, int(time.time())
    )
    return number is not None and _release(db, user_id, int(number), address)


def claim(db: Db, user_id: str, number: int, address: str) -> None:
    """Make an address lead to a user whose change of this number is to it; raises EmailTaken."""
    keys = [email_key(address), token_key(address)]
    holder = run(db, "lookups/claim_for_change", keys, user_id, number)
    while holder is not None:
        holder_id = as_text(holder)
        if run(db, "accounts/bar_user_id", _bar_keys(holder_id)):
            holder = run(db, "lookups/claim_for_change", keys, user_id, number, holder_id)
        elif release_unused(db, holder_id, address):
            holder = run(db, "lookups/claim_for_change", keys, user_id, number)
        else:
            raise EmailTaken(EMAIL_TAKEN)


def _bar_keys(user_id: str) -> list[str]:
    return [*user_keys(user_id, SESSION_KINDS), void_key(user_id)]


def _release(db: Db, user_id: str, number: int, address: str) -> bool:
    return bool(
        run(
            db,
            "lookups/release_after_change",
            [email_key(address), token_key(address)],
            user_id,
            number,
        )
    )
