"""The lockout of the second factor: wrong codes in a row lock it, longer and longer.

Ten in five minutes (stats/rate_limit.py) would be a million in a year, and three of a million codes
are right at any time. NIST SP 800-63B allows a hundred failures in a row at most
(https://pages.nist.gov/800-63-4/sp800-63b.html, "Rate Limiting"). Here it is fifty, and then one
for each lock, which ends by itself, so that nobody loses their account by it.
"""

from stats.errors import CodesLocked
from stats.lib.messages import N_
from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import PROFILE_KINDS, user_keys
from stats.store.scripts import run

# The wrong code in a row with which the first lock begins.
MAX_ATTEMPTS = 50
# Each lock is twice as long as the one before, up to a day (s).
FIRST_LOCK, LONGEST_LOCK = 3600, 86_400
CODES_LOCKED = N_(
    "There were many wrong codes in a row, so none is taken for some hours. Try again tomorrow."
)


def count_code_attempt(db: Db, user_id: str, now: int) -> None:
    """Count an attempt at a user's second factor before it is looked at, at `now` (s).

    The scripts that take a right one forget the count. Raises CodesLocked, with nothing counted.
    """
    arguments = (now, MAX_ATTEMPTS, FIRST_LOCK, LONGEST_LOCK)
    wait = run(db, "two_factor/count_attempt", user_keys(user_id, PROFILE_KINDS), *arguments)
    if wait:
        raise CodesLocked(CODES_LOCKED, int(wait))


def claim_lock_notice(db: Db, user_id: str) -> str | None:
    """Return whom to tell that codes are locked, "" for an account without an address.

    None while they are not, and after the first call: once for each row of wrong codes.
    """
    address = run(db, "two_factor/claim_lock_notice", user_keys(user_id, PROFILE_KINDS))
    return None if address is None else as_text(address)
