"""What a run stands on: a Valkey of its own, the product on it, small servers beside it."""

import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import redis
from flask import Flask

from stats.embedded import server as embedded
from stats.store.client import connect
from tests.bench.models import product, socket_path
from tests.bench.stage.machine import KEY, SECRET, WORK, environment, free_port, server

PEERS = Path(__file__).parents[1] / "peers"
MODULES = WORK / "node_modules"


@dataclass(frozen=True, slots=True)
class Store:
    """A Valkey on a Unix socket, and the product within this process on top of it."""

    url: str
    db: redis.Redis
    app: Flask


class Site(NamedTuple):
    """A server of the product: where it listens, and its first process, whose children serve."""

    port: int
    pid: int


@contextmanager
def store(name: str) -> Iterator[Store]:
    """Run an empty Valkey, set up as the embedded one, on the cores that this process has."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    started = embedded.start(folder)
    db = connect(started.url)
    assert isinstance(db, redis.Redis)
    app = product(started.url, db)
    try:
        yield Store(started.url, db, app)
    finally:
        _end_tracking(app)
        db.close()
        started.close()
        shutil.rmtree(folder, ignore_errors=True)


def _end_tracking(app: Flask) -> None:
    app.extensions["aira.poll_cache"].close()
    for thread in threading.enumerate():
        if thread.name == "tracking":
            thread.join()


@contextmanager
def site(on: Store, cores: Sequence[int], workers: int = 1, **more: str) -> Iterator[Site]:
    """Serve the product from a store; `more` goes into its environment."""
    port = free_port()
    env = environment(**_secrets(on), **more, PORT=str(port), WORKERS=str(workers))
    with server([sys.executable, "app.py"], port, env, cores) as pid:
        yield Site(port, pid)


@contextmanager
def small(on: Store, name: str, core: int) -> Iterator[int]:
    """Serve one of the small Python applications; yield its port."""
    port = free_port()
    env = environment(**_secrets(on), PORT=str(port))
    with server([sys.executable, "-m", "tests.bench.stage.serve", name], port, env, [core]):
        yield port


@contextmanager
def node(on: Store, name: str, core: int) -> Iterator[int]:
    """Serve one of the Node peers; yield its port."""
    port = free_port()
    more = {"SOCKET": socket_path(on.db), "NODE_PATH": str(MODULES), "NODE_ENV": "production"}
    env = environment(**_secrets(on), **more, PORT=str(port))
    with server(["node", str(PEERS / f"{name}.js")], port, env, [core]):
        yield port


def _secrets(on: Store) -> dict[str, str]:
    return {"REDIS_URL": on.url, "SECRET_KEY": SECRET, "STATS_API_KEYS": KEY}


@contextmanager
def peers(on: Store, core: int) -> Iterator[dict[str, int]]:
    """Serve everything there is to compare with; yield the ports by name."""
    with ExitStack() as stack:
        ports = {"naive": stack.enter_context(small(on, "naive", core))}
        if has_node():
            for name in ("fastify", "express", "original"):
                ports[name] = stack.enter_context(node(on, name, core))
        yield ports


def has_node() -> bool:
    """Return whether Node and what its peers need are installed."""
    return shutil.which("node") is not None and MODULES.is_dir()
