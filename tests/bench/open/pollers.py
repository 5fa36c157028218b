"""An open-loop client: every poll has a moment at which it is due, whatever became of the others.

A latency counts from that moment, so that a server that stalls, or this client itself running
late, shows in full and hides nothing ("coordinated omission": https://github.com/giltene/wrk2).
"""

import gc
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tests.bench.open.connections import KeepAliveConnections, is_unchanged

CONNECTIONS = 256
# The 99th percentile lies below it (s), or the window is given up.
LIMIT = 0.1
# How long after the last due moment an answer may still come.
LATE = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a window brought: 99th percentile and median in seconds; `bad` requests failed.

    `busy` is the client's own share of a core. `moods` were saved meanwhile, `changed` polls were
    told of something new, `stale` ones of nothing though it had been acknowledged before.
    """

    polls: int
    seconds: float
    p50: float
    p99: float
    bad: int
    busy: float
    moods: int = 0
    changed: int = 0
    stale: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing failed and the 99th percentile lies below the limit."""
        return not self.bad and self.p99 < LIMIT


class PendingPoll(NamedTuple):
    """What a connection is being asked: when that was due, whose it is, and in which words."""

    due: float
    user: int
    request: bytes


class Pollers:
    """Many users' pages, whose polls go out in turn over the connections of one server."""

    def __init__(self, connections: KeepAliveConnections, pages: Sequence[bytes]) -> None:
        self.connections, self.pages = connections, pages
        self.idle = deque(connections.sockets)
        self.pending: dict[int, PendingPoll] = {}
        self.latencies = array("d")
        # What is due at once, besides the polls in turn.
        self.soon: deque[Callable[[], object]] = deque()
        self.users = self.late = self.bad = 0

    def run(self, users: int, rate: float, seconds: float) -> Outcome:
        """Let so many polls be due a second, evenly spread, of the first so many users in turn."""
        self.users, total = users, int(seconds * rate)
        begun, used = time.perf_counter(), time.process_time()
        with _no_collection():
            sent = self._drive(begun, 1 / rate, total)
        busy = (time.process_time() - used) / (time.perf_counter() - begun)
        lost = total - sent + len(self.pending) + len(self.soon)
        ordered = sorted(self.latencies) or [float("inf")]
        p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        return Outcome(total, seconds, p50, p99, self.bad + lost, busy)

    def _drive(self, begun: float, step: float, total: int) -> int:
        """Send what is due and take what is answered until all is; return how many were sent.

        It ends early once the window cannot hold any more.
        """
        sent, end = 0, begun + total * step + LATE
        while (sent < total or self.pending or self.soon) and self._may_hold(total):
            now = time.perf_counter()
            if now > end:
                break
            while self.idle and self.soon:
                self.soon.popleft()()
            while self.idle and sent < total and (due := begun + sent * step) <= now:
                self.poll(due, sent % self.users)
                sent += 1
            wait = begun + sent * step - now if self.idle and sent < total else end - now
            for handle, _ in self.connections.epoll.poll(max(wait, 0)):
                self._take(handle)
        return sent

    def _may_hold(self, total: int) -> bool:
        return not self.bad and self.late * 100 <= total

    def poll(self, due: float, user: int) -> int:
        """Send the poll of a user's page, over the connection that is returned."""
        return self.send(PendingPoll(due, user, self.pages[user]))

    def send(self, poll: PendingPoll) -> int:
        """Send a request over the connection that has been idle for longest; return which."""
        handle = self.idle.popleft()
        self.pending[handle] = poll
        self.bad += not self.connections.send(handle, poll.request)
        return handle

    def _take(self, handle: int) -> None:
        answer = self.connections.receive(handle)
        if not self.is_right(handle, answer):
            return
        took = time.perf_counter() - self.pending.pop(handle).due
        self.latencies.append(took)
        self.late += took > LIMIT
        self.idle.append(handle)

    def is_right(self, handle: int, answer: bytes) -> bool:
        """Return whether a request has its whole answer now; anything but a 204 is a failure."""
        right = is_unchanged(answer)
        self.bad += not right
        return right


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
