"""Signing up: an e-mail address is claimed, then the account is created with its first session."""

import base64
import secrets
from datetime import UTC, datetime

from stats.accounts.email_address import normalise_email
from stats.accounts.email_change import release_unused
from stats.accounts.login_history import LoginMethod, new_entry
from stats.accounts.passwords import hash_password
from stats.accounts.profile import check_name
from stats.accounts.sessions import Login, new_session, new_session_id
from stats.activity.clock import Clock, day_ends, user_day
from stats.errors import EmailTaken
from stats.lib.messages import N_
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, email_key, user_keys, void_key
from stats.store.scripts import run

EMAIL_TAKEN = N_("There is an account with this e-mail address already. Log in instead.")


def sign_up(
    db: Db,
    *,
    name: str,
    email: str,
    password: str,
    clock: Clock | None = None,
    agent: str = "",
    address: str = "",
) -> Login:
    """Make an account with its stats and a first session, all or nothing.

    Without a `clock` its days are those of UTC until somebody chooses a time zone.
    Raises InvalidInput for a bad value and EmailTaken. A crash half-way leaves at most a claim
    that points to no account; the next sign-up with the address bars that account from ever
    being made and takes the claim over.
    """
    name, email = check_name(name), normalise_email(email)
    digest = hash_password(password, about=(name, email))
    now, login = datetime.now(UTC), new_login()
    entry = new_entry(LoginMethod.SIGN_UP, agent, address)
    claim_email(db, email, login.user_id)
    created = run(
        db,
        "accounts/create",
        [*user_keys(login.user_id, (*SESSION_KINDS, "logins")), void_key(login.user_id)],
        *_first_day(clock, now),
        *(name, email, digest, entry.seconds),
        *(login.session_id, new_session(agent).store(), entry.store()),
    )
    if not created:
        raise EmailTaken(EMAIL_TAKEN)
    return login


def _first_day(clock: Clock | None, now: datetime) -> tuple[str | int, ...]:
    days = clock or Clock()
    chosen = (clock.timezone, clock.day_start) if clock else ("", "")
    return (user_day(days, now).isoformat(), day_ends(days, now), *chosen)


def claim_email(db: Db, address: str, user_id: str) -> None:
    """Make a normalised address point to `user_id`; raises EmailTaken if it has an account."""
    key = email_key(address)
    holder = run(db, "lookups/claim", [key], user_id)
    while holder is not None:
        holder = as_text(holder)
        if run(db, "accounts/bar_user_id", [*user_keys(holder, SESSION_KINDS), void_key(holder)]):
            holder = run(db, "lookups/claim", [key], user_id, holder)
        elif release_unused(db, holder, address):
            holder = run(db, "lookups/claim", [key], user_id)
        else:
            raise EmailTaken(EMAIL_TAKEN)


def new_login() -> Login:
    """Return a user id and a session id that were never given before."""
    user_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return Login(user_id, new_session_id())
