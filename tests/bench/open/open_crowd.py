"""Users whose dashboards are open: a site of two workers, both of which remember their polls."""

import os
import sys
import time
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import request
from tests.bench.models import make_model, new_user
from tests.bench.open.connections import warm_poll_cache, workers
from tests.bench.open.crowd import browser_states, identity_of, populate
from tests.bench.stage.servers import Site, Store, site, store
from tests.bench.table import Row

# Every answer, those to what changed pages poll included.
REMEMBERED = 5_000_000
FEW, MANY = 1000, 100_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """Users who poll a site: their ids, and what their pages send."""

    site: Site
    ids: Sequence[str]
    pages: MutableSequence[bytes]


@contextmanager
def open_crowd(cores: Sequence[int], users: int) -> Iterator[tuple[Crowd, Row]]:
    """Serve so many users, all remembered; yield them, and the memory that a worker took for it."""
    with store("open") as on:
        # A rewrite of the log of all these users would disturb.
        on.db.config_set("auto-aof-rewrite-percentage", 0)
        with site(on, cores, workers=2, POLL_CACHE_SIZE=str(REMEMBERED)) as served:
            crowd = _crowd(on, served, users)
            yield crowd, _remember_all(crowd)


def _crowd(on: Store, served: Site, users: int) -> Crowd:
    # All at once: for a user who is stored later, workers forget others of the same shard.
    model, numbers = make_model(on.app, on.db, "o", new_user), range(users)
    populate(on.db, model, numbers)
    pages = [
        request("GET", held.poll, f"Cookie: session={held.cookie}", "HX-Request: true").encode()
        for held in browser_states(on.app, model, numbers)
    ]
    return Crowd(served, [identity_of(model, number).user_id for number in numbers], pages)


def _remember_all(concurrent_db: Crowd) -> Row:
    begun, many = time.monotonic(), min(len(concurrent_db.pages), MANY)
    warm_poll_cache(concurrent_db.site, concurrent_db.pages[:FEW])
    before = _resident(concurrent_db.site)
    warm_poll_cache(concurrent_db.site, concurrent_db.pages[FEW:many])
    after = _resident(concurrent_db.site)
    warm_poll_cache(concurrent_db.site, concurrent_db.pages[many:])
    print(f"all remembered within {time.monotonic() - begun:.0f} s", file=sys.stderr)
    took = [then - first for first, then in zip(before, after, strict=True)]
    what = f"Memory of a worker for {many:,} open dashboards, less that for {FEW:,}, MB"
    note = "both workers: " + ", ".join(f"{each / 1e6:.1f}" for each in took)
    return Row(what, max(took) / 1e6, 80, 50, less=True, form="{:.1f}", note=note)


def _resident(served: Site) -> list[int]:
    """Return the resident bytes of each worker."""
    pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in workers(served))
    return [int(count) * os.sysconf("SC_PAGE_SIZE") for count in pages]
