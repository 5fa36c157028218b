"""What a request costs in round trips to Redis, and what one round trip costs in time."""

import os
import socket
import time
from collections.abc import Callable
from itertools import count
from statistics import median
from typing import Any

import hiredis
import redis
from werkzeug.test import TestResponse

from stats.dashboard import get_dashboard
from tests.bench.models import SUMMARIES, new_user, read_session, socket_path
from tests.bench.sizes import member
from tests.bench.stage.machine import KEY
from tests.bench.stage.servers import Store
from tests.bench.table import Row
from tests.web.helpers import poll_url

TIMES = 20
# How often a poll is asked, at most, until it is remembered.
MAX_POLLS = 100
BATCH, BATCHES = 2000, 7
SERVICE = {"Authorization": f"Bearer {KEY}"}
CHAT = {"summary": SUMMARIES[0], "messages": [{"role": "user", "content": "Hello"}]}

Ask = Callable[[], TestResponse]


def rows(on: Store) -> list[Row]:
    """Return the round trips of each kind of request, and the cookies that polls set."""
    ada = member(on, "Ada", new_user)
    client = on.app.test_client()

    def service(method: str, path: str, body: Any) -> TestResponse:
        address = f"{path}?userId={ada.user_id}"
        return client.open(address, method=method, json=body, headers=SERVICE)

    def current() -> TestResponse:
        return ada.get(poll)

    def first() -> TestResponse:
        return ada.get(f"{poll}&first={next(numbers)}")

    def stale() -> TestResponse:
        return ada.get("/dashboard/stats?v=1")

    poll, numbers = poll_url(ada.get("/dashboard")), count()
    assert (first().status_code, stale().status_code) == (204, 200)
    _until_remembered(on.db, current)
    cookies = sum("Set-Cookie" in answer.headers for answer in (current(), stale()))
    return [
        _trip(on, "unchanged poll that was asked before", 0, current),
        _trip(on, "unchanged poll, the first time", 1, first),
        _trip(on, "changed poll", 1, stale),
        _trip(on, "conversation saved", 1, lambda: service("POST", "/api/chat/save", CHAT)),
        _trip(on, "mood by service key", 1, lambda: service("PATCH", "/api/mood", {"score": 7})),
        _trip(on, "mood by session", 1, lambda: ada.api("PATCH", "/api/mood", json={"score": 7})),
        Row("Set-Cookie on two polls", cookies, 0, 0, less=True, form="{:g}"),
    ]


def _trip(on: Store, what: str, must: float, ask: Ask) -> Row:
    return Row(f"Round trips: {what}", trips(on.db, ask), must, must, less=True, form="{:g}")


def trips(db: redis.Redis, ask: Ask) -> float:
    """Return how many times the server was written to for a request, by its own count.

    Whatever client the product uses is counted, and commands sent in one go count once.
    """
    ask()
    before = _reads(db)
    for _ in range(TIMES):
        assert ask().status_code < 300
    # The second question is itself one of the reads.
    return (_reads(db) - before - 1) / TIMES


def _reads(db: redis.Redis) -> int:
    """Return how often the server has read from its clients, but for pings.

    A ping goes out alone, several times a second, from where the product listens to Redis.
    """
    info = db.info("stats", "commandstats")
    pings = info.get("cmdstat_ping", {"calls": 0})["calls"]
    return int(info["total_reads_processed"]) - int(pings)


def _until_remembered(db: redis.Redis, ask: Ask) -> None:
    """Ask until Redis is not asked; in vain if that never comes."""
    for _ in range(MAX_POLLS):
        before = _reads(db)
        ask()
        if _reads(db) - before == 1:
            return
        time.sleep(0.05)


def floors(on: Store, cores: tuple[int, int]) -> list[Row]:
    """Return what one HGETALL costs from Python over one connection, and what one poll's read."""
    bob = member(on, "Bob", new_user)
    key, session = bob.key("stats"), read_session(on.app, bob)["sid"]
    os.sched_setaffinity(0, {cores[0]})
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(socket_path(on.db))
            bare = _microseconds(_bare(connection, key))
        client = _microseconds(lambda: on.db.hgetall(key))
        read = _microseconds(lambda: get_dashboard(on.db, bob.user_id, session))
    finally:
        os.sched_setaffinity(0, {cores[1]})
    return [
        Row("HGETALL by socket and hiredis, µs", bare, form="{:.0f}"),
        Row("HGETALL by redis-py, µs", client, form="{:.0f}"),
        Row("get_dashboard, µs", read, form="{:.0f}"),
    ]


def _bare(connection: socket.socket, key: str) -> Callable[[], object]:
    words: Any = ("HGETALL", key)
    command, reader = hiredis.pack_command(words), hiredis.Reader()

    def ask() -> object:
        connection.sendall(command)
        while (reply := reader.gets()) is False:
            reader.feed(connection.recv(65536))
        return reply

    return ask


def _microseconds(call: Callable[[], object]) -> float:
    return median(_batch(call) for _ in range(BATCHES))


def _batch(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(BATCH):
        call()
    return (time.perf_counter() - begun) / BATCH * 1e6
