"""Keep-alive connections to one server, and which of its workers holds each of them."""

import re
import select
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from tests.bench.stage.machine import TIMEOUT
from tests.bench.stage.servers import Site

MOST_BYTES = 65536
UNCHANGED = b"HTTP/1.1 204 "
END = b"\r\n\r\n"
SOCKET = re.compile(r"socket:\[(\d+)\]")


class KeepAliveConnections:
    """So many connections, by the numbers of their sockets; all are closed with the block."""

    def __init__(self, port: int, count: int) -> None:
        self.port = port
        self.sockets: dict[int, socket.socket] = {}
        self.epoll = select.epoll()
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self.sockets[connection.fileno()] = connection
            self.epoll.register(connection.fileno(), select.EPOLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.epoll.close()
        for connection in self.sockets.values():
            connection.close()

    def send(self, handle: int, request: bytes) -> bool:
        """Send a request whole; return whether it went."""
        return self.sockets[handle].send(request) == len(request)

    def receive(self, handle: int) -> bytes:
        """Return what waits to be read, b"" after the connection's end."""
        return self.sockets[handle].recv(MOST_BYTES)

    def by_worker(self, site: Site) -> list[list[int]]:
        """Return the connections that each of the site's workers holds."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            inodes = {inode: handle for handle, inode in self._served()}
            by_worker = [[inodes[i] for i in _inodes(pid) if i in inodes] for pid in workers(site)]
            if sum(map(len, by_worker)) == len(self.sockets):
                return [handles for handles in by_worker if handles]
            time.sleep(0.01)
        raise TimeoutError("some connections were not accepted")

    def _served(self) -> Iterator[tuple[int, str]]:
        """Yield each connection with the inode of the server's end, as the kernel lists them."""
        ours = {wire.getsockname()[1]: handle for handle, wire in self.sockets.items()}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            local, remote = (int(address.rpartition(":")[2], 16) for address in words[1:3])
            if local == self.port and remote in ours:
                yield ours[remote], words[9]


def workers(site: Site) -> list[int]:
    """Return the process ids of all that a site's first process has started."""
    lists = Path(f"/proc/{site.pid}/task").glob("*/children")
    return sorted(int(word) for found in lists for word in found.read_text().split())


def _inodes(pid: int) -> Iterator[str]:
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            match = SOCKET.fullmatch(str(entry.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
        if match:
            yield match[1]


def warm_poll_cache(site: Site, polls: Sequence[bytes]) -> None:
    """Have every worker remember the answers to these polls, to all of which it is 204.

    With its first poll a worker begins to listen to Redis; what it was asked before is forgotten.
    """
    ask_all(site, polls[:100])
    time.sleep(0.5)
    ask_all(site, polls)


def ask_all(site: Site, requests: Sequence[bytes], count: int = 32) -> None:
    """Have every worker answer each of these polls once with 204, as fast as they can.

    A keep-alive connection stays with its worker. Raises RuntimeError at any other answer, and
    TimeoutError at none.
    """
    with KeepAliveConnections(site.port, count) as connections:
        by_worker = connections.by_worker(site)
        if len(by_worker) != len(workers(site)):
            raise RuntimeError("a worker got no connection")
        turns = {
            handle: turn for handles in by_worker for turn in [iter(requests)] for handle in handles
        }
        under_way = sum(_ask(connections, handle, turn) for handle, turn in turns.items())
        while under_way:
            ready = connections.epoll.poll(TIMEOUT)
            if not ready:
                raise TimeoutError("a poll was not answered")
            for handle, _ in ready:
                answer = connections.receive(handle)
                if not is_unchanged(answer):
                    raise RuntimeError(f"a poll was answered {answer[:200]!r}")
                under_way -= not _ask(connections, handle, turns[handle])


def is_unchanged(answer: bytes) -> bool:
    """Return whether these bytes are one whole 204."""
    return answer.startswith(UNCHANGED) and answer.endswith(END)


def _ask(connections: KeepAliveConnections, handle: int, turn: Iterator[bytes]) -> bool:
    """Send the next of some requests; return False, and look there no more, if there is none."""
    request = next(turn, None)
    if request is None:
        connections.epoll.unregister(handle)
        return False
    return connections.send(handle, request)
