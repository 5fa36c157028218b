"""`/metrics`: what is counted, as Prometheus reads it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from flask import Blueprint, Flask, Response, abort
from flask.typing import ResponseReturnValue
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from stats.lib.version import version
from stats.store import scripts
from stats.web.http.access import public
from stats.web.http.service_key import has_service_key
from stats.web.monitoring.counters import OWN, SHARED, last_census, script_counter

bp = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Serve the metrics, and count what Redis is asked."""
    app.register_blueprint(bp)
    scripts.observe(script_counter())


@bp.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Show the metrics to whom a service key lets in."""
    if not has_service_key():
        abort(401, "This needs a service key.")
    shown = exposition() + generate_latest(UsersByPlan())
    return Response(shown, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def exposition() -> bytes:
    """Return all metrics of all workers as Prometheus reads them, but for the users by plan."""
    registry = OWN
    if SHARED in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
    return b"".join(map(generate_latest, (registry, Build(), Processes())))


class Build(Collector):
    """Which version runs here: the same for all workers."""

    def collect(self) -> Iterator[Metric]:
        """Yield the version as a label of a gauge that is always 1."""
        yield InfoMetricFamily("aira_build", "The version that runs.", {"version": version()})


class UsersByPlan(Collector):
    """The last census as gauges; without one there are none, for what is not known is not 0."""

    def collect(self) -> Iterator[Metric]:
        """Yield how many users have each plan, and when that was so."""
        census = last_census()
        if census is None:
            return
        users = GaugeMetricFamily(
            "aira_users", "Users by plan, all workers and instances show the same.", labels=["plan"]
        )
        for plan, number in census.users.items():
            users.add_metric([plan], number)
        yield users
        name, at = "aira_users_counted_timestamp_seconds", census.counted_at.timestamp()
        yield GaugeMetricFamily(name, "When the users had these plans.", at)


class Processes(Collector):
    """What the workers use of the machine: memory, time and files, by process id."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all processes; a process has none of those the system hides."""
        merged: dict[str, Metric] = {}
        for pid in _workers():
            for found in _of_process(pid):
                same = Metric(found.name, found.documentation, found.type)
                labelled = [one._replace(labels={"pid": str(pid)}) for one in found.samples]
                merged.setdefault(found.name, same).samples += labelled
        return merged.values()


def _of_process(pid: int) -> Iterable[Metric]:
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


def _workers() -> list[int]:
    """Return the process ids of all workers that run."""
    folder = os.environ.get(SHARED)
    if folder is None:
        return [os.getpid()]
    found = {int(path.stem.rpartition("_")[2]) for path in Path(folder).glob("*.db")}
    return sorted(pid for pid in found if _is_sibling(pid))


def _is_sibling(pid: int) -> bool:
    # A number may have been given to somebody else since.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return int(stat.rpartition(")")[2].split()[1]) == os.getppid()
