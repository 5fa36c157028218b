"""Two-factor in a crowd on a real server: a code lets one in, and one set of codes stands."""

import pytest

from stats.accounts import log_in, login_history
from stats.accounts.sessions import Login
from stats.accounts.two_factor import finish, make_codes
from stats.errors import InvalidInput
from tests.support.store_checks import together
from tests.support.two_factor import PASSWORD, code_of, guard, halfway, join, stop_clock

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return stop_clock(monkeypatch)


@pytest.mark.parametrize("by", ["code", "recovery code"])
def test_of_a_crowd_with_one_code_one_gets_in(crowd, by):
    user = join(crowd)
    secret, codes = guard(crowd, user)
    code = code_of(secret) if by == "code" else codes[0]
    half = halfway(crowd)
    answers = together(50, lambda _: finish(crowd, half, code))
    assert sum(isinstance(answer, Login) for answer in answers) == 1
    assert answers.count(None) == 49
    assert len(log_in.sessions(crowd, user)) == 2


def test_of_a_crowd_that_switches_it_on_the_winner_has_the_codes_that_stand(crowd):
    user = join(crowd)
    answers = together(20, lambda _: guard(crowd, user))
    [(secret, codes)] = [answer for answer in answers if isinstance(answer, tuple)]
    assert sum(isinstance(answer, InvalidInput) for answer in answers) == 19
    assert login_history.read_history(crowd, user).codes_left == 10
    for code in codes:
        assert finish(crowd, halfway(crowd), code)
    assert finish(crowd, halfway(crowd), code_of(secret))


def test_of_a_crowd_that_makes_codes_one_set_stands(crowd):
    user = join(crowd)
    _, old = guard(crowd, user)
    made = together(20, lambda n: make_codes(crowd, user, code=old[n % 10], password=PASSWORD))
    sets = [codes for codes in made if isinstance(codes, list)]
    good = [codes for codes in sets if finish(crowd, halfway(crowd), codes[0])]
    assert len(good) == 1
    assert login_history.read_history(crowd, user).codes_left == 9
