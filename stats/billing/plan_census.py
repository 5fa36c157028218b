"""The census: how many users have which plan.

A plan also ends by the clock alone, which no counter would notice. So now and then a timer has all
users counted (`flask stats census`), and `/metrics` shows the last census.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from stats.lib.text import as_text
from stats.lib.timestamps import milliseconds, moment
from stats.plans.plan import Plan
from stats.snapshot import plan_at
from stats.store.client import Db
from stats.store.keys import CENSUS, user_ids, user_key

BATCH_SIZE = 100
# All stats have the first, and the plan is made of the others.
FIELDS = ("conversations", "grant", "paid")


@dataclass(frozen=True, slots=True)
class Census:
    """How many users had each plan at `counted_at` (aware), and how long it took to count them."""

    users: Mapping[Plan, int]
    counted_at: datetime
    took_ms: int


def read_census(db: Db) -> Census | None:
    """Return the last census, None if there has been none. Raises what the client does."""
    stored = {as_text(name): int(value) for name, value in db.hgetall(CENSUS).items()}
    if not stored:
        return None
    users = {plan: stored[plan] for plan in Plan if plan in stored}
    return Census(users, moment(stored["counted_at"]), stored["took_ms"])


def take_census(db: Db, now: datetime) -> Census:
    """Count all users by the plan that they have at `now` (aware), store the census and return it.

    Two at once do no harm: each is stored whole, in one step, and the later one stays. A million
    users take 100 MB meanwhile (`user_ids`). Raises what the client does, with nothing stored.
    """
    begun = time.monotonic()
    counted = Counter(_plans(db, now))
    users = {plan: counted[plan] for plan in Plan}
    census = Census(users, now, round((time.monotonic() - begun) * 1000))
    _store(db, census)
    return census


def _store(db: Db, census: Census) -> None:
    # The fields are always the same, so nothing of the one before is left.
    fields: dict[Any, int] = {
        **census.users,
        "counted_at": milliseconds(census.counted_at),
        "took_ms": census.took_ms,
    }
    db.hset(CENSUS, mapping=fields)


def _plans(db: Db, now: datetime) -> Iterator[Plan]:
    names = user_ids(db)
    while batch := list(islice(names, BATCH_SIZE)):
        yield from _plans_of(db, batch, now)


def _plans_of(db: Db, names: Sequence[str], now: datetime) -> Iterator[Plan]:
    """Yield the plans of these users but for those who have been deleted meanwhile."""
    pipe = db.pipeline(transaction=False)
    for name in names:
        pipe.hmget(user_key(name, "stats"), FIELDS)
    for values in pipe.execute():
        pairs = zip(FIELDS, values, strict=True)
        stored = {field: as_text(value) for field, value in pairs if value is not None}
        if stored:
            grant = Plan(stored["grant"]) if "grant" in stored else None
            yield plan_at(grant, stored.get("paid", ""), now)
