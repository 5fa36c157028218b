"""`flask doctor`: Redis, every primary of it in a cluster."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException

from stats.errors import StoreUnavailable
from stats.store.client import Db
from stats.store.keys import OPERATOR_KINDS, user_keys
from stats.store.scripts import run
from stats.web.commands.doctor.findings import Code, Finding

OLDEST = 5
SLOW = 0.05
TRIES = 5
APART = 2.0
LISTPACK = 1024
NOBODY = "doctor"
REFUSED = (redis.AuthenticationError, redis.exceptions.NoPermissionError)
AWAY = (redis.RedisError, RedisClusterException, StoreUnavailable)


def check_store(db: Db) -> Iterator[Finding]:
    """Find what is wrong with Redis; nothing is written."""
    try:
        nodes = _nodes(db)
        for node in nodes:
            yield from _check_node(node, in_cluster=isinstance(db, RedisCluster))
        yield from _check_scripts(db)
    except REFUSED:
        yield Finding(
            Code.STORE_REFUSES,
            "Redis refuses us",
            "correct user and password in REDIS_URL, and let that user do everything (ACL)",
        )
    except AWAY as error:
        yield Finding(
            Code.STORE_AWAY,
            f"Redis cannot be used ({type(error).__name__})",
            "start it, or correct REDIS_URL",
        )


def _nodes(db: Db) -> list[redis.Redis]:
    db.ping()
    if not isinstance(db, RedisCluster):
        return [db]
    primaries = db.nodes_manager.get_nodes_by_server_type("primary")
    return [db.get_redis_connection(node) for node in primaries]


def _check_node(node: redis.Redis, *, in_cluster: bool) -> Iterator[Finding]:
    info: dict[str, Any] = node.info()
    yield from _check_kind(node, info, in_cluster=in_cluster)
    yield from _check_keeping(info)
    yield from _check_time(node)
    yield from _check_hashes(node)


def _check_kind(node: redis.Redis, info: dict[str, Any], *, in_cluster: bool) -> Iterator[Finding]:
    version = str(info.get("redis_version", OLDEST))
    if int(version.split(".")[0]) < OLDEST:
        yield Finding(
            Code.STORE_OLD, f"Redis {version} is too old", f"use Redis {OLDEST} or newer, or Valkey"
        )
    if info.get("role") == "slave":
        yield Finding(
            Code.STORE_REPLICA,
            "this Redis is a replica and takes no writes",
            "name its primary in REDIS_URL",
        )
    if info.get("cluster_enabled") and not in_cluster:
        yield Finding(
            Code.STORE_IS_CLUSTER,
            "this Redis is part of a cluster",
            "let REDIS_URL begin with redis+cluster:// or rediss+cluster://",
        )
    if in_cluster and _ask(node)("CLUSTER INFO").get("cluster_state") != "ok":
        yield Finding(
            Code.STORE_BROKEN,
            "the cluster does not serve all slots",
            "bring its primaries back: redis-cli --cluster check",
        )


def _check_keeping(info: dict[str, Any]) -> Iterator[Finding]:
    if "aof_enabled" not in info or "maxmemory_policy" not in info:
        yield Finding(
            Code.STORE_UNSEEN,
            "this Redis does not say how it keeps data",
            "see to it that it has an append-only file and maxmemory-policy noeviction",
        )
    if info.get("aof_enabled") == 0:
        yield Finding(
            Code.STORE_FORGETS,
            "Redis keeps no append-only file, so a crash loses what was acknowledged",
            "set appendonly yes",
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield Finding(
            Code.STORE_EVICTS,
            f"Redis throws data away when memory is short ({policy})",
            "set maxmemory-policy noeviction",
        )


def _check_time(node: redis.Redis) -> Iterator[Finding]:
    trips = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        node.ping()
        trips.append(time.perf_counter() - begun)
    if min(trips) > SLOW:
        yield Finding(
            Code.STORE_SLOW,
            f"Redis takes {min(trips) * 1000:.0f} ms to answer, and each page waits for that",
            "run it nearer: the same region, the same network",
        )
    seconds, micros = _ask(node)("TIME")
    apart = seconds + micros / 1_000_000 - time.time()
    if abs(apart) > APART + min(trips):
        yield Finding(
            Code.STORE_CLOCK,
            f"Redis's clock and ours are {abs(apart):.0f} s apart",
            "let NTP set both",
        )


def _check_hashes(node: redis.Redis) -> Iterator[Finding]:
    try:
        found = node.config_get("hash-max-listpack-value")
    except redis.ResponseError:
        return  # Managed ones do not tell, and cannot be told.
    value = int(next(iter(found.values()), LISTPACK) or LISTPACK)
    if value < LISTPACK:
        yield Finding(
            Code.STORE_HASHES,
            f"hash-max-listpack-value is {value}, so each user takes more memory than need be",
            f"set it to {LISTPACK}",
        )


def _check_scripts(db: Db) -> Iterator[Finding]:
    try:
        run(db, "operators/read_user", user_keys(NOBODY, OPERATOR_KINDS))
    except redis.ResponseError:
        yield Finding(
            Code.STORE_SCRIPTS,
            "Redis does not run our scripts",
            "allow EVAL and EVALSHA, and all that the scripts call",
        )


def _ask(node: redis.Redis) -> Callable[..., Any]:
    asked: Callable[..., Any] = node.execute_command
    return asked
