"""Slots that move from one node to another while their users are at work."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from stats.billing.customers import bind_customer
from stats.errors import StoreUnavailable
from stats.store.client import Db
from stats.store.keys import user_key
from stats.user_stats import create_user_stats, get_user_stats, increment_conversations
from stats.web.http.error_pages import is_outage
from tests.cluster.nodes import Cluster, Node, assert_eventually, slot_of
from tests.support.store_checks import run_concurrently

WRITES = 400


class Move:
    """A slot on its way from its primary to another, with everything in it."""

    def __init__(self, cluster: Cluster, user: str) -> None:
        self.slot = slot_of(user_key(user, "stats"))
        self.source = cluster.owner(user_key(user, "stats"))
        self.target = next(node for node in cluster.primaries if node is not self.source)
        self._nodes = cluster.primaries

    def begin(self) -> None:
        self.target.ask("CLUSTER SETSLOT", self.slot, "IMPORTING", self.source.id)
        self.source.ask("CLUSTER SETSLOT", self.slot, "MIGRATING", self.target.id)

    def carry(self, most: int = 1000) -> None:
        """Carry some of the keys over."""
        keys = self.source.ask("CLUSTER GETKEYSINSLOT", self.slot, most)
        if keys:
            place = ("127.0.0.1", self.target.port, "", 0, 5000)
            self.source.ask("MIGRATE", *place, "KEYS", *keys)

    def end(self) -> None:
        for node in (self.target, self.source, *self._nodes):
            node.ask("CLUSTER SETSLOT", self.slot, "NODE", self.target.id)

    def whole(self) -> None:
        self.begin()
        self.carry()
        self.end()

    def by_and_by(self) -> None:
        self.begin()
        for _ in range(3):
            self.carry(1)
            time.sleep(0.1)
        self.end()


def back(cluster: Cluster, user: str, home: Node) -> None:
    """Move the slot of a user home."""
    move = Move(cluster, user)
    move.target = home
    move.whole()
    cluster.settle()


@pytest.fixture
def user(cluster: Cluster, valkey: Db) -> Iterator[str]:
    """Somebody whose slot a test moves; afterwards it is where it was."""
    name = "mover"
    home = cluster.owner(user_key(name, "stats"))
    create_user_stats(valkey, name)
    yield name
    back(cluster, name, home)


def test_it_follows_a_slot_that_has_moved(cluster: Cluster, valkey: Db, user: str):
    Move(cluster, user).whole()
    assert increment_conversations(valkey, user) == 1
    assert increment_conversations(valkey, user) == 2


def test_it_follows_keys_that_have_gone_ahead(cluster: Cluster, valkey: Db, user: str):
    move = Move(cluster, user)
    move.begin()
    assert increment_conversations(valkey, user) == 1
    move.carry()
    assert increment_conversations(valkey, user) == 2
    move.end()
    assert increment_conversations(valkey, user) == 3


def test_it_refuses_for_a_moment_while_keys_are_on_both_nodes(
    cluster: Cluster, valkey: Db, user: str
):
    move = Move(cluster, user)
    move.begin()
    move.carry(1)
    assert refused(lambda: increment_conversations(valkey, user))
    move.carry()
    move.end()
    assert increment_conversations(valkey, user) == 1


def test_it_knows_no_node_that_joined_a_moment_ago(cluster: Cluster, valkey: Db, user: str):
    move = Move(cluster, user)
    move.begin()
    move.carry()
    valkey.nodes_manager.nodes_cache.pop(f"127.0.0.1:{move.target.port}")
    with pytest.raises(StoreUnavailable):
        increment_conversations(valkey, user)
    assert_eventually(
        lambda: not refused(lambda: increment_conversations(valkey, user)), "it learns"
    )
    move.end()
    assert get_user_stats(valkey, user).conversations == 1


def refused(work: Callable[[], object]) -> bool:
    """Whether the store cannot serve now; any other error fails the test."""
    try:
        work()
    except StoreUnavailable:
        return True
    except redis.RedisError as error:
        if is_outage(error):
            return True
        raise
    return False


def test_it_counts_exactly_while_a_slot_moves_to_and_fro(cluster: Cluster, valkey: Db, user: str):
    done = threading.Event()

    def write(number: int) -> tuple[int, int]:
        if number == 0:
            for _ in range(6):
                Move(cluster, user).by_and_by()
            done.set()
            return 0, 0
        counted = lost = 0
        while not done.is_set() or counted + lost < WRITES:
            if refused(lambda: increment_conversations(valkey, user)):
                lost += 1
            else:
                counted += 1
        return counted, lost

    results = run_concurrently(5, write)
    acknowledged, refusals = (sum(part) for part in zip(*results, strict=True))
    print(f"\na slot moves six times: {refusals} refused, {acknowledged} acknowledged")
    assert get_user_stats(valkey, user).conversations == acknowledged


def test_a_write_that_a_replica_must_have_follows_the_slot(cluster: Cluster, valkey: Db, user: str):
    move = Move(cluster, user)
    move.begin()
    move.carry()
    with pytest.raises(StoreUnavailable):
        bind_customer(valkey, user, "cus_1")
    move.end()
    assert bind_customer(valkey, user, "cus_1")
    assert valkey.smembers(user_key(user, "customers")) == {"cus_1"}
