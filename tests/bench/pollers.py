"""An open-loop client: every poll has a moment at which it is due, whatever became of the others.

A latency counts from that moment, so that a server that stalls, or this client itself running
late, shows in full and hides nothing ("coordinated omission": https://github.com/giltene/wrk2).
"""

import gc
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CONNECTIONS = 256
# How long after the last due moment an answer may still come.
LATE = 2.0
GOOD = b"HTTP/1.1 204 "


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a window brought: 99th percentile and median in seconds; `bad` polls failed."""

    polls: int
    p50: float
    p99: float
    bad: int

    def holds(self, limit: float) -> bool:
        """Whether nothing failed and the 99th percentile lies below the limit (s)."""
        return not self.bad and self.p99 < limit


class Pollers:
    """Keep-alive connections to one server, over which many users' polls go out in turn."""

    def __init__(self, port: int) -> None:
        self.sockets: dict[int, socket.socket] = {}
        self.epoll = select.epoll()
        for _ in range(CONNECTIONS):
            wire = socket.create_connection(("127.0.0.1", port), 10)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.setblocking(False)
            self.sockets[wire.fileno()] = wire
            self.epoll.register(wire.fileno(), select.EPOLLIN)
        self.idle = deque(self.sockets)
        self.due: dict[int, float] = {}
        self.latencies = array("d")
        self.bad = 0

    def run(self, requests: Sequence[bytes], interval: float, seconds: float) -> Outcome:
        """Let each request be due once an interval (s), evenly spread, for so many seconds."""
        step = interval / len(requests)
        total = int(seconds / step)
        with _no_collection():
            self._drive(requests, step, total)
        lost = total - len(self.latencies) - self.bad
        ordered = sorted(self.latencies) or [float("inf")]
        p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        return Outcome(total, p50, p99, self.bad + lost)

    def _drive(self, requests: Sequence[bytes], step: float, total: int) -> None:
        begun, sent, count = time.perf_counter(), 0, len(requests)
        end = begun + total * step + LATE
        while (sent < total or self.due) and not self.bad:
            now = time.perf_counter()
            if now > end:
                return
            while self.idle and sent < total and (due := begun + sent * step) <= now:
                self._send(self.idle.popleft(), requests[sent % count], due)
                sent += 1
            wait = begun + sent * step - now if self.idle and sent < total else end - now
            for handle, _ in self.epoll.poll(max(wait, 0)):
                self._receive(handle)

    def _send(self, handle: int, request: bytes, due: float) -> None:
        self.due[handle] = due
        if self.sockets[handle].send(request) != len(request):
            self.bad += 1

    def _receive(self, handle: int) -> None:
        answer = self.sockets[handle].recv(65536)
        if not (answer.startswith(GOOD) and answer.endswith(b"\r\n\r\n")):
            self.bad += 1
            return
        self.latencies.append(time.perf_counter() - self.due.pop(handle))
        self.idle.append(handle)

    def close(self) -> None:
        """Hang up."""
        self.epoll.close()
        for wire in self.sockets.values():
            wire.close()


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
