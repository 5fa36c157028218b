"""Sign-in links: Aira's app requests one, which logs its holder in once, within ten minutes.

It belongs to an account by the mark that this has, which goes with the password: a link from before
another password is dead, and so is that of a user who was deleted, even if the id has come back.
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
from stats.store.single_use_tokens import Token, make_token, peek_token, use_token

TOKEN_KIND, LINK_SECONDS = "link", 600


@dataclass(frozen=True, slots=True)
class Link:
    """A new link: its secret part, and the aware moment at which it ends."""

    token: str
    expires: datetime


def make_link(db: Db, user_id: str, name: str) -> Link:
    """Return a link that logs its holder in as this user, once.

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


def read_link(db: Db, token: str) -> str | None:
    """Return the user id that a link's token would log in, None if it is dead. It stays valid."""
    link = _live(db, peek_token(db, TOKEN_KIND, token))
    return link.user_id if link else None


def use_link(db: Db, token: str) -> Token | None:
    """Use a token up and return whom it logs in, with the mark for `log_in_by_link`.

    None if it was dead.
    """
    return _live(db, use_token(db, TOKEN_KIND, token))


def _live(db: Db, token: Token | None) -> Token | None:
    if token is None:
        return None
    mark = db.hget(user_key(token.user_id, "account"), "mark")
    return token if mark and as_text(mark) == token.payload else None
