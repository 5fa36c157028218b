"""`flask doctor`: checks of Redis; in a cluster of every primary."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
from redis.cluster import RedisCluster

from stats.errors import StoreUnavailable
from stats.store.circuit_breaker import REDIS_ERRORS
from stats.store.client import Db
from stats.store.keys import OPERATOR_KINDS, user_keys
from stats.store.scripts import run
from stats.store.writability import check_writable, refuses_writes
from stats.web.commands.doctor.findings import Code, Finding

MIN_MAJOR_VERSION = 5
MAX_ROUND_TRIP = 0.05
PING_COUNT = 5
MAX_CLOCK_SKEW = 2.0
MIN_LISTPACK_VALUE = 1024
# The id of a user that does not exist.
PROBE_USER_ID = "doctor"
ACCESS_ERRORS = (redis.AuthenticationError, redis.exceptions.NoPermissionError)
STORE_ERRORS = (*REDIS_ERRORS, StoreUnavailable)


def check_store(db: Db) -> Iterator[Finding]:
    """Yield what is wrong with Redis; writes nothing."""
    try:
        nodes = _nodes(db)
        for node in nodes:
            yield from _check_node(node, in_cluster=isinstance(db, RedisCluster))
        yield from _check_scripts(db)
        _check_writes(db)
    except ACCESS_ERRORS:
        yield Finding(
            Code.STORE_ACCESS_DENIED,
            "Redis refuses us",
            "correct user and password in REDIS_URL; docs/deploy/redis.conf lists its rights",
        )
    except STORE_ERRORS as error:
        if refuses_writes(error):
            yield _refusal(error)
            return
        yield Finding(
            Code.STORE_UNREACHABLE,
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
    yield from _check_server(node, info, in_cluster=in_cluster)
    yield from _check_persistence(info)
    yield from _check_latency_and_clock(node)
    yield from _check_listpack(node)


def _check_server(
    node: redis.Redis, info: dict[str, Any], *, in_cluster: bool
) -> Iterator[Finding]:
    version = str(info.get("redis_version", MIN_MAJOR_VERSION))
    if int(version.split(".")[0]) < MIN_MAJOR_VERSION:
        yield Finding(
            Code.STORE_OLD,
            f"Redis {version} is too old",
            f"use Redis {MIN_MAJOR_VERSION} or newer, or Valkey",
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
    if in_cluster and _execute(node)("CLUSTER INFO").get("cluster_state") != "ok":
        yield Finding(
            Code.CLUSTER_DOWN,
            "the cluster does not serve all slots",
            "bring its primaries back: redis-cli --cluster check",
        )


def _check_persistence(info: dict[str, Any]) -> Iterator[Finding]:
    if "aof_enabled" not in info or "maxmemory_policy" not in info:
        yield Finding(
            Code.STORE_PERSISTENCE_UNKNOWN,
            "this Redis does not say how it keeps data",
            "see to it that it has an append-only file and maxmemory-policy noeviction",
        )
    if info.get("aof_enabled") == 0:
        yield Finding(
            Code.STORE_NOT_PERSISTENT,
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


def _check_latency_and_clock(node: redis.Redis) -> Iterator[Finding]:
    round_trips = []
    for _ in range(PING_COUNT):
        start = time.perf_counter()
        node.ping()
        round_trips.append(time.perf_counter() - start)
    if min(round_trips) > MAX_ROUND_TRIP:
        yield Finding(
            Code.STORE_SLOW,
            f"Redis takes {min(round_trips) * 1000:.0f} ms to answer, and each page waits for that",
            "run it nearer: the same region, the same network",
        )
    seconds, microseconds = _execute(node)("TIME")
    skew = seconds + microseconds / 1_000_000 - time.time()
    if abs(skew) > MAX_CLOCK_SKEW + min(round_trips):
        yield Finding(
            Code.STORE_CLOCK,
            f"Redis's clock and ours are {abs(skew):.0f} s apart",
            "let NTP set both",
        )


def _check_listpack(node: redis.Redis) -> Iterator[Finding]:
    try:
        config = node.config_get("hash-max-listpack-value")
    except redis.ResponseError:
        return  # Managed services do not allow CONFIG.
    value = int(next(iter(config.values()), MIN_LISTPACK_VALUE) or MIN_LISTPACK_VALUE)
    if value < MIN_LISTPACK_VALUE:
        yield Finding(
            Code.STORE_LISTPACK,
            f"hash-max-listpack-value is {value}, so each user takes more memory than need be",
            f"set it to {MIN_LISTPACK_VALUE}",
        )


def _check_scripts(db: Db) -> Iterator[Finding]:
    try:
        run(db, "operators/read_user", user_keys(PROBE_USER_ID, OPERATOR_KINDS))
    except redis.ResponseError:
        yield Finding(
            Code.STORE_SCRIPTS,
            "Redis does not run our scripts",
            "allow EVAL and EVALSHA, and all that the scripts call",
        )


def _check_writes(db: Db) -> None:
    if not isinstance(db, RedisCluster):
        check_writable(db)
        return
    for node in db.nodes_manager.get_nodes_by_server_type("primary"):
        check_writable(db, node)


def _refusal(error: Exception) -> Finding:
    return Finding(
        Code.STORE_REFUSES_WRITES,
        f"Redis takes no writes ({str(error).rstrip('.')})",
        "give it memory, a disk with room or its replicas, or name the primary in REDIS_URL",
    )


def _execute(node: redis.Redis) -> Callable[..., Any]:
    execute: Callable[..., Any] = node.execute_command
    return execute
