"""Two-factor: codes of the right moment, each good once, and recovery codes, each good once."""

import base64
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

import stats.accounts.log_in as log_in_module
from stats.accounts import log_in, passwords
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.second_factor import two_factor
from stats.accounts.second_factor.two_factor import finish, forget, is_void, switch_on
from stats.accounts.sessions import Halfway, Login
from stats.errors import InvalidInput, SessionEnded
from tests.support.store_checks import contents, keys_of_user
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


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return stop_clock(monkeypatch)


def live_sessions(db, user: str) -> int:
    return len(log_in.sessions(db, user))


def test_it_knows_the_codes_of_the_standard(clock):
    """RFC 6238, appendix B; of its eight digits, the last six."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    for moment, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        clock.now = moment
        assert two_factor._step(secret, code) == moment // 30


def test_it_offers_a_long_secret_in_the_form_that_apps_read():
    secrets = {two_factor.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    (secret, *_) = secrets
    assert len(base64.b32decode(secret)) * 8 == 160
    parts = urlsplit(two_factor.address(secret, "a+b@example.com"))
    assert (parts.scheme, parts.netloc, parts.path) == (
        "otpauth",
        "totp",
        "/Aira:a%2Bb%40example.com",
    )
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": ["Aira"]}


def test_a_password_leads_halfway_and_a_code_in(db):
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    half = log_in_with_password(db)
    assert half.user_id == user
    assert live_sessions(db, user) == 1
    login = finish(db, half, totp_code(secret))
    assert (login.user_id, login.method) == (user, "code")
    assert set(log_in.sessions(db, user)) > {login.session_id}


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, False), (0, True), (1, True), (2, False)]
)
def test_it_takes_one_step_on_either_side(db, steps, good):
    """But for the step before, which was used to switch it on."""
    secret, _ = enable_two_factor(db, create_user(db))
    code = pyotp.TOTP(secret).at(NOW, counter_offset=steps)
    assert (finish(db, log_in_with_password(db), code) is not None) == good


def test_it_takes_the_step_before_of_a_slow_hand(db, clock):
    secret, _ = enable_two_factor(db, create_user(db))
    clock.now = NOW + 119
    code = pyotp.TOTP(secret).at(NOW + 60)
    assert finish(db, log_in_with_password(db), code)


def test_a_code_is_good_once(db, clock):
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    totp = pyotp.TOTP(secret)
    assert finish(db, log_in_with_password(db), totp.at(NOW + 30))
    for used in (totp.at(NOW + 30), totp.at(NOW)):
        assert finish(db, log_in_with_password(db), used) is None
    clock.now = NOW + 60
    assert finish(db, log_in_with_password(db), totp.at(NOW + 30)) is None
    assert finish(db, log_in_with_password(db), totp.at(NOW + 60))


def test_the_code_that_switched_it_on_is_used_up(db):
    user = create_user(db)
    secret = two_factor.new_secret()
    code, [session] = totp_code(secret), log_in.sessions(db, user)
    switch_on(db, user, secret=secret, code=code, password=PASSWORD, session_id=session)
    assert finish(db, log_in_with_password(db), code) is None


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}\n"])
def test_it_does_not_mind_how_a_code_is_written(db, typed):
    secret, _ = enable_two_factor(db, create_user(db))
    code = totp_code(secret)
    assert finish(db, log_in_with_password(db), typed.format(code[:3], code[3:]))


def test_it_takes_nothing_else_for_a_code(db):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    code = totp_code(secret)
    wide = code.translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    for wrong in ("", code[:5], code + "0", "1" * 6000, wide, "\ud800", "a\0b", codes[0][:-1]):
        assert finish(db, log_in_with_password(db), wrong) is None
    assert live_sessions(db, user) == 1


def test_a_session_that_has_ended_does_not_switch_it_on(db):
    user = create_user(db)
    [session], secret = log_in.sessions(db, user), two_factor.new_secret()
    log_in.log_out(db, user, session)
    shown = {"code": totp_code(secret), "password": PASSWORD, "session_id": session}
    before = contents(db)
    with pytest.raises(SessionEnded):
        switch_on(db, user, secret=secret, **shown)
    assert contents(db) == before


@pytest.mark.parametrize("wrong", ["code", "password"])
def test_it_is_switched_on_by_both(db, wrong):
    user = create_user(db)
    secret = two_factor.new_secret()
    [session] = log_in.sessions(db, user)
    shown = {"code": totp_code(secret), "password": PASSWORD, "session_id": session}
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        switch_on(db, user, secret=secret, **shown | {wrong: "123"})
    assert refused.value.field == {"password": "current_password"}.get(wrong, wrong)
    assert contents(db) == before
    assert isinstance(log_in.log_in(db, EMAIL, PASSWORD), Login)


def test_it_is_switched_on_once(db):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    with pytest.raises(InvalidInput, match="on already"):
        enable_two_factor(db, user)
    assert finish(db, log_in_with_password(db), codes[0])
    assert finish(db, log_in_with_password(db), totp_code(secret))


def test_a_new_password_keeps_it_and_voids_what_is_halfway(db):
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    half = log_in_with_password(db)
    assert not is_void(db, half)
    [session] = log_in.sessions(db, user)
    assert passwords.change_password(db, user, PASSWORD, "another good sentence", session)
    assert is_void(db, half)
    assert finish(db, half, totp_code(secret)) is None
    half = log_in.log_in(db, EMAIL, "another good sentence")
    assert finish(db, half, totp_code(secret))


def test_a_link_does_not_get_around_it(db):
    user = create_user(db)
    assert log_in.log_in_by_link(db, user, "Firefox").method == "link"
    secret, _ = enable_two_factor(db, user)
    half = log_in.log_in_by_link(db, user)
    assert isinstance(half, Halfway)
    assert finish(db, half, totp_code(secret)).method == "code"


def test_it_makes_nobody(db):
    user = create_user(db)
    secret, codes = enable_two_factor(db, user)
    half = log_in_with_password(db)
    handle_account_deletion(db, user)
    for code in (totp_code(secret), codes[0]):
        assert finish(db, half, code) is None
    assert not forget(db, user)
    with pytest.raises(InvalidInput):
        enable_two_factor(db, user)
    assert log_in.log_in_by_link(db, user) is None
    assert keys_of_user(db, user) == set()


def test_a_password_that_raced_with_switching_on_gets_nobody_in(db, monkeypatch):
    """Two-factor goes on between the look at the password and the beginning of the session."""
    user = create_user(db)
    seen = passwords.credentials

    def slow(*args):
        result = seen(*args)
        monkeypatch.setattr(log_in_module, "credentials", seen)
        enable_two_factor(db, user)
        return result

    monkeypatch.setattr(log_in_module, "credentials", slow)
    assert log_in.log_in(db, EMAIL, PASSWORD) is None
    assert live_sessions(db, user) == 1


def test_a_code_of_a_secret_that_is_no_more_gets_nobody_in(db, monkeypatch):
    """Two-factor goes off and on again between the look at the code and the session."""
    user = create_user(db)
    secret, _ = enable_two_factor(db, user)
    half, seen = log_in_with_password(db), two_factor.credentials

    def slow(*args):
        result = seen(*args)
        monkeypatch.setattr(two_factor, "credentials", seen)
        forget(db, user)
        enable_two_factor(db, user)
        return result

    monkeypatch.setattr(two_factor, "credentials", slow)
    assert finish(db, half, totp_code(secret)) is None
    assert live_sessions(db, user) == 1
