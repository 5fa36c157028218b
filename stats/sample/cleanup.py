"""Sample accounts that nobody logs out of: the oldest beyond a number go, and those that are over.

Each is written down before it is made, so that no crash leaves one that nobody knows of.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from stats.accounts.deletion import close_account
from stats.accounts.sessions import sessions
from stats.billing.gateways.gateway import Gateway
from stats.errors import BillingUnavailable
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import SAMPLES, user_ids, user_key

# How many there are at most, some 100 KB each.
MAX_SAMPLES = 100
# One that is being made has no session yet (s).
MAKING_SECONDS = 600


def note_sample(db: Db, user_id: str) -> None:
    """Write down that this account is a sample; it need not exist yet."""
    db.zadd(SAMPLES, {user_id: int(time.time())}, nx=True)


def make_room(db: Db, gateway: Gateway | None, keys: Sequence[str]) -> None:
    """Delete the oldest samples, so that there is room for one more."""
    excess = db.zcard(SAMPLES) - MAX_SAMPLES + 1
    for user_id in _noted(db)[: max(excess, 0)]:
        _remove(db, gateway, user_id, keys)


def remove_samples(db: Db, gateway: Gateway | None, keys: Sequence[str]) -> int:
    """Delete samples whose session has ended, and the oldest beyond the number; return how many.

    One with a subscription stays for as long as Stripe cannot be reached. Walks through all users,
    because samples were not always written down.
    """
    for user_id in user_ids(db):
        if db.hexists(user_key(user_id, "account"), "sample"):
            note_sample(db, user_id)
    noted, made_before = _noted(db), time.time() - MAKING_SECONDS
    over = [one for one in noted if not sessions(db, one) and _noted_at(db, one) < made_before]
    living = [one for one in noted if one not in over]
    beyond = living[: max(len(living) - MAX_SAMPLES, 0)]
    return sum(_remove(db, gateway, user_id, keys) for user_id in (*over, *beyond))


def _noted(db: Db) -> list[str]:
    """Return the ids of all samples, oldest first."""
    return [as_text(user_id) for user_id in db.zrange(SAMPLES, 0, -1)]


def _noted_at(db: Db, user_id: str) -> float:
    return float(db.zscore(SAMPLES, user_id) or 0)


def _remove(db: Db, gateway: Gateway | None, user_id: str, keys: Sequence[str]) -> bool:
    with suppress(BillingUnavailable):
        close_account(db, gateway, user_id, keys)
        db.zrem(SAMPLES, user_id)
        return True
    return False
