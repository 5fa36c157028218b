"""Failed attempts: counted first, forgiven when they succeed, forgotten after five minutes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from stats import rate_limit
from stats.errors import TooManyTries
from stats.rate_limit import ATTEMPT_WINDOW, MAX_ATTEMPTS, count_attempt


def fail(db, *names):
    count_attempt(db, *names)


def test_it_refuses_the_eleventh_failure(db):
    for _ in range(MAX_ATTEMPTS):
        fail(db, "account alice")
    with pytest.raises(TooManyTries) as refused:
        fail(db, "account alice")
    assert 0 < refused.value.seconds <= ATTEMPT_WINDOW
    fail(db, "account bob")


def test_it_does_not_count_successes(db):
    for _ in range(3 * MAX_ATTEMPTS):
        count_attempt(db, "address 192.0.2.1", "account alice").forgive(db)
    fail(db, "address 192.0.2.1")


def test_it_counts_for_each_of_those_named(db):
    for number in range(MAX_ATTEMPTS):
        fail(db, "address 192.0.2.1", f"account {number}")
    with pytest.raises(TooManyTries):
        fail(db, "address 192.0.2.1", "account another")
    fail(db, "address 192.0.2.2", "account another")


def test_it_forgets_after_five_minutes(db, monkeypatch):
    for _ in range(MAX_ATTEMPTS):
        fail(db, "account alice")

    later = rate_limit.now_ms() + ATTEMPT_WINDOW * 1000 + 1
    monkeypatch.setattr(rate_limit, "now_ms", lambda: later)
    fail(db, "account alice")


def test_it_lets_no_race_have_more(valkey):
    def attempt(_):
        try:
            count_attempt(valkey, "account alice")
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(attempt, range(100))) == MAX_ATTEMPTS


def test_it_keeps_no_name_in_a_key(db):
    fail(db, "account alice@example.org")
    (key,) = db.keys("*")
    assert b"alice" not in (key if isinstance(key, bytes) else key.encode())
    assert 0 < db.pttl(key) <= ATTEMPT_WINDOW * 1000
