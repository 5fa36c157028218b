"""The census: everybody is counted once, by the plan that they have at that moment."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from stats import census
from stats.census import Census, read_census, take_census
from stats.plans import Plan
from stats.store import CENSUS, CENSUS_TURN, Db, connect, user_key
from stats.user_stats import create_user_stats, delete_user_stats, grant_plan
from tests.cluster.nodes import eventually
from tests.domain_kit import contents, together

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def user(db: Db, name: str, **fields: str | int) -> None:
    create_user_stats(db, name)
    if fields:
        db.hset(user_key(name, "stats"), mapping=fields)


def count(db: Db, now: datetime = NOW, **options: Any) -> Census | None:
    """Take a census as if the last one were long ago."""
    db.delete(CENSUS_TURN)
    return take_census(db, now, pause=0, **options)


def figures(found: Census | None) -> tuple[int, ...]:
    """How many have Free, Plus and Premium."""
    assert found is not None
    return tuple(found.users[plan] for plan in Plan)


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any], at_once: int) -> None:
    """Have something happen between the chunks of a count."""
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: act())
    monkeypatch.setattr(census, "time", clock)
    monkeypatch.setattr(census, "AT_ONCE", at_once)


def test_there_is_none_until_somebody_counts(db: Db) -> None:
    assert read_census(db) is None
    assert figures(count(db)) == (0, 0, 0)
    assert figures(read_census(db)) == (0, 0, 0)


def test_a_plan_is_the_higher_of_grant_and_what_is_paid_for_then(db: Db) -> None:
    end = int(NOW.timestamp())
    user(db, "free")
    user(db, "stale", plan="Premium")
    grant_plan(db, "granted", "Plus", create=True)
    user(db, "paid", paid="Premium:")
    user(db, "until", paid=f"Premium:{end}")
    user(db, "expired", paid=f"Plus:{end - 86_400}", plan="Plus")
    user(db, "lower-grant", grant="Plus", paid=f"Premium:{end}")
    user(db, "higher-grant", grant="Premium", paid="Plus:")
    user(db, "two", paid=f"Plus: Premium:{end}")
    before = contents(db)
    assert figures(count(db, NOW - SECOND)) == (3, 1, 5)
    assert figures(count(db, NOW)) == (4, 3, 2)
    after = contents(db)
    assert {key: after[key] for key in before} == before, "nobody's data are touched"
    assert set(after) - set(before) == {CENSUS, CENSUS_TURN}


def test_what_was_counted_can_be_read(db: Db) -> None:
    user(db, "alice", grant="Plus")
    taken = count(db, NOW)
    assert taken is not None
    assert read_census(db) == taken
    assert (taken.counted_at, figures(taken)) == (NOW, (0, 1, 0))
    assert 0 <= taken.took_ms < 60_000
    user(db, "bob")
    assert figures(read_census(db)) == (0, 1, 0)
    assert figures(count(db, NOW + SECOND)) == (1, 1, 0)
    assert figures(read_census(db)) == (1, 1, 0)


def test_everybody_is_counted_once_and_nothing_else(db: Db) -> None:
    for number in range(1000):
        user(db, f"user-{number}", **({} if number % 10 else {"grant": "Plus"}))
    db.hset("user:42:stats", mapping={"conversations": 1, "plan": "Plus"})
    db.set(user_key("text", "stats"), "not a hash")
    db.hset(user_key("gone", "billing"), "asked", 1)
    assert figures(count(db)) == (900, 100, 0)


def test_a_key_that_is_named_twice_counts_once(valkey: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """SCAN may do so while the server makes room for more keys."""
    for number in range(50):
        user(valkey, f"user-{number}", grant="Plus")
    scan = valkey.scan_iter
    monkeypatch.setattr(valkey, "scan_iter", lambda **how: [*scan(**how), *scan(**how)].__iter__())
    monkeypatch.setattr(census, "AT_ONCE", 7)
    assert figures(count(valkey)) == (0, 50, 0)


def test_who_goes_while_they_are_counted_is_not_counted(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob"):
        user(valkey, name)
    keys = list(valkey.scan_iter(match="user:{*}:stats"))
    delete_user_stats(valkey, "bob")
    monkeypatch.setattr(valkey, "scan_iter", lambda **_: iter(keys))
    assert figures(count(valkey)) == (1, 0, 0)


def test_of_many_at_once_one_counts(valkey: Db) -> None:
    user(valkey, "alice")
    done = together(8, lambda _: take_census(valkey, NOW, pause=0))
    assert len([found for found in done if found is not None]) == 1
    assert take_census(valkey, NOW + SECOND) is None, "nor who comes late"
    assert read_census(valkey).counted_at == NOW


def test_a_turn_is_held_as_long_as_it_takes(valkey: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        user(valkey, f"user-{number}")
    left: list[int] = []

    def nearly_over() -> None:
        left.append(int(valkey.pttl(CENSUS_TURN)))
        valkey.pexpire(CENSUS_TURN, 30_000)

    between(monkeypatch, nearly_over, 1)
    assert figures(count(valkey, turn_ms=60_000)) == (5, 0, 0)
    assert len(left) == 5
    assert min(left) > 30_000


@pytest.mark.parametrize("at_once", [1, 100], ids=["on the way", "at the end"])
def test_who_has_lost_the_turn_writes_nothing(
    valkey: Db, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    for number in range(3):
        user(valkey, f"user-{number}")
    calls: list[int] = []

    def somebody_else() -> None:
        calls.append(1)
        valkey.set(CENSUS_TURN, "another", px=30_000)

    between(monkeypatch, somebody_else, at_once)
    assert count(valkey) is None
    assert read_census(valkey) is None
    assert len(calls) == 1, "it goes on in vain"
    assert valkey.get(CENSUS_TURN) == "another"
    assert valkey.pttl(CENSUS_TURN) <= 30_000


def test_one_that_fails_at_once_leaves_its_turn_to_end(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_: Any) -> Any:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(valkey, "scan_iter", breaks)
    with pytest.raises(redis.ConnectionError):
        count(valkey, turn_ms=40_000)
    assert 0 < valkey.pttl(CENSUS_TURN) <= 40_000


COUNT = """
import sys
from datetime import UTC, datetime
from stats.census import take_census
from stats.store import connect

take_census(connect(sys.argv[1]), datetime.now(UTC), pause=60, turn_ms=3000)
"""


def test_after_one_that_died_another_counts(server_url: str, valkey: redis.Redis) -> None:
    user(valkey, "alice")
    command = [sys.executable, "-c", COUNT, server_url]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, env={"PATH": os.environ["PATH"]}) as counting:
        eventually(lambda: valkey.exists(CENSUS_TURN), "it counts")
        counting.kill()
    assert take_census(valkey, NOW) is None, "perhaps it lives"
    eventually(lambda: take_census(valkey, NOW, pause=0), "its turn ends")
    assert figures(read_census(valkey)) == (1, 0, 0)


def test_a_store_that_is_away_is_told(tmp_path: Path) -> None:
    for ask in (read_census, lambda db: take_census(db, NOW)):
        with pytest.raises(redis.ConnectionError):
            ask(connect(f"unix://{tmp_path}/nobody.sock"))


def test_a_plan_that_is_not_in_an_older_census_is_not_shown_as_zero(db: Db) -> None:
    count(db)
    db.hdel(CENSUS, "Premium")
    assert read_census(db).users == {Plan.FREE: 0, Plan.PLUS: 0}
