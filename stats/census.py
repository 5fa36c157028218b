"""The census: how many users have which plan at a moment.

A plan also ends by the clock alone, which no counter could notice. So now and then somebody walks
through all users and leaves the figures for everybody to read: one at a time, without haste.
"""

import secrets
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from stats.plans import Plan
from stats.snapshot import milliseconds, moment, plan_at
from stats.store import CENSUS, CENSUS_TURN, Db, run, user_key
from stats.text import as_text

Key = str | bytes

EVERYBODY = user_key("0", "stats").replace("{0}", "{*}")
SCANNED = 500
AT_ONCE = 100
# Between two chunks others are served; a million users take about a minute.
PAUSE = 0.003
TURN_MS = 60_000
# All stats have the first, and the plan is made of the others.
FIELDS = ("conversations", "grant", "paid")


@dataclass(frozen=True, slots=True)
class Census:
    """How many users had each plan at `counted_at` (aware), and how long it took to count them."""

    users: Mapping[Plan, int]
    counted_at: datetime
    took_ms: int


def read_census(db: Db) -> Census | None:
    """Return the last census, None if there has been none. One round trip."""
    stored = {as_text(name): int(value) for name, value in db.hgetall(CENSUS).items()}
    if not stored:
        return None
    users = {plan: stored[plan] for plan in Plan if plan in stored}
    return Census(users, moment(stored["counted_at"]), stored["took_ms"])


def take_census(
    db: Db, now: datetime, *, pause: float = PAUSE, turn_ms: int = TURN_MS
) -> Census | None:
    """Count all users by the plan that they have at `now` (aware), and store the census.

    Returns None, having stored nothing, if somebody else has the turn. A turn is not given back
    but ends `turn_ms` after the last sign of life, so whoever comes late does not count again.
    Sleeps for `pause` seconds after every AT_ONCE users. Raises what the client does.
    """
    begun, turn, tally = time.monotonic(), _Turn(db, turn_ms), _Tally()
    if not turn.take():
        return None
    keys = db.scan_iter(match=EVERYBODY, count=SCANNED, _type="HASH")
    while chunk := list(islice(keys, AT_ONCE)):
        for key, plan in _plans(db, chunk, now):
            tally.add(key, plan)
        if not turn.hold():
            return None
        time.sleep(pause)
    census = Census(tally.counted(), now, round((time.monotonic() - begun) * 1000))
    return census if turn.hold(census) else None


def _plans(db: Db, keys: Sequence[Key], now: datetime) -> Iterator[tuple[Key, Plan]]:
    """Yield these keys with the plans, but for users who have gone meanwhile."""
    pipe = db.pipeline(transaction=False)
    for key in keys:
        pipe.hmget(key, FIELDS)
    for key, values in zip(keys, pipe.execute(), strict=True):
        pairs = zip(FIELDS, values, strict=True)
        stored = {name: as_text(value) for name, value in pairs if value is not None}
        if stored:
            grant = Plan(stored["grant"]) if "grant" in stored else None
            yield key, plan_at(grant, stored.get("paid", ""), now)


class _Turn:
    """The turn to count, which one has at a time."""

    def __init__(self, db: Db, turn_ms: int) -> None:
        self._db, self._ms, self._token = db, turn_ms, secrets.token_hex(8)

    def take(self) -> bool:
        """Return whether it is ours from now on."""
        return bool(self._db.set(CENSUS_TURN, self._token, nx=True, px=self._ms))

    def hold(self, census: Census | None = None) -> bool:
        """Return whether it is still ours; if so it lasts longer, and a census is stored."""
        facts: list[str | int] = []
        if census is not None:
            facts = [str(part) for pair in census.users.items() for part in pair]
            facts += ["counted_at", milliseconds(census.counted_at), "took_ms", census.took_ms]
        keys = [CENSUS_TURN, CENSUS]
        return bool(run(self._db, "hold_census", keys, self._token, self._ms, *facts))


class _Tally:
    """The users seen so far with their plans, each in 8 bytes: 62 bits of the key's hash, and 2.

    SCAN may name a key twice (https://valkey.io/commands/scan/#scan-guarantees), and the keys of
    a million users would be 130 MB. That two of them share 62 bits is one chance in ten million.
    """

    def __init__(self) -> None:
        # The parts are told apart one by one in the end, so that no large set is ever made.
        self._parts = [array("Q") for _ in range(256)]

    def add(self, key: Key, plan: Plan) -> None:
        """Note a user; of one who is noted twice, the later plan counts."""
        mark = hash(key) % 2**62
        self._parts[mark % len(self._parts)].append(mark << 2 | plan.rank)

    def counted(self) -> dict[Plan, int]:
        """Return how many there are of each plan."""
        ranks: Counter[int] = Counter()
        for part in self._parts:
            ranks.update({row >> 2: row & 3 for row in part}.values())
        return {plan: ranks[plan.rank] for plan in Plan}
