"""What the tests of the domain share: looking at the store, crowds, a line that gets cut."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from stats.errors import StatsError
from stats.lib.text import as_text
from stats.store.client import Db
from stats.user_stats import open_stats

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
fresh_ids = (f"user-{number}" for number in itertools.count())

BAD_IDS = ("", "a" * 129, "{alice}", "a}b", "a{b", "alice\n", "a b", "a/b", "älice", "a\0b", "*")
BAD_TEXTS = ("a\0b", "\ud800", "ok\udfffok")


def contents(db: Db) -> dict[str, Any]:
    """Everything that is stored, by key."""
    read: dict[str, Callable[[Any], Any]] = {
        "string": db.get,
        "hash": db.hgetall,
        "list": lambda key: db.lrange(key, 0, -1),
        "set": db.smembers,
        "zset": lambda key: db.zrange(key, 0, -1, withscores=True),
    }
    return {as_text(key): read[as_text(db.type(key))](key) for key in db.keys("*")}


def keys_of_user(db: Db, user_id: str) -> set[str]:
    """Every key that names a user."""
    return {key for key in contents(db) if f"{{{user_id}}}" in key}


def version(db: Db, user_id: str = "alice") -> int:
    return open_stats(db, user_id, create=False).version


def run_concurrently(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work` with 0, 1, … in threads at one moment; return the answers and StatsErrors."""
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait(30)
        try:
            return work(number)
        except StatsError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class LossyProxy:
    """A way to a server on which, once `cut` is set, commands arrive and answers get lost."""

    def __init__(self, server: str, path: Path) -> None:
        self.url = f"unix://{path}"
        self.drop_responses = False
        self._drop_next = self._refuse = False
        self._server = server.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def drop_once(self) -> None:
        """Lose the next answer, and the connection with it."""
        self._drop_next = True

    def refuse_after_drop(self) -> None:
        """Lose the next answer, and take no connection any more."""
        self._drop_next = self._refuse = True

    def _drops_this(self) -> bool:
        dropped, self._drop_next = self._drop_next, False
        if dropped and self._refuse:
            self.close()
        return dropped or self.drop_responses

    def _forward(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while request := client.recv(65536):
                server.sendall(request)
                response = server.recv(65536)
                if self._drops_this():
                    return
                client.sendall(response)


@contextmanager
def run_lossy_proxy(server_url: str, folder: Path) -> Iterator[LossyProxy]:
    proxy = LossyProxy(server_url, folder / "line.sock")
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
