"""`/metrics` in the text format of Prometheus."""

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
from stats.web.monitoring.counters import MULTIPROC_DIR, REGISTRY, last_census, script_counter

bp = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Register the route, and observe the calls of Redis scripts."""
    app.register_blueprint(bp)
    scripts.observe(script_counter())


@bp.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Answer the metrics; needs a service key."""
    if not has_service_key():
        abort(401, "This needs a service key.")
    text = exposition() + generate_latest(UsersByPlan())
    return Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def exposition() -> bytes:
    """Return the metrics of all workers in the text format, without the users by plan."""
    registry = REGISTRY
    if MULTIPROC_DIR in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
    return b"".join(map(generate_latest, (registry, Build(), Processes())))


class Build(Collector):
    """The version of this program, the same for all workers."""

    def collect(self) -> Iterator[Metric]:
        """Yield the version as a label of a gauge that is always 1."""
        yield InfoMetricFamily("aira_build", "The version that runs.", {"version": version()})


class UsersByPlan(Collector):
    """The last census as gauges; none without a census, rather than zeros."""

    def collect(self) -> Iterator[Metric]:
        """Yield the number of users by plan, and the time of the census."""
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
    """Memory, CPU time and open files of the workers, by process id."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all workers, as far as the system shows them."""
        merged: dict[str, Metric] = {}
        for pid in _workers():
            for metric in _of_process(pid):
                empty = Metric(metric.name, metric.documentation, metric.type)
                labelled = [sample._replace(labels={"pid": str(pid)}) for sample in metric.samples]
                merged.setdefault(metric.name, empty).samples += labelled
        return merged.values()


def _of_process(pid: int) -> Iterable[Metric]:
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


def _workers() -> list[int]:
    """Return the process ids of the running workers."""
    folder = os.environ.get(MULTIPROC_DIR)
    if folder is None:
        return [os.getpid()]
    pids = {int(path.stem.rpartition("_")[2]) for path in Path(folder).glob("*.db")}
    return sorted(pid for pid in pids if _is_sibling(pid))


def _is_sibling(pid: int) -> bool:
    # The id of a worker that died may belong to another process now.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return int(stat.rpartition(")")[2].split()[1]) == os.getppid()
