"""How many dashboards may stay open: distinct users, each polling every 30 seconds.

Two workers, Redis and the client share the two cores as the kernel sees fit.
"""

import os
import sys
import time
from itertools import islice

from tests.bench.crowd import passes, populate
from tests.bench.load import request
from tests.bench.models import make_model, new_user
from tests.bench.pollers import CONNECTIONS, Outcome, Pollers
from tests.bench.stage import Store, site, store
from tests.bench.table import Row

EVERY = 30.0
LIMIT = 0.1
FIRST, MOST = 25_000, 1_600_000
STEPS = 3
SHORT, WHOLE = 6.0, 31.0
# A few seconds flatter; a whole interval decides.
SHARES = (1, 0.9, 0.8, 0.65, 0.5)


class Crowd:
    """Users of a store, as many as were asked for so far, and what their pages send."""

    def __init__(self, on: Store) -> None:
        self.on, self.model = on, make_model(on.app, on.db, "o", new_user)
        self.requests: list[bytes] = []

    def polls(self, count: int) -> list[bytes]:
        """Return the polls of so many users, who are there and logged in."""
        more = range(len(self.requests), count)
        if more:
            populate(self.on.db, self.model, more)
        for held in passes(self.on.app, self.model, more):
            cookie = f"Cookie: session={held.cookie}"
            self.requests.append(request("GET", held.poll, cookie, "HX-Request: true").encode())
        return list(islice(self.requests, count))


def rows(cores: tuple[int, int]) -> list[Row]:
    """Return the largest number of open dashboards that hold."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        with store("open") as on, site(on, cores, workers=2) as port:
            # The polls change nothing; a rewrite of the log of all these users would disturb.
            on.db.config_set("auto-aof-rewrite-percentage", 0)
            count, outcome = largest(port, Crowd(on))
    finally:
        os.sched_setaffinity(0, ours)
    note = (
        f"{outcome.polls:,} polls in {WHOLE:.0f} s over {CONNECTIONS} connections, "
        f"median {outcome.p50 * 1000:.1f} ms, p99 {outcome.p99 * 1000:.1f} ms"
    )
    what = "Open dashboards, 2 workers, 2 cores, load included"
    return [Row(what, count, 100_000, 300_000, form="{:,.0f}", note=note)]


def largest(port: int, crowd: Crowd) -> tuple[int, Outcome]:
    """Return the largest number that holds for a whole interval, and how it did.

    Doubled until it does not hold for a few seconds, then halved in between, then confirmed.
    """
    low, high = 0, FIRST
    while high <= MOST and _window(port, crowd, high, SHORT).holds(LIMIT):
        low, high = high, high * 2
    for _ in range(STEPS):
        middle = (low + high) // 2
        if _window(port, crowd, middle, SHORT).holds(LIMIT):
            low = middle
        else:
            high = middle
    for share in SHARES:
        count = max(int(low * share), 1)
        outcome = _window(port, crowd, count, WHOLE)
        if outcome.holds(LIMIT):
            return count, outcome
    return 0, outcome


def _window(port: int, crowd: Crowd, count: int, seconds: float) -> Outcome:
    requests = crowd.polls(count)
    pollers = Pollers(port)
    try:
        outcome = pollers.run(requests, EVERY, seconds)
    finally:
        pollers.close()
    print(f"{count:,} for {seconds:.0f} s: {outcome}", file=sys.stderr)
    time.sleep(0.5)  # what a failed window left behind is answered meanwhile
    return outcome
