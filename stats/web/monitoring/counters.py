"""The Prometheus metrics of this server, added up over its workers.

Labels come from fixed lists, never from user input: no user id, no address. Users by plan are those
of the last census (stats/billing/plan_census.py).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from tempfile import TemporaryDirectory

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    values,
)

from stats.billing import webhook
from stats.billing.plan_census import Census, read_census
from stats.errors import StoreUnavailable
from stats.store import scripts
from stats.store.circuit_breaker import REDIS_ERRORS
from stats.web.runtime import db

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
OTHER = "other"

# The `_created` series are not used, and do not exist with several processes.
disable_created_metrics()  # type: ignore[no-untyped-call]
# Every metric has labels: one without would be bound to this process before share_metrics().
REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "aira_requests",
    "Requests answered, but for polls answered from memory (aira_polls). No rule fits: route none.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "aira_request_seconds",
    "Time to answer, in seconds, but for polls answered from memory.",
    ("route",),
    registry=REGISTRY,
    buckets=LATENCY_BUCKETS,
)
REDIS_CALL_SECONDS = Histogram(
    "aira_redis_call_seconds",
    "Time until Redis had answered a script, in seconds.",
    ("script",),
    registry=REGISTRY,
    buckets=LATENCY_BUCKETS,
)
FAILED_REDIS_CALLS = Counter(
    "aira_redis_failed_calls",
    "Scripts that Redis did not answer, or refused; or that were not sent while it was away.",
    ("script",),
    registry=REGISTRY,
)
LOGINS = Counter("aira_logins", "Log-ins by how.", ("how",), registry=REGISTRY)
FAILED_LOGINS = Counter("aira_failed_logins", "By what was wrong.", ("reason",), registry=REGISTRY)
EVENTS = Counter(
    "aira_events", "What the audit trail tells, by name.", ("event",), registry=REGISTRY
)
GRANTS = Counter("aira_plan_grants", "Plans granted by the API.", ("plan",), registry=REGISTRY)
WEBHOOKS = Counter(
    "aira_webhooks",
    "Deliveries from Stripe by type and what came of them.",
    ("type", "result"),
    registry=REGISTRY,
)
MAILS = Counter(
    "aira_mails",
    "Tries to send a mail by what came of them: sent, retried (a later try follows), or failed.",
    ("result",),
    registry=REGISTRY,
)
POLLS = Counter(
    "aira_polls",
    "Polls by what knew the answer: memory (unchanged ones alone), or redis.",
    ("by",),
    registry=REGISTRY,
)
TRACKING = Counter(
    "aira_tracking",
    "What happened to the streams on which Redis names what is written: up, lost or refused; "
    "and forgotten, when all that was remembered of polls was.",
    ("event",),
    registry=REGISTRY,
)
STREAMS = Gauge(
    "aira_tracking_streams",
    "How many workers have such a stream.",
    ("state",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
UNKNOWN = "unknown"
WEBHOOK_TYPES = frozenset((UNKNOWN, *webhook.ACTED_ON, webhook.DISPUTE))
# Event of the audit log → its own counter, and the field that is the label.
EVENT_COUNTERS = {
    "login": (LOGINS, "how"),
    "login.failed": (FAILED_LOGINS, "reason"),
    "plan.granted": (GRANTS, "plan"),
}


@contextmanager
def share_metrics(workers: int) -> Iterator[None]:
    """Have the workers share their metrics in the files of a temporary folder.

    Enter it in the parent before any worker starts. A single worker counts in memory, which costs
    half as much. Raises OSError if the folder cannot be made.
    """
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="aira-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[MULTIPROC_DIR] = folder
        # prometheus_client chose the class when it was imported.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        yield


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request by its URL rule; `seconds` is the time to answer."""
    increment, observe = _counters(method if method in METHODS else OTHER, route, status)
    increment()
    observe(seconds)


@cache
def _counters(
    method: str, route: str, status: int
) -> tuple[Callable[[], None], Callable[[float], None]]:
    # Looking up a series by its labels takes longer than counting.
    return REQUESTS.labels(method, route, str(status)).inc, REQUEST_SECONDS.labels(route).observe


def poll_counters() -> tuple[Callable[[], None], Callable[[], None]]:
    """Return the functions that count a poll answered from memory, and one that reads Redis."""
    return POLLS.labels("memory").inc, POLLS.labels("redis").inc


def count_tracking(event: str) -> None:
    """Count an event of the tracking stream (stats/store/tracking.py)."""
    TRACKING.labels(event).inc()
    if event != "forgotten":
        STREAMS.labels("up").set(event == "up")


def count_mail(result: str) -> None:
    """Count what came of a try to send a mail (stats/mail.py)."""
    MAILS.labels(result).inc()


def count_event(name: str, fields: dict[str, str | int]) -> None:
    """Count an event of the audit log."""
    EVENTS.labels(name).inc()
    if name in EVENT_COUNTERS:
        counter, field = EVENT_COUNTERS[name]
        counter.labels(str(fields[field])).inc()


def count_webhook(event_type: str, result: str) -> None:
    """Count a delivery; types that are not handled count as `other`: Stripe has hundreds."""
    WEBHOOKS.labels(event_type if event_type in WEBHOOK_TYPES else OTHER, result).inc()


def script_counter() -> scripts.Observer:
    """Return an observer that counts and times the calls of Redis scripts."""
    observers: dict[str, Callable[[float], None]] = {}

    def count(script: str, seconds: float, failed: bool) -> None:
        if failed:
            FAILED_REDIS_CALLS.labels(script).inc()
        elif script in observers:
            observers[script](seconds)
        else:
            observers[script] = REDIS_CALL_SECONDS.labels(script).observe
            observers[script](seconds)

    return count


def last_census() -> Census | None:
    """Return the last census; None without one, and while Redis cannot be reached."""
    with suppress(*REDIS_ERRORS, StoreUnavailable):
        return read_census(db())
    return None
