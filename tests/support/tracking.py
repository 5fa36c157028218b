"""For the tests of client tracking: a client that Redis tells of writes, and held threads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis

from stats.store import tracking
from stats.store.client import Db, connect
from stats.store.tracking import Tracking, _Stream
from tests.badday.valkey import Valkey
from tests.support.live_server import eventually

USER_IDS = ("alice", "bob", *(f"user-{number}" for number in range(100)))


class TrackingClient:
    """A store's client with its stamps, and what they told of: `up`, `lost` and so on."""

    def __init__(self, db: Db) -> None:
        self.db, self.events = db, list[str]()
        self.tracking = Tracking(db, self.events.append)
        self.is_in_step = self.tracking.is_in_step

    def start(self) -> "TrackingClient":
        """Begin, and return once the stamps can be believed."""
        self.tracking.start()
        assert eventually(self.is_in_step)
        return self

    def stamp(self, user_id: str) -> int:
        return self.tracking.stamp(self.tracking.shard(user_id))

    def stamps(self) -> list[int]:
        """The stamps of many users, to be compared."""
        return list(map(self.stamp, USER_IDS))

    def all_changed(self, stamps: list[int]) -> bool:
        """Whether all of these have changed."""
        return not any(old == new for old, new in zip(stamps, self.stamps(), strict=True))

    def close(self) -> None:
        """End it, and return once its thread has ended: the next test may count streams."""
        self.tracking.close()
        if self.tracking._thread is not None:
            self.tracking._thread.join(30)
        self.db.close()


def new_tracking_client(url: str) -> TrackingClient:
    """Return the stamps of the app's own kind of client of a server, not started yet."""
    return TrackingClient(connect(url))


def tracking_connections(db: redis.Redis) -> list[str]:
    """Return the ids of the connections on which a server names what is written."""
    return [client["id"] for client in db.client_list() if "B" in client["flags"]]


def kill_tracking_connections(db: redis.Redis) -> int:
    """End these connections; return how many there were."""
    return sum(db.client_kill_filter(_id=stream) for stream in tracking_connections(db))


def write_user_key(valkey: Valkey, user_id: str = "alice") -> None:
    """Write something of a user, as another program does."""
    valkey.admin.incr(f"user:{{{user_id}}}:touched")


class Gate:
    """A function that can be held back, as a thread is that gets no turn."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._reached, self._open = threading.Event(), threading.Event()
        self._open.set()

    def __call__(self, *args: Any) -> Any:
        if not self._open.is_set():
            self._reached.set()
            self._open.wait(30)
        return self._function(*args)

    def shut(self) -> None:
        """Hold whoever comes from now on."""
        self._reached.clear()
        self._open.clear()

    def wait(self) -> None:
        """Return once somebody is held."""
        assert self._reached.wait(20)

    def open(self) -> None:
        """Let everybody through again."""
        self._open.set()


def gate(
    monkeypatch: pytest.MonkeyPatch, tracking_client: TrackingClient, owner: type, name: str
) -> Gate:
    """Put a gate before a method for the thread of one client."""
    method = getattr(owner, name)
    made = Gate(method)

    def gated(*args: Any) -> Any:
        # The thread of a test before this one may still be about to end.
        is_held = threading.current_thread() is tracking_client.tracking._thread
        return made(*args) if is_held else method(*args)

    monkeypatch.setattr(owner, name, gated)
    return made


def believe_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever ping is answered from now on be believed for as long as a test takes."""
    monkeypatch.setattr(tracking, "BELIEVED_FOR", 3600.0)


def pause_stream(monkeypatch: pytest.MonkeyPatch, tracking_client: TrackingClient) -> Gate:
    """Keep the thread from looking at its connection until the gate is opened."""
    stream_gate = gate(monkeypatch, tracking_client, _Stream, "has_news")
    stream_gate.shut()
    stream_gate.wait()
    assert tracking_client.is_in_step()
    return stream_gate
