"""Wrong codes in a row lock the second factor, longer and longer; a right one begins anew."""

import pytest

from stats.accounts import log_in
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.second_factor import two_factor
from stats.accounts.second_factor.code_lockout import claim_lock_notice
from stats.accounts.second_factor.two_factor import finish, make_codes, switch_off
from stats.errors import InvalidInput, TooManyTries
from stats.lib.text import as_text
from tests.support.store_checks import contents, run_concurrently
from tests.support.two_factor import (
    EMAIL,
    NOW,
    PASSWORD,
    create_user,
    enable_two_factor,
    log_in_with_password,
    stop_clock,
    totp_code,
)

pytestmark = pytest.mark.usefixtures("fast_password_hashing")
WRONG, HOUR = "no code", 3600


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return stop_clock(monkeypatch)


def wait_after(db, half, code=WRONG) -> int:
    """Return how long to wait (s) before the code is looked at, 0 if it was wrong."""
    try:
        assert finish(db, half, code) is None
    except TooManyTries as refused:
        return refused.seconds
    return 0


def lock(db, half) -> None:
    assert [wait_after(db, half) for _ in range(51)] == [0] * 50 + [HOUR]


def test_fifty_in_a_row_lock_it_longer_and_longer(db, clock):
    enable_two_factor(db, create_user(db))
    half = log_in_with_password(db)
    lock(db, half)
    for hours in (2, 4, 8, 16, 24, 24):
        clock.now += wait_after(db, half)
        assert wait_after(db, half) == 0
        assert wait_after(db, half) == hours * HOUR


def test_the_right_one_is_not_looked_at_while_it_is_locked(db, clock):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    half = log_in_with_password(db)
    lock(db, half)
    clock.now += HOUR - 1
    for code in (totp_code(secret, clock.now), codes[0]):
        assert wait_after(db, half, code) == 1
    clock.now += 1
    assert finish(db, half, totp_code(secret, clock.now))


@pytest.mark.parametrize("way", ["code", "recovery code"])
def test_a_right_one_begins_anew(db, clock, way):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    half = log_in_with_password(db)
    lock(db, half)
    clock.now += HOUR
    assert finish(db, half, totp_code(secret, clock.now) if way == "code" else codes[0])
    left = {as_text(field) for field in db.hkeys(f"user:{{{user}}}:account")}
    assert not {field for field in left if field.startswith("code")}
    lock(db, half)


def test_what_a_session_tries_counts_as_well(db, clock):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    half = log_in_with_password(db)
    for number in range(50):
        act = (switch_off, make_codes)[number % 2]
        with pytest.raises(InvalidInput, match="does not fit"):
            act(db, user, code=WRONG, password=PASSWORD)
    assert wait_after(db, half) == HOUR
    for act in (switch_off, make_codes):
        with pytest.raises(TooManyTries):
            act(db, user, code=codes[0], password=PASSWORD)
    clock.now += HOUR
    make_codes(db, user, code=totp_code(secret, clock.now), password=PASSWORD)
    lock(db, half)


def test_a_wrong_password_is_no_wrong_code(db):
    user = create_user(db)
    enable_two_factor(db, user)
    for _ in range(60):
        with pytest.raises(InvalidInput, match="current password"):
            switch_off(db, user, code=WRONG, password="not this one")
    lock(db, log_in_with_password(db))


def test_an_operator_unlocks_it(db):
    user = create_user(db)
    enable_two_factor(db, user)
    lock(db, log_in_with_password(db))
    assert two_factor.forget(db, user)
    assert log_in.log_in(db, EMAIL, PASSWORD)
    enable_two_factor(db, user)
    lock(db, log_in_with_password(db))


def test_a_clock_that_is_set_back_locks_nobody_for_longer(db, clock):
    enable_two_factor(db, create_user(db))
    half = log_in_with_password(db)
    lock(db, half)
    clock.now = NOW - 365 * 24 * HOUR
    assert wait_after(db, half) == 24 * HOUR


def test_the_person_is_told_once_in_a_row(db, clock):
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    half = log_in_with_password(db)
    assert claim_lock_notice(db, user) is None
    for _ in range(2):
        lock(db, half)
        assert claim_lock_notice(db, user) == EMAIL
        assert claim_lock_notice(db, user) is None
        clock.now += HOUR
        assert wait_after(db, half) == 0
        assert claim_lock_notice(db, user) is None
        clock.now += 2 * HOUR
        assert finish(db, half, totp_code(secret, clock.now))


def test_it_makes_nobody(db):
    user = create_user(db)
    enable_two_factor(db, user)
    half = log_in_with_password(db)
    handle_account_deletion(db, user)
    assert wait_after(db, half) == 0
    assert claim_lock_notice(db, user) is None
    assert contents(db) == {}


def test_a_crowd_gets_no_more_than_one_by_one(concurrent_db):
    enable_two_factor(concurrent_db, create_user(concurrent_db))
    half = log_in_with_password(concurrent_db)
    answers = run_concurrently(80, lambda _: wait_after(concurrent_db, half))
    assert sorted(answers) == [0] * 50 + [HOUR] * 30
