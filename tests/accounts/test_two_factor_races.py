"""Two-factor in a crowd on a real server: a code lets one in, and one set of codes stands."""

import pytest

from stats.accounts import log_in, login_history
from stats.accounts.second_factor.two_factor import finish, make_codes
from stats.accounts.sessions import Login
from stats.errors import InvalidInput
from tests.support.store_checks import run_concurrently
from tests.support.two_factor import (
    PASSWORD,
    create_user,
    enable_two_factor,
    log_in_with_password,
    stop_clock,
    totp_code,
)

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return stop_clock(monkeypatch)


@pytest.mark.parametrize("by", ["code", "recovery code"])
def test_of_a_crowd_with_one_code_one_gets_in(concurrent_db, by):
    user = create_user(concurrent_db)
    secret, codes = enable_two_factor(concurrent_db, user)
    code = totp_code(secret) if by == "code" else codes[0]
    half = log_in_with_password(concurrent_db)
    answers = run_concurrently(50, lambda _: finish(concurrent_db, half, code))
    assert sum(isinstance(answer, Login) for answer in answers) == 1
    assert answers.count(None) == 49
    assert len(log_in.sessions(concurrent_db, user)) == 2


def test_of_a_crowd_that_switches_it_on_the_winner_has_the_codes_that_stand(concurrent_db):
    user = create_user(concurrent_db)
    answers = run_concurrently(20, lambda _: enable_two_factor(concurrent_db, user))
    [(secret, codes)] = [answer for answer in answers if isinstance(answer, tuple)]
    assert sum(isinstance(answer, InvalidInput) for answer in answers) == 19
    assert login_history.read_history(concurrent_db, user).codes_left == 10
    for code in codes:
        assert finish(concurrent_db, log_in_with_password(concurrent_db), code)
    assert finish(concurrent_db, log_in_with_password(concurrent_db), totp_code(secret))


def test_of_a_crowd_that_makes_codes_one_set_stands(concurrent_db):
    user = create_user(concurrent_db)
    _, old = enable_two_factor(concurrent_db, user)
    made = run_concurrently(
        20, lambda n: make_codes(concurrent_db, user, code=old[n % 10], password=PASSWORD)
    )
    sets = [codes for codes in made if isinstance(codes, list)]
    good = [
        codes
        for codes in sets
        if finish(concurrent_db, log_in_with_password(concurrent_db), codes[0])
    ]
    assert len(good) == 1
    assert login_history.read_history(concurrent_db, user).codes_left == 9
