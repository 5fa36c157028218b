"""Run the benchmark: `python -m tests.bench [all|short|costs|growth|open] [--markdown]`."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench import growth, open_dashboards, sizes, starts, trips
from tests.bench.loads import (
    PEER_ROWS,
    WORK_ROWS,
    main_targets,
    make_files,
    more_targets,
    peer_targets,
    ratio_rows,
    tail_rows,
)
from tests.bench.machine import described, take_cores
from tests.bench.rounds import STARTS, race
from tests.bench.stage import has_node, peers, site, small, store
from tests.bench.table import Part, markdown, text

Cores = tuple[int, int]


def main() -> None:
    """Measure what is asked for and print one table."""
    asked = _arguments()
    begun, heading = time.monotonic(), described()
    parts = list(_parts(asked, take_cores()))
    print(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()) + f", {heading}\n")
    print((markdown if asked.markdown else text)(parts))
    print(f"\nin {time.monotonic() - begun:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="all", choices=["all", "short", "growth", "open", "costs"]
    )
    parser.add_argument("--users", type=int, default=100_000, help="how many a store grows to")
    parser.add_argument(
        "--rounds", type=int, default=5, help=f"at least {STARTS}, one for each start"
    )
    parser.add_argument("--seconds", type=int, default=2, help="of each run in a round")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser.parse_args()


def _parts(asked: argparse.Namespace, cores: Cores) -> Iterator[Part]:
    if asked.what == "short":
        yield from _short(cores)
    if asked.what == "all":
        yield from _loads(asked, cores)
    if asked.what in ("all", "costs"):
        _now("what each request and user costs")
        with store("costs") as on:
            yield Part("Redis", trips.rows(on) + trips.floors(on, cores) + sizes.rows(on))
        _now("starts")
        yield Part("Start", starts.rows(cores))
    if asked.what in ("all", "growth"):
        _now(f"{asked.users:,} users")
        yield Part("Growth", growth.rows(cores[0], asked.users, asked.rounds, asked.seconds))
    if asked.what in ("all", "open"):
        _now("open dashboards")
        yield Part("Open dashboards", open_dashboards.rows(cores))


def _now(what: str) -> None:
    print(f"now: {what}", file=sys.stderr)


def _short(cores: Cores) -> Iterator[Part]:
    with ExitStack() as stack:
        on = stack.enter_context(store("store"))
        app = stack.enter_context(site(on, [cores[0]]))
        const = stack.enter_context(small(on, "const", cores[0]))
        loads = race([main_targets(make_files(on), app, const)], rounds=5, seconds=1)
        yield Part("One worker", ratio_rows(WORK_ROWS, loads))


def _loads(asked: argparse.Namespace, cores: Cores) -> Iterator[Part]:
    with ExitStack() as stack:
        on = stack.enter_context(store("store"))
        files = make_files(on)
        raw = stack.enter_context(small(on, "raw", cores[0]))
        others = peer_targets(files, stack.enter_context(peers(on, cores[0])))
        starts = []
        for _ in range(STARTS):
            app = stack.enter_context(site(on, [cores[0]]))
            const = stack.enter_context(small(on, "const", cores[0]))
            targets = main_targets(files, app, const) + more_targets(files, app, const, raw)
            starts.append(targets + others)
        loads = race(starts, asked.rounds, asked.seconds)
        yield Part("One worker", ratio_rows(WORK_ROWS, loads) + tail_rows(loads))
        without = "" if has_node() else ", those on Node left out: npm is missing"
        yield Part(f"Small peers' JSON polls{without}", ratio_rows(PEER_ROWS, loads))


if __name__ == "__main__":
    main()
