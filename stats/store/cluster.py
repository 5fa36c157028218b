"""The client for a Redis Cluster: a node that is down or hangs delays only its own slots.

redis-py's client looks for the nodes when it is made, and again within the request that found one
away: node after node, for 0.8 s each, while all other requests wait. This one connects at its
first command, looks again in the background, and has a circuit breaker for each node.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.cluster import ClusterNode, NodesManager, RedisCluster
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError

from stats.errors import StoreUnavailable
from stats.store.circuit_breaker import REDIS_ERRORS, CircuitBreaker
from stats.store.cut_connections import call_despite_cut, is_read

OPEN_TIMEOUT = 1.0
REPLICA_TIMEOUT_MS = 500

T = TypeVar("T")


class GuardedCluster(RedisCluster):
    """A Redis Cluster client that connects at its first command; `options` are RedisCluster's.

    A command that cannot reach its node fails and is not sent again, but for a read whose
    connection was cut; a redirected one (MOVED, ASK, TRYAGAIN: the node did nothing) is.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._opened, self._opener = False, 0
        self._turn, self._looking = threading.Lock(), threading.Lock()
        self._door = CircuitBreaker()
        self._breakers: dict[str, CircuitBreaker] = {}

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command to the node or nodes that it concerns, as redis-py does."""
        self._open()
        execute: Callable[..., Any] = super().execute_command
        return execute(*args, **kwargs)

    def ping(self, **kwargs: Any) -> Any:
        """Ask a primary that answered last; other slots are served while one is away."""
        return self.execute_command("PING", target_nodes=self.served_primary(), **kwargs)

    def served_primary(self) -> ClusterNode:
        """Return a primary that answered last, or the first of all if none did."""
        self._open()
        primaries: list[ClusterNode] = self.nodes_manager.get_nodes_by_server_type("primary")
        served = (node for node in primaries if self._breaker(node).closed)
        return next(served, primaries[0])

    def get_redis_connection(self, node: ClusterNode | None) -> redis.Redis:
        """Return the client of a node; redis-py asks for None after ASK to a new one."""
        if node is None:
            self._look_again()
            raise StoreUnavailable("These data are moving to a node that is new here.")
        return super().get_redis_connection(node)

    def run_replicated(self, key: str, func: Callable[[redis.Redis], T]) -> T:
        """Return what `func` returns, once a replica has applied its writes.

        `func` gets a client on one connection to the node that holds `key`; it may be called
        again when that node turns it away. A node without replicas answers for itself. Raises
        StoreUnavailable when no replica confirms in time: the writes may get lost or not.
        WAIT is for what its own connection wrote (https://valkey.io/commands/wait/).
        """
        self._open()
        try:
            try:
                return self._run_replicated(key, func)
            except MovedError as error:
                self.nodes_manager.move_slot(error)
                return self._run_replicated(key, func)
        except AskError:
            raise StoreUnavailable("These data are moving to another node.") from None

    def _run_replicated(self, key: str, func: Callable[[redis.Redis], T]) -> T:
        node = self.nodes_manager.slots_cache[key_slot(key.encode())][0]
        pool = self.get_redis_connection(node).connection_pool
        try:
            with self._breaker(node):
                return call_despite_cut(lambda: _write_replicated(pool, func), pool, read=False)
        except (redis.ConnectionError, redis.TimeoutError):
            self._look_again()
            raise

    def _open(self) -> None:
        """Connect unless connected; one thread at a time tries, after a failure no other waits."""
        if self._opened or self._opener == threading.get_ident():
            return
        if not self._turn.acquire(timeout=OPEN_TIMEOUT if self._door.closed else 0):
            raise StoreUnavailable("The store does not answer just now.")
        try:
            if not self._opened:
                with self._door:
                    self._connect()
        finally:
            self._turn.release()

    def _connect(self) -> None:
        self._opener = threading.get_ident()
        try:
            super().__init__(**self._options)
            # Wherever redis-py looks for the nodes anew, nobody waits for it.
            self.nodes_manager.initialize = self._look_again  # type: ignore[method-assign]
            self._opened = True
        finally:
            self._opener = 0

    def _look_again(self, *_: Any, **__: Any) -> None:
        """Ask in the background who holds which slots now."""
        if self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        try:
            NodesManager.initialize(self.nodes_manager)
        except REDIS_ERRORS:
            return  # Nobody answers; the next command that fails asks again.
        finally:
            self._looking.release()

    def _breaker(self, node: ClusterNode) -> CircuitBreaker:
        return self._breakers.setdefault(node.name, CircuitBreaker())

    def _execute_command(self, target_node: ClusterNode, *args: Any, **kwargs: Any) -> Any:
        execute: Callable[..., Any] = super()._execute_command
        pool = self.get_redis_connection(target_node).connection_pool
        with self._breaker(target_node):
            return call_despite_cut(
                lambda: execute(target_node, *args, **kwargs), pool, read=is_read(*args)
            )


def _write_replicated(pool: redis.ConnectionPool, func: Callable[[redis.Redis], T]) -> T:
    with redis.Redis(connection_pool=pool, single_connection_client=True) as client:
        result = func(client)
        if _has_replicas(client) and not _copied(client):
            raise StoreUnavailable("No replica confirms what was written.")
        return result


def _has_replicas(node: redis.Redis) -> bool:
    """Return whether a node has a replica, even one that is down: it may come back as primary."""
    execute: Callable[..., Any] = node.execute_command
    return bool(execute("CLUSTER REPLICAS", execute("CLUSTER MYID")))


def _copied(node: redis.Redis) -> bool:
    """Return whether a replica confirms in time what this connection wrote."""
    try:
        return bool(node.wait(1, REPLICA_TIMEOUT_MS))
    except redis.ResponseError:
        return False  # UNBLOCKED: the node is no primary any more.
