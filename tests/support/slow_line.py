"""A line to the running application on which everything takes its time."""

import socket
import threading
import time
from contextlib import suppress


class SlowLine:
    """Listens on a loopback port and carries what it gets to another one and back.

    A request and its answer take `latency` (s) together. What is on its way arrives, also if the
    browser has given up waiting for the answer.
    """

    def __init__(self, port: int) -> None:
        self.latency = 0.0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with self._listener, suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            up = threading.Thread(target=self._carry, args=(client, server), daemon=True)
            up.start()
            self._carry(server, client)
            up.join()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                time.sleep(self.latency / 2)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
