"""The ways around a lost phone: recovery codes, each good once, and switching two-factor off."""

import re

import pytest

from stats.accounts import log_in, login_history, sign_up
from stats.accounts.second_factor.two_factor import finish, forget, is_void, make_codes, switch_off
from stats.accounts.sessions import Login
from stats.activity.clock import Clock
from stats.errors import InvalidInput
from tests.support.store_checks import contents
from tests.support.two_factor import (
    EMAIL,
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


def test_a_recovery_code_is_good_once(db):
    user = create_user(db)
    _, codes = enable_two_factor(db, user)
    assert finish(db, log_in_with_password(db), codes[3]).method == "recovery"
    assert finish(db, log_in_with_password(db), codes[3]) is None
    assert finish(db, log_in_with_password(db), codes[4])
    assert login_history.read_history(db, user).codes_left == 8


def test_recovery_codes_are_easy_to_read_and_hard_to_guess(db):
    user = create_user(db)
    _, codes = enable_two_factor(db, user)
    assert len(set(codes)) == 10
    assert all(
        re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){2}[0-9a-hjkmnp-tv-z]{4}", code) for code in codes
    )
    typed = codes[0].upper().replace("-", " ").replace("0", "O").replace("1", "I")
    assert finish(db, log_in_with_password(db), typed)
    assert not any(code in str(contents(db)) for code in codes)
    assert not any(code.replace("-", "") in str(contents(db)) for code in codes)


def test_recovery_codes_are_their_owners_alone(db):
    _, codes = enable_two_factor(db, create_user(db))
    bob = sign_up.sign_up(db, name="Bob", email="bob@example.com", password=PASSWORD, clock=Clock())
    enable_two_factor(db, bob.user_id)
    half = log_in.log_in(db, "bob@example.com", PASSWORD)
    assert finish(db, half, codes[0]) is None


def test_new_recovery_codes_replace_the_old(db):
    user = create_user(db)
    _, old = enable_two_factor(db, user)
    with pytest.raises(InvalidInput):
        make_codes(db, user, code=old[1], password="not this one")
    with pytest.raises(InvalidInput):
        make_codes(db, user, code="000000", password=PASSWORD)
    new = make_codes(db, user, code=old[1], password=PASSWORD)
    assert not set(new) & set(old)
    assert finish(db, log_in_with_password(db), old[0]) is None
    assert finish(db, log_in_with_password(db), new[0])
    forget(db, user)
    with pytest.raises(InvalidInput, match="off already"):
        make_codes(db, user, code=new[1], password=PASSWORD)


@pytest.mark.parametrize("by", ["code", "recovery code"])
def test_it_is_switched_off_by_a_code_and_the_password(db, by):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    code = totp_code(secret) if by == "code" else codes[0]
    for wrong in ({"code": "000000"}, {"code": ""}, {"code": "a"}, {"password": "not this one"}):
        with pytest.raises(InvalidInput):
            switch_off(db, user, **{"code": code, "password": PASSWORD} | wrong)
    switch_off(db, user, code=code, password=PASSWORD)
    assert isinstance(log_in.log_in(db, EMAIL, PASSWORD), Login)
    assert not any("totp" in str(value) for value in contents(db).values())
    assert login_history.read_history(db, user).codes_left == 0
    with pytest.raises(InvalidInput, match="off already"):
        switch_off(db, user, code=code, password=PASSWORD)


def test_a_used_code_does_not_switch_it_off(db):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    code = totp_code(secret)
    assert finish(db, log_in_with_password(db), code)
    assert finish(db, log_in_with_password(db), codes[0])
    for used in (code, codes[0]):
        with pytest.raises(InvalidInput):
            switch_off(db, user, code=used, password=PASSWORD)


def test_switching_it_off_voids_what_is_halfway(db):
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    half = log_in_with_password(db)
    assert forget(db, user)
    assert not forget(db, user)
    assert is_void(db, half)
    assert finish(db, half, totp_code(secret)) is None
