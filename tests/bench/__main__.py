"""Run the benchmark: `python -m tests.bench [all|short|costs|growth|open] [--markdown]`."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.bench import growth, latency, sizes, starts, trips
from tests.bench.load import Target
from tests.bench.loads import (
    PEER_ROWS,
    WORK_ROWS,
    Files,
    main_targets,
    make_files,
    more_targets,
    peer_targets,
    ratio_rows,
    tail_rows,
    unchanged_rows,
)
from tests.bench.open import open_dashboards
from tests.bench.stage.machine import describe_machine, take_cores
from tests.bench.stage.rounds import STARTS, race
from tests.bench.stage.servers import Store, has_node, peers, site, small, store
from tests.bench.table import Part, markdown, text

Cores = tuple[int, int]


def main() -> None:
    """Measure what is asked for and print one table."""
    args = _arguments()
    begun, heading = time.monotonic(), describe_machine()
    parts = list(_parts(args, take_cores()))
    print(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()) + f", {heading}\n")
    print((markdown if args.markdown else text)(parts))
    print(f"\nin {time.monotonic() - begun:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="all", choices=["all", "short", "growth", "open", "costs"]
    )
    parser.add_argument("--users", type=int, default=100_000, help="how many a store grows to")
    parser.add_argument(
        "--crowd", type=int, default=open_dashboards.USERS, help="how many have dashboards open"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help=f"at least {STARTS}, one for each start"
    )
    parser.add_argument("--seconds", type=int, default=2, help="of each run in a round")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser.parse_args()


def _parts(args: argparse.Namespace, cores: Cores) -> Iterator[Part]:
    if args.what == "short":
        yield from _short(cores)
    if args.what == "all":
        yield from _loads(args, cores)
    if args.what in ("all", "costs"):
        _now("what each request and user costs")
        with store("costs") as on:
            yield Part("One request", latency.rows(on, cores[0]))
            yield Part("Redis", trips.rows(on) + trips.floors(on, cores) + sizes.rows(on))
        _now("starts")
        yield Part("Start", starts.rows(cores))
    if args.what in ("all", "growth"):
        _now(f"{args.users:,} users")
        yield Part("Growth", growth.rows(cores[0], args.users, args.rounds, args.seconds))
    if args.what in ("all", "open"):
        _now("open dashboards")
        yield Part("Open dashboards", open_dashboards.rows(cores, args.crowd))


def _now(what: str) -> None:
    print(f"now: {what}", file=sys.stderr)


def _short(cores: Cores) -> Iterator[Part]:
    with store("store") as on:
        files = make_files(on)
        loads = race(lambda: _started(on, files, cores[0], {}), rounds=5, seconds=1, starts=1)
        yield Part("One worker", unchanged_rows(loads) + ratio_rows(WORK_ROWS, loads))


def _loads(args: argparse.Namespace, cores: Cores) -> Iterator[Part]:
    with store("store") as on, peers(on, cores[0]) as others:
        files = make_files(on)
        loads = race(lambda: _started(on, files, cores[0], others), args.rounds, args.seconds)
        work = ratio_rows(WORK_ROWS, loads)
        yield Part("One worker", unchanged_rows(loads) + tail_rows(loads) + work)
        without = "" if has_node() else ", those on Node left out: npm is missing"
        yield Part(f"Small peers' JSON polls{without}", ratio_rows(PEER_ROWS, loads))


@contextmanager
def _started(
    on: Store, files: Files, core: int, others: Mapping[str, int]
) -> Iterator[list[Target]]:
    """Serve the product, const and bare WSGI; with the peers beside them, everything is asked."""
    with (
        site(on, [core]) as app,
        small(on, "const", core) as const,
        small(on, "wsgi", core) as wsgi,
    ):
        targets = main_targets(files, app.port, const, wsgi)
        if others:
            targets += more_targets(files, app.port, const) + peer_targets(files, others)
        yield targets


if __name__ == "__main__":
    main()
