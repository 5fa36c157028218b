"""Sign-in links: Aira's app asks for one, and whoever opens it is let in, once, for ten minutes.

The link of a user who was deleted is dead, even if the same id has come back since: it belongs to
an account by the mark that this has.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stats.errors import UserNotFound
from stats.lib.text import as_text, check_id
from stats.snapshot import NO_STATS
from stats.store.client import Db
from stats.store.keys import PROFILE_KINDS, user_key, user_keys
from stats.store.scripts import run
from stats.store.single_use_tokens import Token, look_at_token, make_token, use_token

TOKEN_KIND, LINK_SECONDS = "link", 600


@dataclass(frozen=True, slots=True)
class Link:
    """A new link: its secret part, and the aware moment at which it ends."""

    token: str
    expires: datetime


def make_link(db: Db, user_id: str, name: str) -> Link:
    """Return a link that lets its holder in as this user, once.

    An id with stats alone is given an account without password and address, called `name`. Raises
    InvalidInput for a bad id and UserNotFound.
    """
    keys = user_keys(check_id(user_id), PROFILE_KINDS)
    mark = run(
        db, "accounts/prepare_sign_in_link", keys, name, int(time.time()), secrets.token_hex(8)
    )
    if mark is None:
        raise UserNotFound(NO_STATS)
    expires = datetime.now(UTC) + timedelta(seconds=LINK_SECONDS)
    return Link(make_token(db, TOKEN_KIND, user_id, LINK_SECONDS, as_text(mark)), expires)


def look_at_link(db: Db, token: str) -> str | None:
    """Return whom a link would let in, None if it is dead. It stays as it is."""
    return _whom(db, look_at_token(db, TOKEN_KIND, token))


def use_link(db: Db, token: str) -> str | None:
    """Use a link up and return whom it lets in, None if it was dead."""
    return _whom(db, use_token(db, TOKEN_KIND, token))


def _whom(db: Db, held: Token | None) -> str | None:
    if held is None:
        return None
    mark = db.hget(user_key(held.user_id, "account"), "mark")
    return held.user_id if mark and as_text(mark) == held.payload else None
