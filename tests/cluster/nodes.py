"""A Redis Cluster on loopback: six of the embedded server's binary, three of them primaries."""

import itertools
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.crc import key_slot

from stats.embedded import server
from stats.store.client import Db, connect
from stats.store.keys import user_key
from stats.web.worker_processes import die_with_parent

SLOTS = 16384
PRIMARIES = 3
TIMEOUT = 20.0
CONFIG = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "no",
    "cluster-enabled": "yes",
    "cluster-node-timeout": "1500",
    # While one primary is away the others serve: see the README.
    "cluster-require-full-coverage": "no",
    # A replica takes over however long it has been without its primary.
    "cluster-replica-validity-factor": "0",
    "cluster-allow-replica-migration": "no",
    "repl-diskless-sync-delay": "0",
    "repl-ping-replica-period": "1",
}


def assert_eventually(condition: Callable[[], Any], what: str, seconds: float = TIMEOUT) -> None:
    """Wait until something is true; fail, saying what was not, if it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {seconds} s: {what}"
        time.sleep(0.02)


class Node:
    """One server of the cluster and a plain client of it."""

    def __init__(self, folder: Path, port: int, bus: int) -> None:
        self.folder, self.port, self.bus = folder, port, bus
        folder.mkdir()
        self.db = redis.Redis(port=port, decode_responses=True, socket_timeout=5)
        self._process: subprocess.Popen[bytes]

    @property
    def runs(self) -> bool:
        return hasattr(self, "_process") and self._process.poll() is None

    def start(self) -> None:
        places = {"port": str(self.port), "cluster-port": str(self.bus), "dir": str(self.folder)}
        options = [word for key, value in (CONFIG | places).items() for word in (f"--{key}", value)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [server._binary(), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def hang(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def pause(self, seconds: float) -> None:
        """Answer nobody for a while, and none the less stay with the other nodes."""
        self.ask("CLIENT PAUSE", int(seconds * 1000), "ALL")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        if self.runs:
            self.kill()
        self.db.close()

    def ask(self, *command: Any) -> Any:
        return self.db.execute_command(*command)

    def answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.db.ping())
        return False

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER MYID"))

    @property
    def is_primary(self) -> bool:
        return self.ask("ROLE")[0] == "master"

    def state(self) -> dict[str, str]:
        return self.ask("CLUSTER INFO")

    def knows(self, count: int) -> bool:
        state = self.state()
        return state["cluster_state"] == "ok" and int(state["cluster_known_nodes"]) == count

    def has_replica(self) -> bool:
        """Whether a replica follows this primary, or this replica follows its primary."""
        role = self.ask("ROLE")
        return bool(role[2]) if role[0] == "master" else role[3] == "connected"


class Cluster:
    """Six nodes, found by `url`."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(folder / str(number), *ports) for number, ports in enumerate(_ports())]

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        assert_eventually(lambda: all(node.answers() for node in self.nodes), "all nodes run")
        self._assign()
        assert_eventually(lambda: self._met(), "all nodes know each other")
        pairs = zip(self.nodes[:PRIMARIES], self.nodes[PRIMARIES:], strict=True)
        for primary, replica in pairs:
            replica.ask("CLUSTER REPLICATE", primary.id)
        self.settle()

    def _assign(self) -> None:
        first, share = self.nodes[0], SLOTS // PRIMARIES + 1
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < PRIMARIES:
                last = min(SLOTS, (number + 1) * share) - 1
                node.ask("CLUSTER ADDSLOTSRANGE", number * share, last)
            node.ask("CLUSTER MEET", "127.0.0.1", first.port, first.bus)

    def _met(self) -> bool:
        return all(node.knows(len(self.nodes)) for node in self.nodes)

    def settle(self) -> None:
        """Wait until three primaries have a replica each that is up to date."""

        def settled() -> bool:
            with suppress(redis.RedisError):
                return (
                    self._met()
                    and len(self.primaries) == PRIMARIES
                    and all(node.has_replica() for node in self.nodes)
                    and len({str(node.ask("CLUSTER SLOTS")) for node in self.nodes}) == 1
                )
            return False

        assert_eventually(settled, "the cluster settles")

    def heal(self) -> None:
        """Let every node run again."""
        for node in self.nodes:
            if not node.runs:
                node.start()
            node.go_on()
        assert_eventually(lambda: all(node.answers() for node in self.nodes), "all nodes run")
        self.settle()

    def close(self) -> None:
        for node in self.nodes:
            node.close()

    @property
    def primaries(self) -> list[Node]:
        return [node for node in self.nodes if node.is_primary]

    def owner(self, key: str) -> Node:
        """The primary that holds a key."""
        slot, seen = slot_of(key), next(node for node in self.nodes if node.answers())
        for begins, ends, primary, *_ in seen.ask("CLUSTER SLOTS"):
            if int(begins) <= slot <= int(ends):
                return next(node for node in self.nodes if node.port == int(primary[1]))
        raise AssertionError(f"nobody holds {key}")

    def users_of(self, primary: Node, count: int) -> list[str]:
        """Names of users whose data one primary holds."""
        names = (f"user-{number}" for number in itertools.count())
        theirs = (name for name in names if self.owner(user_key(name, "stats")) is primary)
        return list(itertools.islice(theirs, count))

    def replica_of(self, primary: Node) -> Node:
        return next(
            node
            for node in self.nodes
            if not node.is_primary and int(node.ask("ROLE")[2]) == primary.port
        )

    def client(self) -> Db:
        """The app's own client."""
        return everywhere(connect(self.url))

    def plain_client(self, **options: Any) -> Db:
        """A client as another program may have it."""
        return everywhere(RedisCluster.from_url(self.url.replace("+cluster", ""), **options))


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def everywhere(db: Any) -> Db:
    """Let KEYS mean the keys of all nodes, as tests do, where redis-py asks one."""
    keys = db.keys
    db.keys = lambda pattern="*": keys(pattern, target_nodes=RedisCluster.PRIMARIES)
    return db


def slot_of(key: str) -> int:
    return int(key_slot(key.encode()))


def _ports() -> Iterator[tuple[int, int]]:
    """Six pairs of free ports, for clients and for the nodes among themselves."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(12)]
        ports = [listener.getsockname()[1] for listener in free]
    return zip(ports[::2], ports[1::2], strict=True)
