"""Candidates taken in turn, round after round, so that a slow minute is slow for all of them."""

import statistics
import sys
from collections.abc import Sequence

from tests.bench.load import Load, Target, checked, measured

# Two processes of one program differ by up to a fifth, however long they are asked.
STARTS = 3


def race(starts: Sequence[Sequence[Target]], rounds: int, seconds: int) -> dict[str, Load]:
    """Check every target, then measure all of them `rounds` times; return the medians by name.

    `starts` are the same targets on servers that were started several times, taken in turn.
    """
    sizes = {target: checked(target) for targets in starts for target in targets}
    runs: dict[str, list[Load]] = {}
    for number in range(rounds):
        targets = starts[number % len(starts)]
        # Every other round runs backwards, so that nobody always follows the same one.
        for target in targets if number % 2 else targets[::-1]:
            runs.setdefault(target.name, []).append(measured(target, seconds, sizes[target]))
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
