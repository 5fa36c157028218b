"""Ways to bring a real server into trouble, each undone at the end of its `with` block."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import redis

from tests.badday.valkey import Valkey
from tests.support.live_server import eventually, free_port

PASSWORD = "the first password"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
Fault = AbstractContextManager[None]


@contextmanager
def config_override(valkey: Valkey, name: str, bad: str) -> Iterator[None]:
    good = valkey.admin.config_get(name)[name]
    valkey.admin.config_set(name, bad)
    try:
        yield
    finally:
        valkey.admin.config_set(name, good)


def full(valkey: Valkey) -> Fault:
    return config_override(valkey, "maxmemory", "1")


def no_replicas(valkey: Valkey) -> Fault:
    return config_override(valkey, "min-replicas-to-write", "1")


@contextmanager
def replica(valkey: Valkey) -> Iterator[None]:
    """A replica of a server that is not there: what a failover leaves behind."""
    valkey.admin.replicaof("127.0.0.1", str(free_port()))
    try:
        yield
    finally:
        valkey.admin.replicaof("NO", "ONE")


@contextmanager
def stale_replica(valkey: Valkey) -> Iterator[None]:
    with config_override(valkey, "replica-serve-stale-data", "no"), replica(valkey):
        yield


@contextmanager
def failed_snapshot(valkey: Valkey) -> Iterator[None]:
    """A folder stands where the snapshot should go."""
    place = valkey.folder / "dump.rdb"
    place.unlink(missing_ok=True)
    (place / "in the way").mkdir(parents=True)
    valkey.admin.bgsave()
    assert eventually(lambda: last_save(valkey) == "err")
    with config_override(valkey, "save", "3600 1"):
        try:
            yield
        finally:
            (place / "in the way").rmdir()
            place.rmdir()
            valkey.admin.bgsave()
            assert eventually(lambda: last_save(valkey) == "ok")


def last_save(valkey: Valkey) -> str:
    info = valkey.admin.info("persistence")
    return "" if info["rdb_bgsave_in_progress"] else str(info["rdb_last_bgsave_status"])


@contextmanager
def full_disk(valkey: Valkey) -> Iterator[None]:
    """The append-only file cannot grow; the write that finds it out is the last to be taken."""
    resource.prlimit(valkey.process.pid, resource.RLIMIT_FSIZE, (1, UNLIMITED[1]))
    valkey.admin.set("the last", "one")
    assert eventually(lambda: last_append(valkey) == "err")
    try:
        yield
    finally:
        resource.prlimit(valkey.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        assert eventually(lambda: last_append(valkey) == "ok")
        valkey.admin.delete("the last")


def last_append(valkey: Valkey) -> str:
    return str(valkey.admin.info("persistence")["aof_last_write_status"])


@contextmanager
def busy(valkey: Valkey) -> Iterator[None]:
    """A script that does not end runs for somebody else."""

    def endless() -> None:
        with suppress(redis.RedisError), valkey.client(socket_timeout=None) as other:
            other.eval("while true do end", 0)

    thread = threading.Thread(target=endless)
    thread.start()
    assert eventually(lambda: fails_with(valkey, "BUSY"))
    try:
        yield
    finally:
        valkey.admin.script_kill()
        thread.join()


def fails_with(valkey: Valkey, code: str) -> bool:
    try:
        valkey.admin.ping()
    except redis.RedisError as error:
        return str(error).startswith(code)
    return False


@contextmanager
def loading(valkey: Valkey) -> Iterator[None]:
    """It was killed, and reads a long file."""
    filler = {f"filler:{number}": number for number in range(1000)}
    valkey.admin.mset(filler)
    valkey.admin.bgrewriteaof()
    assert eventually(lambda: not valkey.admin.info("persistence")["aof_rewrite_in_progress"])
    valkey.stop()
    slowly = {"key-load-delay": "3000", "loading-process-events-interval-bytes": "1024"}
    valkey.start(**slowly)
    assert valkey.admin.info("persistence")["loading"]
    try:
        yield
    finally:
        valkey.admin.config_set("key-load-delay", "0")
        assert eventually(lambda: not valkey.admin.info("persistence")["loading"])
        valkey.admin.delete(*filler)


@contextmanager
def other_password(valkey: Valkey) -> Iterator[None]:
    """Somebody has changed the password."""
    valkey.admin.config_set("requirepass", "the second password")
    valkey.admin.client_kill_filter(_type="normal", skipme=True)
    try:
        yield
    finally:
        valkey.admin.config_set("requirepass", PASSWORD)


@contextmanager
def crowded(valkey: Valkey) -> Iterator[None]:
    """It takes no further connection."""
    with config_override(valkey, "maxclients", "1"):
        valkey.admin.client_kill_filter(_type="normal", skipme=True)
        yield


# What the server says, how to bring it there, and whether it still answers reads.
FAULTS: dict[str, tuple[Callable[[Valkey], Fault], bool]] = {
    "OOM": (full, True),
    "READONLY": (replica, True),
    "MASTERDOWN": (stale_replica, False),
    "NOREPLICAS": (no_replicas, True),
    "MISCONF-snapshot": (failed_snapshot, True),
    "MISCONF-disk": (full_disk, True),
    "BUSY": (busy, False),
    "LOADING": (loading, False),
    "WRONGPASS": (other_password, False),
    "maxclients": (crowded, False),
}
