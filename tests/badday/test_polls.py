"""Polls from memory race writers on two workers: what was acknowledged is seen by the next poll.
`RACE=60` is the long form, in which Redis also hangs, pauses, drops its streams and starts anew."""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from tests.badday.faults import config_override
from tests.badday.helpers import KEY, SECRET, Person
from tests.badday.open_tabs import (
    IdleUser,
    WorkerConnection,
    WrittenUser,
    connect_to_workers,
    is_from_cache,
)
from tests.badday.proxy import Proxy
from tests.badday.valkey import Valkey, short_folder
from tests.support.live_server import LiveServer, eventually, serve
from tests.support.tracking import kill_tracking_connections, tracking_connections

SHORT = 2.0
RACE = float(os.environ.get("RACE", SHORT))
WORKERS, TABS = 2, 2
WATCHED, IDLE, LATE_WRITES = 3, 2, 10
PAUSE_MS = 1500
# Between two troubles, and how long one lasts that does not end by itself.
CALM, LASTS = 1.0, 1.5
Trouble = Callable[[Valkey, threading.Event], None]


@contextmanager
def served(url: str, workers: int) -> Iterator[LiveServer]:
    """Serve the app on a Redis."""
    settings = {"REDIS_URL": url, "SECRET_KEY": SECRET, "STATS_API_KEYS": KEY}
    with short_folder() as folder:
        site = serve(folder / "data", WORKERS=str(workers), **settings)
        try:
            yield site
        finally:
            site.destroy()


@contextmanager
def proxied(valkey: Valkey, workers: int) -> Iterator[tuple[LiveServer, Proxy]]:
    """Serve the app on a Redis behind a proxy."""
    proxy = Proxy(valkey.socket, delay=0.1)
    try:
        with served(proxy.url, workers) as site:
            yield site, proxy
    finally:
        proxy.close()


@pytest.fixture(scope="module")
def site(valkey: Valkey) -> Iterator[LiveServer]:
    """Two workers on one Redis."""
    with served(f"unix://{valkey.socket}", WORKERS) as site:
        yield site


def none(valkey: Valkey, over: threading.Event) -> None:
    over.wait(RACE)


def killed(valkey: Valkey, over: threading.Event) -> None:
    kill_tracking_connections(valkey.admin)
    over.wait(CALM / 2)


def paused(valkey: Valkey, over: threading.Event) -> None:
    valkey.admin.execute_command("CLIENT", "PAUSE", PAUSE_MS, "ALL")
    valkey.admin.ping()
    over.wait(CALM)


def stopped(valkey: Valkey, over: threading.Event) -> None:
    valkey.send_signal(signal.SIGSTOP)
    over.wait(LASTS)
    valkey.send_signal(signal.SIGCONT)
    over.wait(CALM)


def restarted(valkey: Valkey, over: threading.Event) -> None:
    valkey.stop()
    over.wait(LASTS / 10)
    valkey.start()
    over.wait(CALM)


LONG: dict[str, Trouble] = {"paused": paused, "stopped": stopped, "restarted": restarted}
TROUBLES: dict[str, Trouble] = {"none": none, "killed": killed} | (LONG if RACE > SHORT else {})


def repeat_fault(valkey: Valkey, make: Trouble, seconds: float) -> None:
    """Make trouble again and again for so long."""
    over = threading.Event()
    timer = threading.Timer(seconds, over.set)
    timer.start()
    while not over.is_set():
        make(valkey, over)
    timer.join()


def polls(site: LiveServer, by: str) -> float:
    match = re.search(rf'^aira_polls_total{{by="{by}"}} (.+)$', site.metrics(), re.MULTILINE)
    return float(match[1]) if match else 0


@pytest.mark.timeout(120 + 2 * RACE)
@pytest.mark.parametrize("name", TROUBLES)
def test_what_was_acknowledged_is_seen_by_the_next_poll(
    site: LiveServer, valkey: Valkey, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = polls(site, "memory")
    with ExitStack() as stack:
        tabs = [
            stack.enter_context(connect_to_workers(site, WORKERS, TABS))
            for _ in range(WATCHED + IDLE)
        ]
        watched = [WrittenUser(Person(site.port), some) for some in tabs[:WATCHED]]
        idle = [idle_on(site, some) for some in tabs[WATCHED:]]
        race(valkey, name, [*watched, *idle])
    remembered = polls(site, "memory") - before
    writes = sum(one.writes for one in watched)
    polled, cached = sum(one.requests for one in idle), sum(one.from_cache for one in idle)
    with capsys.disabled():
        print(f"\n{name}: {writes} writes, {cached} of {polled} idle polls from memory")
    assert [lie for one in watched for lie in one.stale_answers] == []
    assert writes > WATCHED
    assert remembered >= cached > 0
    statuses_seen = set().union(*(one.statuses for one in [*watched, *idle]))
    assert statuses_seen <= {200, 204, 503}
    if name in ("none", "killed"):
        assert statuses_seen == {200, 204}, "Redis was never away"
    if name == "none":
        assert cached > polled / 2


def idle_on(site: LiveServer, tabs: list[WorkerConnection]) -> IdleUser:
    """Somebody new whose page stands open."""
    person = Person(site.port)
    return IdleUser(person, tabs, person.poll_path())


def race(valkey: Valkey, name: str, people: list[WrittenUser | IdleUser]) -> None:
    over = threading.Event()
    with ThreadPoolExecutor(len(people)) as pool:
        lives: list[Future[None]] = [pool.submit(one.run, over) for one in people]
        try:
            repeat_fault(valkey, TROUBLES[name], RACE / len(TROUBLES))
        finally:
            over.set()
    for life in lives:
        life.result()
    # The next test begins on a good day.
    for one in people:
        assert eventually(lambda one=one: all(map(is_ready, one.tabs)))


def is_ready(tab: WorkerConnection) -> bool:
    return tab.ask("GET", "/readyz").status == 200


def statuses(tabs: list[WorkerConnection], url: str, person: Person) -> set[int]:
    """What a page is told in all of its tabs; 0 is 204 from memory."""
    answers = [tab.poll(url, person.cookie) for tab in tabs]
    return {0 if is_from_cache(answer) else answer.status for answer in answers}


def test_a_hung_redis_is_told_of_and_remembered_polls_come_back(
    site: LiveServer, valkey: Valkey
) -> None:
    person = Person(site.port)
    url = person.poll_path()
    with connect_to_workers(site, WORKERS, 1) as tabs:
        assert eventually(lambda: statuses(tabs, url, person) == {0})
        valkey.send_signal(signal.SIGSTOP)
        assert eventually(lambda: statuses(tabs, url, person) == {503})
        valkey.send_signal(signal.SIGCONT)
        assert eventually(lambda: statuses(tabs, url, person) == {0})


def test_what_a_worker_writes_it_knows_before_redis_tells_it(valkey: Valkey) -> None:
    """What Redis tells comes late, while everything else comes at once."""
    with proxied(valkey, 1) as (site, proxy), connect_to_workers(site, 1, 1) as tabs:
        someone = WrittenUser(Person(site.port), tabs, warm=10_000)
        proxy.mode = "behind"
        for _ in range(LATE_WRITES):
            someone.once(threading.Event())
        assert polls(site, "memory") == LATE_WRITES, "each was remembered before"
        assert someone.stale_answers == []


def test_a_failover_behind_one_address_ends_what_was_remembered(valkey: Valkey) -> None:
    with ExitStack() as stack:
        heir = stack.enter_context(another())
        site, proxy = stack.enter_context(proxied(valkey, WORKERS))
        tabs = stack.enter_context(connect_to_workers(site, WORKERS, 1))
        person = Person(site.port)
        url = person.poll_path()
        assert eventually(lambda: statuses(tabs, url, person) == {0})
        stack.enter_context(config_override(valkey, "repl-diskless-sync-delay", "0"))
        take_over(heir, proxy)
        proxy.redirect_to(heir.socket)
        heir.admin.hincrby(f"user:{{{person.id}}}:stats", "version", 1)
        assert statuses(tabs, url, person) <= {200, 503}
        assert eventually(lambda: statuses(tabs, url, person) == {200})
        assert eventually(lambda: len(tracking_connections(heir.admin)) == WORKERS)


@contextmanager
def another() -> Iterator[Valkey]:
    """A second server."""
    with short_folder() as folder:
        started = Valkey(folder)
        yield started
        started.stop()


def take_over(heir: Valkey, proxy: Proxy) -> None:
    """Get all that the server behind a proxy has, and be a primary."""
    heir.admin.replicaof("127.0.0.1", str(proxy.port))
    assert eventually(lambda: heir.admin.info("replication")["master_link_status"] == "up")
    heir.admin.replicaof("NO", "ONE")
