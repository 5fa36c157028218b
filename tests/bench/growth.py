"""Whether a poll costs more among many users: two stores, a server of each, several times."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.bench.load import Load, Target, write
from tests.bench.loads import get
from tests.bench.models import Model, make_model, new_user
from tests.bench.open.connections import warm_poll_cache
from tests.bench.open.crowd import browser_states, populate
from tests.bench.stage.rounds import STARTS, race
from tests.bench.stage.servers import Store, site, store
from tests.bench.table import Row

FEW = 1000
ASKED = 20_000


class Crowd(NamedTuple):
    """A store, and the polls of so many who are in it."""

    name: str
    on: Store
    file: Path


def rows(core: int, users: int, rounds: int, seconds: int) -> list[Row]:
    """Return the ratio of the medians of an unchanged poll among `users` and among a thousand."""
    with _crowd("few", FEW) as (few, _), _crowd("many", users) as (many, filled):
        loads = _race((few, many), core, rounds, seconds)
    one, other = loads[few.name].p50, loads[many.name].p50
    note = f"{one:.2f} ms and {other:.2f} ms, on {STARTS} servers each; {ASKED:,} at most poll"
    what = f"Poll's median with {users:,} users ÷ with {FEW:,}"
    return [Row(what, other / one, 1.25, 1.1, less=True, note=note), filled]


def _race(crowds: Sequence[Crowd], core: int, rounds: int, seconds: int) -> dict[str, Load]:
    @contextmanager
    def start() -> Iterator[list[Target]]:
        with ExitStack() as stack:
            yield [stack.enter_context(_served(crowd, core)) for crowd in crowds]

    return race(start, rounds, seconds)


@contextmanager
def _served(concurrent_db: Crowd, core: int) -> Iterator[Target]:
    with site(concurrent_db.on, [core]) as served:
        warm_poll_cache(served, concurrent_db.file.read_bytes().split(b"\0"))
        yield Target(concurrent_db.name, served.port, concurrent_db.file, 204)


@contextmanager
def _crowd(name: str, users: int) -> Iterator[tuple[Crowd, Row]]:
    with store(name) as on:
        model = make_model(on.app, on.db, "g", new_user)
        filled = _fill(on, model, users)
        # Spread over all the users, and each of them is remembered, as an open page is.
        sample = Random(3).sample(range(users), min(users, ASKED))
        file = write(name, (get(held.poll, held) for held in browser_states(on.app, model, sample)))
        yield Crowd(name, on, file), filled


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
