"""A soak in miniature: under a mixed load, memory, connections and descriptors stay flat.
`SOAK=60` is the long form."""

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import pytest
import redis

from stats.web.worker_processes import THREADS
from tests.badday.helpers import Person, RequestSpec, send, service_request
from tests.badday.valkey import short_folder
from tests.support.live_server import LiveServer, eventually, serve
from tests.support.samples import MESSAGES
from tests.web.helpers import PASSWORD

SOAK = float(os.environ.get("SOAK", "4"))
# Of a visitor, three of whom are the same person at first: with more than 50 sessions of an account
# the person's own would be the one that ends.
LOGINS = 10
WARM_UP = max(3.0, SOAK / 4)
VISITORS, LEAST, WARM_UP_REQUESTS = 6, 800, 2500
WORKERS = 2
# Each thread of a worker keeps one connection to Redis, and this test has one.
# A thread holds a connection of its own for scripts and at most one of the pool's.
MOST_CLIENTS = 2 * WORKERS * THREADS + 1
# One descriptor for every hundred requests is what a leak of any kind costs at least.
REQUESTS_A_DESCRIPTOR = 200
BYTES_A_REQUEST = 1024
# Established, and the states in which this side has not closed yet (net/tcp_states.h).
LIVE = ("01", "08")
PAGE = os.sysconf("SC_PAGE_SIZE")
UNDO_ENTRY = re.compile(r'name="entry" value="(\d+)"')


@dataclass(frozen=True)
class Figures:
    """What the processes of the app hold, all workers together, and what its Redis counts.

    `descriptors` leaves out both ends of the connections to Redis, which are counted there.
    """

    memory: int
    descriptors: int
    threads: int
    clients: int
    overhead: int

    def __str__(self) -> str:
        return (
            f"{self.memory / 2**20:.1f} MiB, {self.descriptors} descriptors, "
            f"{self.threads} threads; "
            f"Redis: {self.clients} clients, {self.overhead / 2**20:.2f} MiB overhead"
        )


def measure(site: LiveServer, db: redis.Redis) -> Figures:
    pids = [pid for pid in site.pids if pid != site.server]
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    clients = int(db.info("clients")["connected_clients"])
    open_ones = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in [*pids, site.server])
    return Figures(
        memory=sum(int(stat[21]) for stat in stats) * PAGE,
        descriptors=open_ones - 2 * clients,
        threads=sum(int(stat[17]) for stat in stats),
        clients=clients,
        overhead=int(db.info("memory")["used_memory_overhead"]),
    )


def mixed_load(person: Person, stranger: Person, key: str) -> list[RequestSpec]:
    """A mixed load that leaves as much behind as it found."""
    mood = person.form("form", "/dashboard/mood", 200, score="6", note="As it is")
    mood = replace(mood, headers={**mood.headers, "HX-Request": "true"})
    undo = person.form("undo", "/dashboard/mood/undo")
    chat = service_request(
        "chat",
        "POST",
        f"/api/chat/save?userId={person.id}",
        {"chatId": "always", "messages": MESSAGES},
    )
    page, poll = (
        RequestSpec("page", "GET", "/dashboard"),
        RequestSpec("poll", "GET", "/dashboard/stats?v=1"),
    )
    forged = RequestSpec(
        "webhook", "POST", "/api/webhooks/stripe", 400, b"{}", {"Stripe-Signature": "t=1"}
    )
    lost = RequestSpec("lost", "GET", "/nowhere", 404)
    closed = RequestSpec("stranger", "GET", "/history", 302)
    login = stranger.form("login", "/login", 302, email=person.email, password=PASSWORD)
    api = service_request("api", "GET", f"/api/dashboard?userId={person.id}")
    own = [page, poll, poll, mood, undo, RequestSpec("history", "GET", "/history"), login]
    keyed = [way.with_key(key) for way in (chat, chat, chat, api)]
    return [*own, *keyed, poll, poll, page, lost, forged, closed]


def visit(person: Person, key: str, end: float, least: int) -> int:
    """Ask one thing after the other until then; return how many were asked, at least so many."""
    requests, entry, stranger = 0, "", Person(person.port, key, account=person)
    logins = iter(range(LOGINS))
    for way in cycle(mixed_load(person, stranger, key)):
        if way.name == "login" and next(logins, None) is None:
            continue
        asker = stranger if way.name in ("login", "stranger", "webhook") else person
        if way.name == "undo":
            way = person.form("undo", way.path, entry=entry)
        # The stranger's log-ins stay the stranger's first: its cookie is not taken over.
        answer = send(person.port, way, asker.cookie)
        assert answer.status == way.status, (way.name, answer.status)
        if way.name == "form":
            [entry] = UNDO_ENTRY.findall(answer.text)
        requests += 1
        if requests >= least and time.monotonic() > end:
            break
    return requests


def load(people: list[Person], key: str, seconds: float, least: int) -> int:
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(len(people)) as pool:
        return sum(pool.map(lambda person: visit(person, key, end, least), people))


def settled(site: LiveServer, db: redis.Redis) -> Figures:
    """The figures once the connections of those who asked are closed on this side too."""
    assert eventually(lambda: connections(site) == 0)
    return measure(site, db)


def connections(site: LiveServer) -> int:
    """How many connections to the app's port are still known."""
    wanted = f":{site.port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(wanted) and row[3] in LIVE for row in rows)


@pytest.mark.timeout(120 + 2 * SOAK)
def test_a_mixed_load_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    with short_folder() as folder:
        site = serve(folder / "data", WORKERS=str(WORKERS))
        try:
            db = redis.Redis(unix_socket_path=str(folder / "data" / "valkey.sock"))
            people = [Person(site.port, site.key) for _ in range(VISITORS)]
            # More at a time than there are threads, so that every pool is full already, and as
            # often as it takes until what is remembered once (regular expressions, forms) is there.
            load(people * 3, site.key, WARM_UP, WARM_UP_REQUESTS // (3 * VISITORS))
            before = settled(site, db)
            requests = load(people, site.key, SOAK, LEAST // VISITORS)
            after = settled(site, db)
            db.close()
        finally:
            site.destroy()
    with capsys.disabled():
        print(f"\n{requests} requests in {SOAK:g} s\n  before: {before}\n  after:  {after}")
    slack = requests / REQUESTS_A_DESCRIPTOR
    assert after.descriptors - before.descriptors < slack
    assert after.clients <= MOST_CLIENTS
    assert after.threads - before.threads < slack
    assert after.memory - before.memory < requests * BYTES_A_REQUEST + 4 * 2**20
    assert after.overhead - before.overhead < requests * BYTES_A_REQUEST / 4
