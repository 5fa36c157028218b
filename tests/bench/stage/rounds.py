"""Candidates taken in turn, round after round, so that a slow minute is slow for all of them."""

import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tests.bench.load import Load, Target, run_checked, run_measured

# Two processes of one program differ by up to a fifth, however long they are asked.
STARTS = 3
# Starts the servers of all candidates, and ends them.
Start = Callable[[], AbstractContextManager[Sequence[Target]]]


def race(start: Start, rounds: int, seconds: int, starts: int = STARTS) -> dict[str, Load]:
    """Start so many times, and each time check every target; return the medians by name.

    The rounds, in each of which all targets are measured, are shared out among the starts. One
    start at a time, for an idle server is still told by Redis of all that is written.
    """
    runs: dict[str, list[Load]] = {}
    for first in range(starts):
        with start() as targets:
            sizes = {target: run_checked(target) for target in targets}
            for number in range(first, rounds, starts):
                # Every other round runs backwards, so that nobody always follows the same one.
                for target in targets if number % 2 else targets[::-1]:
                    load = run_measured(target, seconds, sizes[target])
                    runs.setdefault(target.name, []).append(load)
                print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return {name: median(loads) for name, loads in runs.items()}


def median(loads: Sequence[Load]) -> Load:
    """Return the median of each figure."""
    return Load(
        rate=statistics.median(load.rate for load in loads),
        p50=statistics.median(load.p50 for load in loads),
        p99=statistics.median(load.p99 for load in loads),
        bytes=statistics.median(load.bytes for load in loads),
        bad=sum(load.bad for load in loads),
        statuses={},
    )
