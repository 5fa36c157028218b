"""What Stripe is told to be done is on a replica, too: no plan that was paid for is ever lost."""

import time
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
import redis
from redis.exceptions import RedisClusterException

from stats.billing.customers import bind_customer
from stats.billing.sync import sync
from stats.errors import StoreUnavailable
from stats.plans.plan import Plan
from stats.store.client import Db, connect
from stats.store.keys import user_key
from stats.user_stats import open_stats
from tests.cluster.nodes import Cluster, assert_eventually
from tests.support.store_checks import run_concurrently

AWAY = (redis.RedisError, RedisClusterException, StoreUnavailable)
USERS, EVENTS = 24, 40


class Paid:
    """A Stripe at which everybody has paid for Plus."""

    products = MappingProxyType({"prod_plus": Plan.PLUS})
    livemode = False

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        item = {"price": {"product": "prod_plus"}, "current_period_end": int(time.time()) + 9999}
        return [{"id": f"sub_{customer}", "status": "active", "items": {"data": [item]}}]


def deliver(db: Db, user: str, event: str) -> str:
    """Deliver an event as the webhook does; returning stands for an answer of 200."""
    customer = f"cus_{user}"
    assert bind_customer(db, user, customer)
    return sync(db, Paid(), user, grace=0, event={"id": event, "type": "t"}, customer=customer)


def insist(db: Db, user: str, event: str) -> str:
    """Deliver an event again and again, as Stripe does."""
    done: list[str] = []

    def delivered() -> bool:
        try:
            done.append(deliver(db, user, event))
        except AWAY:
            return False
        return True

    assert_eventually(delivered, "the event is taken")
    return done[0]


def plan(db: Db, user: str) -> Plan:
    return open_stats(db, user, create=False).stats().plan


@pytest.fixture
def payer(failing_cluster: Cluster, valkey: Db) -> SimpleNamespace:
    """Somebody whose events all came through so far, and the nodes that hold their data."""
    open_stats(valkey, "payer", create=True)
    assert deliver(valkey, "payer", "evt_1") == "applied"
    primary = failing_cluster.owner(user_key("payer", "stats"))
    return SimpleNamespace(id="payer", primary=primary, replica=failing_cluster.replica_of(primary))


def test_it_takes_no_event_that_no_replica_has(
    failing_cluster: Cluster, valkey: Db, payer: SimpleNamespace
):
    payer.replica.hang()
    for event in ("evt_2", "evt_2", "evt_1"):
        # A connection that has written nothing yet has nothing to wait for.
        with pytest.raises(StoreUnavailable), connect(failing_cluster.url) as fresh:
            deliver(fresh, payer.id, event)
    payer.replica.go_on()
    assert insist(valkey, payer.id, "evt_2") in ("applied", "done already")
    assert insist(valkey, payer.id, "evt_1") == "done already"


def test_it_takes_no_event_when_the_wait_is_cut_short(valkey: Db, payer: SimpleNamespace):
    """As a primary does that is made a replica."""
    payer.replica.hang()

    def end_wait() -> bool:
        waiting = [one["id"] for one in payer.primary.db.client_list() if one["cmd"] == "wait"]
        return any(payer.primary.db.client_unblock(int(one), error=True) for one in waiting)

    def both(number: int) -> object:
        if number:
            return assert_eventually(end_wait, "somebody waits")
        with pytest.raises(StoreUnavailable):
            deliver(valkey, payer.id, "evt_2")
        return None

    run_concurrently(2, both)


def test_it_is_not_deceived_by_a_replica_that_the_others_have_given_up(
    failing_cluster: Cluster, valkey: Db, payer: SimpleNamespace
):
    primaries, port = failing_cluster.primaries, str(payer.replica.port)
    payer.replica.hang()
    assert_eventually(
        lambda: all(port not in str(node.ask("CLUSTER SLOTS")) for node in primaries),
        "the replica has been given up",
    )
    key = user_key(payer.id, "stats")
    valkey.nodes_manager.initialize()
    assert_eventually(
        lambda: not valkey.get_node_from_key(key, replica=True), "the client knows it, too"
    )
    with pytest.raises(StoreUnavailable):
        deliver(valkey, payer.id, "evt_2")


def test_a_primary_that_falls_before_the_copy_loses_nothing_that_was_promised(
    valkey: Db, payer: SimpleNamespace
):
    payer.replica.hang()
    with pytest.raises(StoreUnavailable):
        deliver(valkey, payer.id, "evt_2")
    payer.primary.kill()
    payer.replica.go_on()
    assert insist(valkey, payer.id, "evt_2") in ("applied", "done already")
    assert plan(valkey, payer.id) == Plan.PLUS
    assert valkey.zscore(user_key(payer.id, "billing:done"), "evt_2")


def test_all_that_was_promised_under_a_falling_primary_is_kept(
    failing_cluster: Cluster, valkey: Db
):
    users = [f"payer-{number}" for number in range(USERS)]
    for user in users:
        open_stats(valkey, user, create=True)
    began = time.monotonic()

    def pay(number: int) -> tuple[set[tuple[str, str]], int, float]:
        promised, refused, stall, last = set(), 0, 0.0, time.monotonic()
        for event in range(EVENTS):
            for user in users[number::4]:
                name = f"evt_{user}_{event}"
                while (user, name) not in promised:
                    try:
                        deliver(valkey, user, name)
                    except AWAY:
                        refused += 1
                        time.sleep(0.01)
                        continue
                    promised.add((user, name))
                    stall, last = max(stall, time.monotonic() - last), time.monotonic()
            if number == 0 and event == EVENTS // 4:
                failing_cluster.primaries[1].kill()
        return promised, refused, stall

    results = run_concurrently(4, pay)
    promised = set().union(*(part[0] for part in results))
    failing_cluster.heal()
    kept = {
        (user, event)
        for user in users
        for event in valkey.zrange(user_key(user, "billing:done"), 0, -1)
    }
    print(
        f"\nbilling: longest stall {max(part[2] for part in results):.1f} s, "
        f"{sum(part[1] for part in results)} refused, {len(promised)} acknowledged, "
        f"{len(promised & kept)} kept, in {time.monotonic() - began:.1f} s"
    )
    assert promised <= kept
    assert len(promised) == USERS * EVENTS
    for user in users:
        assert plan(valkey, user) == Plan.PLUS
        assert valkey.smembers(user_key(user, "customers")) == {f"cus_{user}"}
        assert valkey.get(f"stripe:customer:{{cus_{user}}}") == user
