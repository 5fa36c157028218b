"""Users by plan at /metrics: what was counted last, and never a scrape that waits for a count."""

import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.multiprocess import MultiProcessCollector

from app import create_app
from stats.census import Census, read_census, take_census
from stats.store import CENSUS, CENSUS_TURN, connect
from stats.user_stats import create_user_stats, grant_plan
from stats.web import headcount
from tests.browser.serving import eventually, serve
from tests.marks import reads_proc

from .counting import counts_under_way, finish_counts
from .kit import everything

LINE = re.compile(r"^(aira_users\S*) (\S+)$", re.MULTILINE)
COUNTED = "aira_users_counted_timestamp_seconds"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def nobody_counts_on() -> Iterator[None]:
    """Leave no count of the users under way."""
    yield
    finish_counts()


def shown(text: str) -> dict[str, float]:
    """What stands in the metrics about users."""
    return {name: float(value) for name, value in LINE.findall(text)}


def scrape(service: FlaskClient) -> dict[str, float]:
    answer = service.get("/metrics")
    assert answer.status_code == 200
    assert "aira_requests_total" in answer.text
    return shown(answer.text)


def users(free: float, plus: float, premium: float) -> dict[str, float]:
    plans = {"Free": free, "Plus": plus, "Premium": premium}
    return {f'aira_users{{plan="{plan}"}}': number for plan, number in plans.items()}


def counted(db: redis.Redis, ago: timedelta) -> None:
    """Have the users counted a while ago."""
    assert take_census(db, datetime.now(UTC) - ago, pause=0)
    db.delete(CENSUS_TURN)


def test_the_first_scrape_has_them_counted_for_the_next(
    service: FlaskClient, valkey: redis.Redis
) -> None:
    create_user_stats(valkey, "alice")
    grant_plan(valkey, "bob", "Plus", create=True)
    before = datetime.now(UTC).timestamp()
    assert scrape(service) == {}, "what is not known is not 0"
    finish_counts()
    found = scrape(service)
    assert before - 1 <= found.pop(COUNTED) <= datetime.now(UTC).timestamp()
    assert found == users(1, 1, 0)


@pytest.mark.parametrize(("ago", "anew"), [(16, True), (14, False), (-14, False), (-16, True)])
def test_a_count_is_good_for_a_quarter_of_an_hour(
    service: FlaskClient, valkey: redis.Redis, ago: int, anew: bool
) -> None:
    """One from the future was written by a clock that is wrong."""
    counted(valkey, ago * MINUTE)
    create_user_stats(valkey, "alice")
    found = scrape(service)
    assert found.items() >= users(0, 0, 0).items(), "the old one is shown meanwhile"
    finish_counts()
    assert (scrape(service)[COUNTED] != found[COUNTED]) is anew
    assert scrape(service).items() >= users(1 if anew else 0, 0, 0).items()


def test_no_scrape_waits_for_a_count_and_one_runs_at_a_time(
    service: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[datetime] = []
    go_on = threading.Event()

    def endless(_: object, now: datetime) -> None:
        begun.append(now)
        go_on.wait(30)

    monkeypatch.setattr(headcount, "take_census", endless)
    for _ in range(3):
        assert scrape(service) == {}
    (running,) = counts_under_way()
    assert running.daemon, "the process ends without waiting for it"
    go_on.set()
    finish_counts()
    assert len(begun) == 1


def test_to_ask_for_the_head_changes_nothing(service: FlaskClient, valkey: redis.Redis) -> None:
    before = everything(valkey)
    assert service.head("/metrics").status_code == 200
    finish_counts()
    assert everything(valkey) == before


def test_without_a_key_nobody_is_counted(client: FlaskClient, valkey: redis.Redis) -> None:
    assert client.get("/metrics").status_code == 401
    finish_counts()
    assert not valkey.exists(CENSUS, CENSUS_TURN)


def test_without_redis_the_rest_is_there(app: Flask) -> None:
    settings = app.extensions["aira"].given
    away = create_app(settings, connect("unix:///nowhere/at/all")).test_client()
    away.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {settings.api_keys[0]}"
    for _ in range(3):
        assert scrape(away) == {}
    assert counts_under_way() == []


@pytest.mark.one_server
def test_a_count_that_fails_is_told_once_until_one_succeeds(
    service: FlaskClient, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is out of memory answers and writes nothing."""

    def fails() -> None:
        valkey.config_set("maxmemory", 1)
        try:
            for _ in range(3):
                scrape(service)
                finish_counts()
        finally:
            valkey.config_set("maxmemory", 0)

    caplog.set_level(logging.WARNING, "stats")
    fails()
    told = ["the users could not be counted: OutOfMemoryError"]
    assert [record.getMessage() for record in caplog.records] == told
    assert not any(record.exc_info for record in caplog.records)
    scrape(service)
    finish_counts()
    assert scrape(service).items() >= users(0, 0, 0).items()
    valkey.delete(CENSUS, CENSUS_TURN)
    fails()
    assert [record.getMessage() for record in caplog.records] == told * 2


def test_applications_on_one_store_show_the_same(app: Flask, valkey: redis.Redis) -> None:
    given = app.extensions["aira"].given
    grant_plan(valkey, "bob", "Premium", create=True)
    clients = [create_app(given, valkey).test_client() for _ in range(4)]
    for client in clients:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {given.api_keys[0]}"
        scrape(client)
    finish_counts()
    first = read_census(valkey)
    assert isinstance(first, Census)
    found = [scrape(client) for client in clients]
    assert found == [users(0, 0, 1) | {COUNTED: first.counted_at.timestamp()}] * 4


def asked(folder: Path) -> list[float]:
    """How many scrapes each worker has answered."""
    merged = [MultiProcessCollector.merge([str(file)]) for file in folder.glob("counter_*.db")]
    return [
        sum(
            sample.value
            for metric in metrics
            for sample in metric.samples
            if sample.labels.get("route") == "/metrics"
        )
        for metrics in merged
    ]


@reads_proc
def test_two_workers_count_once_and_show_the_same(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    site = serve(tmp_path / "data", WORKERS="2", TMPDIR=str(temporary))
    try:
        (folder,) = temporary.glob("aira-metrics-*")
        for name, plan in (("a", "Plus"), ("b", "Premium"), ("c", "Free"), ("d", "Plus")):
            site.api("PATCH", f"/api/plan?userId={name}", {"plan": plan})
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: site.metrics(), range(16)))
        assert eventually(lambda: shown(site.metrics()))
        texts = []

        def both_have_answered() -> bool:
            texts.append(site.metrics())
            return len(found := asked(folder)) == 2 and min(found) > 0

        assert eventually(both_have_answered)
        texts += [site.metrics() for _ in range(20)]
        assert all(shown(text).items() >= users(1, 2, 1).items() for text in texts)
        assert len({shown(text)[COUNTED] for text in texts}) == 1
        # One count of so few users holds its turn twice.
        line = 'aira_redis_call_seconds_count{script="hold_census"} 2.0'
        assert line in site.metrics().splitlines()
        assert site.interrupt() == 0
        assert not re.search("could not be counted|Traceback", site.said()[1])
    finally:
        site.destroy()
