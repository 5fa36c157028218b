"""A way to Redis that goes wrong on demand."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select

NONSENSE = b"HTTP/1.1 400 Bad Request\r\n\r\n"
MODES = ("pass", "hang", "slow", "behind", "garbage", "refuse")
# Who sends this is told what is written (stats/store/tracking.py).
TRACKING = b"TRACKING"


def drop_none() -> bool:
    """Lose no answer."""
    return False


class Proxy:
    """Listens on a loopback port and carries what it gets to a server's Unix socket and back.

    `mode` is `pass`; `hang` (commands are read and never answered); `slow` (each answer comes
    `delay` seconds late); `behind` (what is told of writes comes that late, and nothing else);
    `garbage` (each answer is nonsense); or `refuse` (nobody listens).
    `drop_response(n)` carries everything but loses the n-th answer from now, and the connection
    with it; what is told of writes is no answer. `drops` is asked for each whether
    it is lost. `redirect_to` leads to another server from then on.
    """

    def __init__(self, server: Path, delay: float = 0.2) -> None:
        self.delay = delay
        self.drops: Callable[[], bool] = drop_none
        self._server, self._mode, self._drop_in = str(server), "pass", 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._streams: set[socket.socket] = set()
        # It listens to nobody: it keeps the port ours while nobody listens.
        self._reserved = self._bind(0)
        self.port: int = self._reserved.getsockname()[1]
        self._listener = self._listen()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def mode(self) -> str:
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        assert mode in MODES, mode
        was, self._mode = self._mode, mode
        if mode == "refuse":
            self._hang_up()
        elif was == "refuse":
            self._listener = self._listen()

    def drop_response(self, answers: int) -> None:
        """Lose that answer, counted from now; 0: none."""
        with self._lock:
            self._drop_in = answers

    def redirect_to(self, server: Path) -> None:
        """Hang up, and carry whoever calls again to another server, as after a failover."""
        self.mode = "refuse"
        self._server = str(server)
        self.mode = "pass"

    @property
    def has_response_to_drop(self) -> bool:
        """Whether the answer to be lost has not come yet."""
        return self._drop_in > 0

    def close(self) -> None:
        self._hang_up()
        self._reserved.close()

    def _bind(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def _listen(self) -> socket.socket:
        listener = self._bind(self.port)
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _hang_up(self) -> None:
        for open_one in [self._listener, *self._open]:
            with suppress(OSError):
                open_one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with listener, suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        self._open.add(client)
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while self._forward_once(client, server):
                continue
        self._open.discard(client)
        self._streams.discard(client)

    def _forward_once(self, client: socket.socket, server: socket.socket) -> bool:
        """Carry what is there, either way; return whether the line still stands."""
        for ready in select([client, server], [], [])[0]:
            data = ready.recv(65_536)
            if not data:
                return False
            if ready is client and TRACKING in data:
                self._streams.add(client)
            if ready is client and self._mode != "hang":
                server.sendall(data)
            elif ready is server and not self._answer(client, data):
                return False
        return True

    def _answer(self, client: socket.socket, data: bytes) -> bool:
        if client not in self._streams and self._drops_this():
            # Closing without lingering is what the other end sees as a reset.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if self._mode == "slow" or (self._mode == "behind" and client in self._streams):
            time.sleep(self.delay)
        if self._mode != "hang":
            client.sendall(NONSENSE if self._mode == "garbage" else data)
        return True

    def _drops_this(self) -> bool:
        with self._lock:
            counted = self._drop_in > 0
            self._drop_in -= counted
            return self.drops() or (counted and self._drop_in == 0)
