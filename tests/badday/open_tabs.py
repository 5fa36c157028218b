"""People whose pages stand open in several tabs, on all workers, while programs write of them."""

import html
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from itertools import count
from pathlib import Path
from typing import Any

from tests.badday.helpers import Person, Response
from tests.support.live_server import LiveServer, eventually
from tests.support.samples import MESSAGES
from tests.web.helpers import HTMX_HEADERS

STATS = re.compile(r'id="stats"[^>]* hx-get="([^"]+)"')
PAUSE = 0.01


class WorkerConnection:
    """A connection that is kept, and with it the worker at its other end."""

    def __init__(self, site: LiveServer) -> None:
        self._site, self._connection = site, site.connect()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, headers)
        response: HTTPResponse = self._connection.getresponse()
        response_headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, response_headers, response.read().decode(), 0)

    def poll(self, url: str, cookie: str) -> Response:
        return self.ask("GET", url, **HTMX_HEADERS, Cookie=cookie)

    def write(self, method: str, path: str, body: Any, op: str) -> Response:
        """Tell the API something, as the chat backend does."""
        key = {"Authorization": f"Bearer {self._site.key}", "Idempotency-Key": op}
        return self.ask(method, path, body, **{"Content-Type": "application/json"}, **key)

    def worker(self) -> int:
        """The process at the other end, 0 before it has taken the connection."""
        own = self._connection.sock.getsockname()[1]
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ends = (f":{self._site.port:04X}", f":{own:04X}")
        inode = next(row[9] for row in rows if (row[1][-5:], row[2][-5:]) == ends)
        parent = self._site.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return next((int(pid) for pid in children if has_open(pid, inode)), 0)

    def close(self) -> None:
        self._connection.close()


def has_open(pid: str, inode: str) -> bool:
    for name in Path(f"/proc/{pid}/fd").iterdir():
        # It may have closed that one meanwhile.
        with suppress(FileNotFoundError):
            if os.readlink(name) == f"socket:[{inode}]":
                return True
    return False


@contextmanager
def connect_to_workers(
    site: LiveServer, workers: int, each: int
) -> Iterator[list[WorkerConnection]]:
    """So many connections to each worker, one worker after the other."""
    by_worker: dict[int, list[WorkerConnection]] = {}
    opened: list[WorkerConnection] = []

    def enough() -> bool:
        opened.append(connection := WorkerConnection(site))
        connection.ask("GET", "/healthz")
        by_worker.setdefault(connection.worker(), []).append(connection)
        return sum(len(some) >= each for some in by_worker.values()) == workers

    try:
        assert eventually(enough), "the kernel gives all to one worker"
        yield [line for place in zip(*by_worker.values(), strict=False) for line in place][
            : each * workers
        ]
    finally:
        for connection in opened:
            connection.close()


def is_from_cache(answer: Response) -> bool:
    return answer.status == 204 and "x-request-id" not in answer.headers


def polled_url(answer: Response) -> str:
    """The address, version included, that a page or a fragment polls; "" if it is neither."""
    match = STATS.search(answer.text)
    return html.unescape(match[1]) if match else ""


@dataclass
class WrittenUser:
    """Somebody whose page polls in all tabs: after what was acknowledged, no tab is told 204.

    `lies` are the answers that were. Before a write each tab polls until its worker remembers the
    answer, `warm` times at most.
    """

    person: Person
    tabs: list[WorkerConnection]
    warm: int = 3
    url: str = ""
    writes: int = 0
    stale_answers: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    _ops: Iterator[int] = field(default_factory=count)

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            self.once(over)

    def once(self, over: threading.Event) -> None:
        """Write something, and look at each tab."""
        self._open(over)
        self._warm()
        if not self._write(over):
            return
        self.writes += 1
        old, self.url = self.url, ""
        for number, tab in enumerate(self.tabs):
            answer = tab.poll(old, self.person.cookie)
            self.statuses.add(answer.status)
            if answer.status == 204:
                by = "memory" if is_from_cache(answer) else "Redis"
                self.stale_answers.append(f"write {self.writes}, tab {number}, by {by}")
            self.url = polled_url(answer) or self.url

    def _open(self, over: threading.Event) -> None:
        """Open the page, if it is not known what it polls."""
        while not self.url and not over.is_set():
            page = self.tabs[0].ask("GET", "/dashboard", Cookie=self.person.cookie)
            self.url = polled_url(page)
            over.wait(0 if self.url else PAUSE)

    def _warm(self) -> None:
        for tab in self.tabs:
            for _ in range(self.warm):
                if is_from_cache(tab.poll(self.url, self.person.cookie)):
                    break

    def _write(self, over: threading.Event) -> bool:
        """Have something written by one worker or another; return whether it was acknowledged."""
        number = next(self._ops)
        tab, user = self.tabs[number % len(self.tabs)], f"userId={self.person.id}"
        mood = ("PATCH", f"/api/mood?{user}", {"score": number % 10})
        chat = ("POST", f"/api/chat/save?{user}", {"chatId": f"c{number}", "messages": MESSAGES})
        while not over.is_set():
            answer = tab.write(*(mood if number % 2 else chat), f"op{number}")
            if answer.status == 200:
                return True
            assert answer.status == 503, answer
            over.wait(PAUSE)
        return False


@dataclass
class IdleUser:
    """Somebody of whom nothing is written, whose tabs poll."""

    person: Person
    tabs: list[WorkerConnection]
    url: str
    requests: int = 0
    from_cache: int = 0
    statuses: set[int] = field(default_factory=set)

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            for tab in self.tabs:
                answer = tab.poll(self.url, self.person.cookie)
                self.requests += 1
                self.from_cache += is_from_cache(answer)
                self.statuses.add(answer.status)
            over.wait(PAUSE)
