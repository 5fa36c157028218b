"""Candidates taken in turn, round after round, so that a slow minute is slow for all of them."""

import statistics
import sys
from collections.abc import Sequence

from tests.bench.load import Load, Target, checked, measured


def race(targets: Sequence[Target], rounds: int, seconds: int) -> dict[str, Load]:
    """Check every target, then measure all of them `rounds` times; return the medians by name."""
    sizes = {target.name: checked(target) for target in targets}
    runs: dict[str, list[Load]] = {target.name: [] for target in targets}
    for number in range(rounds):
        # Every other round runs backwards, so that nobody always follows the same one.
        for target in targets if number % 2 else targets[::-1]:
            runs[target.name].append(measured(target, seconds, sizes[target.name]))
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
