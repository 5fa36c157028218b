"""`flask doctor` in front of a real cluster of six nodes (`pytest --cluster`)."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from stats.operators import list_users
from stats.service_keys import check, create_key
from stats.user_stats import create_user_stats
from stats.web.commands.doctor import check_store
from stats.web.commands.doctor.findings import Code
from tests.cluster.nodes import Cluster

ADVICE = {Code.STORE_LISTPACK, Code.STORE_PERSISTENCE_UNKNOWN}


def found(cluster: Cluster, client: object) -> set[Code]:
    return {one.code for one in check_store.check_store(client)} - ADVICE  # type: ignore[arg-type]


def test_a_cluster_is_well(cluster: Cluster) -> None:
    client = cluster.client()
    assert found(cluster, client) == set()
    client.close()


def test_it_finds_a_cluster_behind_an_address_of_one_server(cluster: Cluster) -> None:
    assert found(cluster, cluster.owner("user:{alice}:stats").db) >= {Code.STORE_IS_CLUSTER}


def test_it_finds_a_cluster_that_lacks_slots(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cluster.client()
    ask = check_store._execute

    def says(node: redis.Redis) -> Callable[..., Any]:
        return lambda what: {"cluster_state": "fail"} if "CLUSTER" in what else ask(node)(what)

    monkeypatch.setattr(check_store, "_execute", says)
    assert found(cluster, client) == {Code.CLUSTER_DOWN}
    client.close()


def test_it_finds_one_primary_that_takes_no_writes(cluster: Cluster) -> None:
    client, full = cluster.client(), cluster.primaries[-1]
    full.db.config_set("maxmemory", "1")
    try:
        assert found(cluster, client) == {Code.STORE_REFUSES_WRITES}
    finally:
        full.db.config_set("maxmemory", "0")
    assert found(cluster, client) == set()
    client.close()


def test_users_and_keys_on_a_cluster(cluster: Cluster) -> None:
    client = cluster.client()
    client.flushall()
    for number in range(50):
        create_user_stats(client, f"user-{number:02d}")
    users, more = list_users(client, prefix="user-", limit=100)
    assert [user.user_id for user in users] == [f"user-{number:02d}" for number in range(50)]
    assert not more
    key = create_key(client, "Chat")
    assert check(client, key) == "Chat"
    client.close()
