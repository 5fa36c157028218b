"""Metrics for Prometheus at `/metrics`: what this server does, added up over all of its workers.

Labels come from short lists of our own, never from what somebody typed: no user id, no address.
Users by plan are those of the last census (stats/billing/plan_census.py), wherever one asks.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from tempfile import TemporaryDirectory

import redis
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    values,
)
from redis.exceptions import RedisClusterException

from stats.billing import webhook
from stats.billing.plan_census import Census, read_census
from stats.errors import StoreUnavailable
from stats.store import scripts
from stats.web.runtime import db

SHARED = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
MILLISECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
OTHER = "other"

# When a series began is nobody's question, and several processes do not tell.
disable_created_metrics()  # type: ignore[no-untyped-call]
# All have labels: what has none would be counted in this process alone, whatever shared() says.
OWN = CollectorRegistry()
REQUESTS = Counter(
    "aira_requests",
    "Requests answered, but for polls answered from memory (aira_polls). No rule fits: route none.",
    ("method", "route", "status"),
    registry=OWN,
)
SECONDS = Histogram(
    "aira_request_seconds",
    "Time to answer, in seconds, but for polls answered from memory.",
    ("route",),
    registry=OWN,
    buckets=MILLISECONDS,
)
CALLS = Histogram(
    "aira_redis_call_seconds",
    "Time until Redis had answered a script, in seconds.",
    ("script",),
    registry=OWN,
    buckets=MILLISECONDS,
)
FAILED_CALLS = Counter(
    "aira_redis_failed_calls",
    "Scripts that Redis did not answer, or refused; or that were not sent while it was away.",
    ("script",),
    registry=OWN,
)
LOGINS = Counter("aira_logins", "Log-ins by how.", ("how",), registry=OWN)
FAILED_LOGINS = Counter("aira_failed_logins", "By what was wrong.", ("reason",), registry=OWN)
EVENTS = Counter("aira_events", "What the audit trail tells, by name.", ("event",), registry=OWN)
GRANTS = Counter("aira_plan_grants", "Plans granted by the API.", ("plan",), registry=OWN)
WEBHOOKS = Counter(
    "aira_webhooks",
    "Deliveries from Stripe by type and what came of them.",
    ("type", "result"),
    registry=OWN,
)
POLLS = Counter(
    "aira_polls",
    "Polls by what knew the answer: memory (unchanged ones alone), or redis.",
    ("by",),
    registry=OWN,
)
TRACKING = Counter(
    "aira_tracking",
    "What happened to the streams on which Redis names what is written: up, lost or refused; "
    "and forgotten, when all that was remembered of polls was.",
    ("event",),
    registry=OWN,
)
STREAMS = Gauge(
    "aira_tracking_streams",
    "How many workers have such a stream.",
    ("state",),
    registry=OWN,
    multiprocess_mode="livesum",
)
UNKNOWN = "unknown"
TYPES = frozenset((UNKNOWN, *webhook.ACTED_ON, webhook.DISPUTE))
# Event of the audit trail → what counts it apart, and the fact by which.
APART = {
    "login": (LOGINS, "how"),
    "login.failed": (FAILED_LOGINS, "reason"),
    "plan.granted": (GRANTS, "plan"),
}


@contextmanager
def shared(workers: int) -> Iterator[None]:
    """Have the workers of this process count together, in files of a folder that goes again.

    Enter it in the parent before any of them starts. One alone counts in its memory, which costs
    half as much. Raises OSError where no temporary folder can be made.
    """
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="aira-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[SHARED] = folder
        # It chose how to count when it was imported.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        yield


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request by its rule, for its address may hold anything."""
    one_more, took = _counters(method if method in METHODS else OTHER, route, status)
    one_more()
    took(seconds)


@cache
def _counters(
    method: str, route: str, status: int
) -> tuple[Callable[[], None], Callable[[float], None]]:
    # Finding a series by its labels takes longer than counting.
    return REQUESTS.labels(method, route, str(status)).inc, SECONDS.labels(route).observe


def poll_counters() -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what counts a poll that is answered from memory, and one that asks Redis."""
    return POLLS.labels("memory").inc, POLLS.labels("redis").inc


def count_tracking(event: str) -> None:
    """Count what happens to the stream of stats/store/tracking.py, by its name there."""
    TRACKING.labels(event).inc()
    if event != "forgotten":
        STREAMS.labels("up").set(event == "up")


def count_event(what: str, facts: dict[str, str | int]) -> None:
    """Count an event of the audit trail."""
    EVENTS.labels(what).inc()
    if what in APART:
        counter, fact = APART[what]
        counter.labels(str(facts[fact])).inc()


def count_webhook(kind: str, result: str) -> None:
    """Count a delivery; one on which nothing is done is `other`: Stripe has hundreds."""
    WEBHOOKS.labels(kind if kind in TYPES else OTHER, result).inc()


def script_counter() -> scripts.Observer:
    timed: dict[str, Callable[[float], None]] = {}

    def count(script: str, seconds: float, failed: bool) -> None:
        if failed:
            FAILED_CALLS.labels(script).inc()
        elif script in timed:
            timed[script](seconds)
        else:
            timed[script] = CALLS.labels(script).observe
            timed[script](seconds)

    return count


def last_census() -> Census | None:
    """Return the last census; None without one and while Redis is away."""
    with suppress(redis.RedisError, RedisClusterException, StoreUnavailable):
        return read_census(db())
    return None
