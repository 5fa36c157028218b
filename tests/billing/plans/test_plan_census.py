"""The census: every user is counted once, by the plan that they have at that moment."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from stats.billing import plan_census
from stats.billing.plan_census import Census, read_census, take_census
from stats.plans.plan import Plan
from stats.store.client import Db
from stats.store.keys import CENSUS, user_key
from stats.user_stats import create_user_stats, delete_user_stats, grant_plan
from tests.support.store_checks import contents, run_concurrently

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def user(db: Db, name: str, **fields: str) -> None:
    create_user_stats(db, name)
    if fields:
        db.hset(user_key(name, "stats"), mapping=fields)


def figures(census: Census) -> tuple[int, ...]:
    """How many have Free, Plus and Premium."""
    return tuple(census.users[plan] for plan in Plan)


def test_there_is_none_until_somebody_counts(db: Db) -> None:
    assert read_census(db) is None
    taken = take_census(db, NOW)
    assert (taken.counted_at, figures(taken)) == (NOW, (0, 0, 0))
    assert read_census(db) == taken


def test_a_plan_is_the_higher_of_grant_and_what_is_paid_for_then(db: Db) -> None:
    end = int(NOW.timestamp())
    user(db, "free")
    user(db, "stale", plan="Premium")
    grant_plan(db, "granted", "Plus", create=True)
    user(db, "paid", paid="Premium:")
    user(db, "until", paid=f"Premium:{end}")
    user(db, "ended", paid=f"Plus:{end - 86_400}", plan="Plus")
    user(db, "lower-grant", grant="Plus", paid=f"Premium:{end}")
    user(db, "higher-grant", grant="Premium", paid="Plus:")
    user(db, "two", paid=f"Plus: Premium:{end}")
    before = contents(db)
    assert figures(take_census(db, NOW - SECOND)) == (3, 1, 5)
    assert figures(take_census(db, NOW)) == (4, 3, 2)
    after = contents(db)
    assert after.pop(CENSUS)
    assert after == before, "nobody's data are touched"


def test_many_users_are_counted_piece_by_piece(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_census, "BATCH_SIZE", 7)
    for number in range(50):
        user(db, f"user-{number}", **({} if number % 10 else {"grant": "Plus"}))
    assert figures(take_census(db, NOW)) == (45, 5, 0)


def test_a_user_whose_key_is_found_twice_counts_once(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SCAN may do so while the server makes room for more keys."""
    user(valkey, "alice", grant="Plus")
    scan = valkey.scan_iter
    monkeypatch.setattr(valkey, "scan_iter", lambda **how: iter([*scan(**how), *scan(**how)]))
    assert figures(take_census(valkey, NOW)) == (0, 1, 0)


def test_who_is_deleted_meanwhile_is_not_counted(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    user(valkey, "alice")
    user(valkey, "bob")
    keys = list(valkey.scan_iter(match="user:{*}:stats"))
    delete_user_stats(valkey, "bob")
    monkeypatch.setattr(valkey, "scan_iter", lambda **_: iter(keys))
    assert figures(take_census(valkey, NOW)) == (1, 0, 0)


def test_of_many_at_once_one_stays_whole(valkey: Db) -> None:
    user(valkey, "alice", paid=f"Plus:{int(NOW.timestamp()) + 4}")
    taken = run_concurrently(8, lambda number: take_census(valkey, NOW + number * SECOND))
    assert read_census(valkey) in taken


def test_one_that_fails_leaves_the_last_one(valkey: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    user(valkey, "alice")
    last = take_census(valkey, NOW)

    def breaks(**_: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(valkey, "scan_iter", breaks)
    with pytest.raises(redis.ConnectionError):
        take_census(valkey, NOW + SECOND)
    assert read_census(valkey) == last


def test_it_shows_the_plans_that_there_are_and_were_counted(db: Db) -> None:
    take_census(db, NOW)
    db.hdel(CENSUS, "Premium")
    db.hset(CENSUS, "Gold", 3)
    census = read_census(db)
    assert census
    assert census.users == {Plan.FREE: 0, Plan.PLUS: 0}
