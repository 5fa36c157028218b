"""Whether a poll costs more among many users: two stores and two servers, taken in turn."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.bench.crowd import passes, populate
from tests.bench.load import Target, run, write
from tests.bench.loads import get
from tests.bench.models import Model, make_model, new_user
from tests.bench.rounds import race
from tests.bench.stage import Store, site, store
from tests.bench.table import Row

FEW = 1000
ASKED = 50_000
# Seconds in which so many ask once.
ONCE = 10


def rows(core: int, users: int, rounds: int, seconds: int) -> list[Row]:
    """Return the ratio of the medians of an unchanged poll among `users` and among a thousand."""
    with _crowded("few", core, FEW) as (few, _), _crowded("many", core, users) as (many, filled):
        for target in (few, many):
            # A page that is open has polled before.
            run(target, ONCE)
        loads = race([few, many], rounds, seconds)
    ratio = loads["many"].p50 / loads["few"].p50
    note = f"{loads['many'].p50:.2f} ms, {loads['few'].p50:.2f} ms"
    what = f"Poll's median with {users:,} users ÷ with {FEW:,}"
    return [Row(what, ratio, 1.25, 1.1, less=True, note=note), filled]


@contextmanager
def _crowded(name: str, core: int, users: int) -> Iterator[tuple[Target, Row]]:
    with store(name) as on:
        model = make_model(on.app, on.db, "g", new_user)
        filled = _fill(on, model, users)
        # Spread over all the users: nearly every poll reads keys that were not read lately.
        asked = Random(3).sample(range(users), min(users, ASKED))
        file = write(name, (get(held.poll, held) for held in passes(on.app, model, asked)))
        with site(on, [core]) as port:
            yield Target(name, port, file, 204), filled


def _fill(on: Store, model: Model, users: int) -> Row:
    """Store so many users without logging them, which the polls to come do not notice."""
    on.db.config_set("appendonly", "no")
    before, begun = _memory(on), time.monotonic()
    populate(on.db, model, range(users))
    took = time.monotonic() - begun
    each = (_memory(on) - before) / users
    note = f"{took:.0f} s in all, {each:,.0f} bytes each"
    return Row(f"Users stored a second, up to {users:,}", users / took, form="{:,.0f}", note=note)


def _memory(on: Store) -> int:
    return int(on.db.info("memory")["used_memory"])
