"""Lua scripts: each one atomic, sent by its digest, timed for the metrics."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from redis.exceptions import NoScriptError, ResponseError

from stats.errors import OperationReused, WritesRefused
from stats.store.client import Db
from stats.store.cluster import GuardedCluster
from stats.store.keys import user_of
from stats.store.script_sources import READ_SCRIPTS, load_script
from stats.store.writability import refuses_writes

# Told of a script's call: its name, how long it took (s), and whether it failed.
Observer = Callable[[str, float, bool], None]
_observers: list[Observer] = []
# Told whose data this process itself has, or may have, written to, by the client that it used.
_write_listeners: WeakKeyDictionary[Db, Callable[[str], None]] = WeakKeyDictionary()
# What `first_time` (lua/shared/operations.lua) ends a script with.
REUSED = "OPERATION_REUSED"
KEY_REUSED = "This key was used before, with other content. Nothing was done."


def run(db: Db, script: str, keys: Sequence[str], *args: str | int) -> Any:
    """Run `lua/<script>.lua` atomically and return its reply as Redis sent it.

    A server that has lost its scripts (restart, failover) gets the source again, once. Raises
    OperationReused, and WritesRefused while Redis takes no writes.
    """
    begun, failed = time.perf_counter(), True
    try:
        reply = _send(db, script, keys, args)
        failed = False
        return reply
    except ResponseError as error:
        if refuses_writes(error):
            raise WritesRefused("The store takes no writes just now.") from error
        if REUSED not in str(error):
            raise
        failed = False
        raise OperationReused(KEY_REUSED) from None
    finally:
        for observer in _observers:
            observer(script, time.perf_counter() - begun, failed)
        if script not in READ_SCRIPTS and (listener := _write_listeners.get(db)):
            listener(user_of(keys[0]))


def listen_to_writes(db: Db, listener: Callable[[str], None] | None) -> None:
    """Tell a listener, or nobody any more, the ids of users for whom `db` is used to write.

    Told are all scripts but those that only read, failed ones included: a call that timed out may
    have been carried out.
    """
    if listener is None:
        _write_listeners.pop(db, None)
    else:
        _write_listeners[db] = listener


def observe(observer: Observer) -> None:
    """Tell an observer of every script that this process runs from now on, and no other one."""
    _observers[:] = [observer]


def _send(db: Db, script: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
    source, digest = load_script(script)
    execute: Callable[..., Any] = db.execute_command
    try:
        return execute("EVALSHA", digest, len(keys), *keys, *args)
    except NoScriptError:
        return execute("EVAL", source, len(keys), *keys, *args)


def run_replicated(db: Db, script: str, keys: Sequence[str], *args: str | int) -> Any:
    """Run a script as `run` does; on a cluster a replica has its writes on return (WAIT).

    Raises StoreUnavailable when no replica confirms. The caller must try again, and the script
    must write again when it is repeated: WAIT counts only what its own connection wrote.
    """
    if isinstance(db, GuardedCluster):
        return db.run_replicated(keys[0], lambda node: run(node, script, keys, *args))
    return run(db, script, keys, *args)
