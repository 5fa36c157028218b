"""A line to the running application on which everything takes its time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OPEN = threading.Event()
OPEN.set()


class SlowLine:
    """Listens on a loopback port and carries what it gets to another one and back.

    A request and its answer take `latency` (s) together. What is on its way arrives, also if the
    browser has given up waiting for the answer.
    """

    def __init__(self, port: int) -> None:
        self.latency = 0.0
        self._answering = threading.Event()
        self._answering.set()
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def holding_answers(self) -> Iterator[None]:
        """Carry requests alone; the answers follow at the end of the block."""
        self._answering.clear()
        try:
            yield
        finally:
            self._answering.set()

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            up = threading.Thread(target=self._carry, args=(client, server), daemon=True)
            up.start()
            self._carry(server, client, self._answering)
            up.join()

    def _carry(
        self, source: socket.socket, target: socket.socket, gate: threading.Event = OPEN
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                time.sleep(self.latency / 2)
                gate.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
