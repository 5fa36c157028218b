"""How many dashboards may stay open: distinct users, each polling every 30 seconds.

Two workers, Redis and the client share the two cores as the kernel sees fit. Both workers remember
every user's poll before it begins, as they do for pages that have been open for some minutes.
"""

import os
import sys
import time
from collections.abc import Callable

from tests.bench.open.connections import KeepAliveConnections
from tests.bench.open.open_crowd import REMEMBERED, Crowd, open_crowd
from tests.bench.open.pollers import CONNECTIONS, Outcome, Pollers
from tests.bench.open.writers import POLLS_A_WRITE, Writers
from tests.bench.table import Row

EVERY = 30.0
USERS = 200_000
# The first numbers to be tried: what must be reached.
MUST, MUST_WITH_MOODS = 300_000, 200_000
SHORT, STEPS = 6.0, 2
# A few seconds flatter; a poll of everyone decides.
SHARES = (1, 0.9, 0.8, 0.65, 0.5)

# So many users for so many seconds.
Window = Callable[[int, float], Outcome]


def rows(cores: tuple[int, int], users: int = USERS) -> list[Row]:
    """Return how many open dashboards hold, without and with writes, and what memory they take."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        with open_crowd(cores, users) as (crowd, memory):
            return [_polls_alone(crowd), *_with_moods(crowd), memory]
    finally:
        os.sched_setaffinity(0, ours)


def _polls_alone(concurrent_db: Crowd) -> Row:
    def window(count: int, seconds: float) -> Outcome:
        with KeepAliveConnections(concurrent_db.site.port, CONNECTIONS) as connections:
            return _shown(Pollers(connections, concurrent_db.pages), count, seconds, concurrent_db)

    count, outcome = largest(window, MUST, len(concurrent_db.pages))
    what = "Open dashboards, 2 workers, 2 cores, load included"
    note = f"{_told(outcome)}; POLL_CACHE_SIZE={REMEMBERED}"
    return Row(what, count, MUST, 600_000, form="{:,.0f}", note=note)


def _with_moods(concurrent_db: Crowd) -> list[Row]:
    outcomes: list[Outcome] = []

    def window(count: int, seconds: float) -> Outcome:
        with KeepAliveConnections(concurrent_db.site.port, CONNECTIONS) as connections:
            writers = Writers(connections, concurrent_db.pages, concurrent_db.ids)
            outcomes.append(_shown(writers, count, seconds, concurrent_db))
        return outcomes[-1]

    count, outcome = largest(window, MUST_WITH_MOODS, len(concurrent_db.pages))
    what = f"The same, with a mood saved for every {POLLS_A_WRITE} polls"
    moods, changed, stale = (
        sum(getattr(each, name) for each in outcomes) for name in ("moods", "changed", "stale")
    )
    note = f"in all these windows: {moods:,} moods, {changed:,} polls told of something new"
    return [
        Row(what, count, MUST_WITH_MOODS, 400_000, form="{:,.0f}", note=_told(outcome)),
        Row("Stale answers after an acknowledged write", stale, 0, 0, True, "{:,.0f}", note),
    ]


def _shown(pollers: Pollers, count: int, seconds: float, concurrent_db: Crowd) -> Outcome:
    outcome = pollers.run(min(count, len(concurrent_db.pages)), count / EVERY, seconds)
    print(f"{count:,} for {seconds:.0f} s: {outcome}", file=sys.stderr)
    time.sleep(0.5)  # what a failed window left behind is answered meanwhile
    return outcome


def _told(outcome: Outcome) -> str:
    moods = f" and {outcome.moods:,} moods" if outcome.moods else ""
    return (
        f"{outcome.polls:,} polls{moods} in {outcome.seconds:.0f} s over {CONNECTIONS} "
        f"connections, median {outcome.p50 * 1000:.1f} ms, p99 {outcome.p99 * 1000:.1f} ms, "
        f"client busy {outcome.busy:.0%} of a core"
    )


def largest(window: Window, first: int, users: int) -> tuple[int, Outcome]:
    """Return the largest number that holds while all of these users poll, and how it did.

    Bracketed within a few seconds, halved in between, then confirmed: for an interval, or for as
    long as it takes until each user has polled once, where fewer are there than the number says.
    """
    # Within a short window as many users poll as are there.
    low, high = _between(window, first, int(users * EVERY / SHORT))
    for _ in range(STEPS):
        middle = (low + high) // 2
        if low < middle and window(middle, SHORT).holds:
            low = middle
        else:
            high = middle
    for share in SHARES:
        count = max(int(low * share), 1)
        outcome = window(count, EVERY * min(users / count, 1))
        if outcome.holds:
            return count, outcome
    return 0, outcome


def _between(window: Window, first: int, most: int) -> tuple[int, int]:
    """Return a number that holds for a few seconds and one that does not, or the most twice."""
    low, high = 0, min(first, most)
    while window(high, SHORT).holds:
        low, high = high, min(high * 2, most)
        if low == most:
            return most, most
    while not low and high > 1:
        if window(high // 2, SHORT).holds:
            low = high // 2
        else:
            high //= 2
    return low, high
