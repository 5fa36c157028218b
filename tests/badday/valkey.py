"""A Redis of the test's own, of the embedded kind, that can be told anything."""

import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stats.embedded import server
from tests.support.live_server import eventually


class Valkey:
    """A server of the embedded kind on a short Unix socket."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder, self.socket = folder, folder / "s"
        self._options = {"port": "0", "unixsocket": str(self.socket), "dir": str(folder)} | {
            **server.CONFIG,
            **options,
        }
        self.admin = self.client()
        self.start()

    def client(self, **more: Any) -> redis.Redis:
        """Return a client that tries nothing twice."""
        plain = {"decode_responses": True, "retry": Retry(NoBackoff(), 0)}
        password = self._options.get("requirepass")
        return redis.Redis(unix_socket_path=str(self.socket), password=password, **plain, **more)

    def start(self, **more: str) -> None:
        """Start it; return when it takes commands, even if it is still loading."""
        options = (self._options | more).items()
        words = [word for name, value in options for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [server._binary(), *words],
            stdout=subprocess.DEVNULL,
            # SIGXFSZ stays ignored as Python has it: a full disk is an error and no death.
            restore_signals=False,
        )
        assert eventually(self._listens)

    def _listens(self) -> bool:
        try:
            self.admin.ping()
        except redis.BusyLoadingError:
            return True
        except redis.ConnectionError:
            return False
        return True

    def send_signal(self, what: signal.Signals) -> None:
        self.process.send_signal(what)

    def stop(self) -> None:
        self.admin.close()
        self.process.kill()
        self.process.wait()

    def dump(self) -> dict[str, Any]:
        """All that is stored, to be compared."""
        with redis.Redis.from_pool(self.admin.connection_pool) as raw:
            return {key: _value(raw, key) for key in sorted(raw.scan_iter())}


def _value(db: redis.Redis, key: str) -> Any:
    read: dict[str, Callable[[str], Any]] = {
        "string": db.get,
        "hash": db.hgetall,
        "list": lambda key: db.lrange(key, 0, -1),
        "set": db.smembers,
        "zset": lambda key: db.zrange(key, 0, -1, withscores=True),
    }
    return read[str(db.type(key))](key)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="aira-", ignore_cleanup_errors=True) as short:
        yield Path(short).resolve()
