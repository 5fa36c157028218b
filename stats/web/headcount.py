"""Users by plan as `/metrics` shows them: what the last census says, with the next one begun.

Counting is a walk through all users and no scrape waits for it: the one that finds the census old
begins another in a thread of its own. Of all processes on one store one counts at a time, and
all show the same.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import redis
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisClusterException

from stats.census import Census, read_census, take_census
from stats.errors import StoreUnavailable
from stats.store import Db

GOOD_FOR = timedelta(minutes=15)
THREAD = "census"
AWAY = (redis.RedisError, RedisClusterException, StoreUnavailable)
log = logging.getLogger("stats.census")


class Headcount:
    """The censuses that one process looks at and takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter = threading.Thread()
        self._failed = False

    def look(self, db: Db, *, begin: bool) -> Census | None:
        """Return the last census, None where there is none or the store does not answer.

        If `begin` and it is not of the last quarter of an hour, another one is begun.
        """
        try:
            found = read_census(db)
        except AWAY:
            return None
        if begin and (found is None or abs(datetime.now(UTC) - found.counted_at) > GOOD_FOR):
            self._begin(db)
        return found

    def _begin(self, db: Db) -> None:
        with self._lock:
            if not self._counter.is_alive():
                self._counter = threading.Thread(
                    target=self._count, args=(db,), name=THREAD, daemon=True
                )
                self._counter.start()

    def _count(self, db: Db) -> None:
        try:
            take_census(db, datetime.now(UTC))
            self._failed = False
        except AWAY as error:
            # It is tried again at every scrape; one line is enough until it works.
            if not self._failed:
                log.warning("the users could not be counted: %s", type(error).__name__)
            self._failed = True


class Users(Collector):
    """A census as gauges; without one there are none, for what is not known is not 0."""

    def __init__(self, census: Census | None) -> None:
        self._census = census

    def collect(self) -> Iterable[Metric]:
        """Return how many users have each plan, and when that was so."""
        if self._census is None:
            return
        users = GaugeMetricFamily(
            "aira_users", "Users by plan, all workers and instances show the same.", labels=["plan"]
        )
        for plan, number in self._census.users.items():
            users.add_metric([plan], number)
        yield users
        yield GaugeMetricFamily(
            "aira_users_counted_timestamp_seconds",
            "When the users had these plans.",
            self._census.counted_at.timestamp(),
        )
