"""Failed tries: counted first, forgiven when they succeed, forgotten after five minutes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from stats import rate_limit
from stats.errors import TooManyTries
from stats.rate_limit import ALLOWED, WINDOW, begin_try


def fail(db, *whom):
    begin_try(db, *whom)


def test_it_refuses_the_eleventh_failure(db):
    for _ in range(ALLOWED):
        fail(db, "account alice")
    with pytest.raises(TooManyTries) as refused:
        fail(db, "account alice")
    assert 0 < refused.value.seconds <= WINDOW // 1000
    fail(db, "account bob")


def test_it_does_not_count_successes(db):
    for _ in range(3 * ALLOWED):
        begin_try(db, "address 192.0.2.1", "account alice").succeeded(db)
    fail(db, "address 192.0.2.1")


def test_it_counts_for_each_of_those_named(db):
    for number in range(ALLOWED):
        fail(db, "address 192.0.2.1", f"account {number}")
    with pytest.raises(TooManyTries):
        fail(db, "address 192.0.2.1", "account another")
    fail(db, "address 192.0.2.2", "account another")


def test_it_forgets_after_five_minutes(db, monkeypatch):
    for _ in range(ALLOWED):
        fail(db, "account alice")

    later = rate_limit.now_ms() + WINDOW + 1
    monkeypatch.setattr(rate_limit, "now_ms", lambda: later)
    fail(db, "account alice")


def test_it_lets_no_race_have_more(valkey):
    def attempt(_):
        try:
            begin_try(valkey, "account alice")
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(attempt, range(100))) == ALLOWED


def test_it_keeps_no_name_in_a_key(db):
    fail(db, "account alice@example.org")
    (key,) = db.keys("*")
    assert b"alice" not in (key if isinstance(key, bytes) else key.encode())
    assert 0 < db.pttl(key) <= WINDOW
