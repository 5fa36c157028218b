"""Two-factor: codes of the right moment, each good once, and recovery codes, each good once."""

import base64
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

import stats.accounts.log_in as log_in_module
from stats.accounts import log_in, passwords, two_factor
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.sessions import Halfway, Login
from stats.accounts.two_factor import finish, forget, is_void, switch_on
from stats.errors import InvalidInput
from tests.support.store_checks import contents, keys_of
from tests.support.two_factor import EMAIL, NOW, PASSWORD, code_of, guard, halfway, join, stop_clock

pytestmark = pytest.mark.usefixtures("cheap_passwords")


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
    user = join(db)
    secret, _ = guard(db, user)
    half = halfway(db)
    assert half.user_id == user
    assert live_sessions(db, user) == 1
    login = finish(db, half, code_of(secret))
    assert (login.user_id, login.method) == (user, "code")
    assert set(log_in.sessions(db, user)) > {login.session_id}


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, False), (0, True), (1, True), (2, False)]
)
def test_it_takes_one_step_on_either_side(db, steps, good):
    """But for the step before, which was used to switch it on."""
    secret, _ = guard(db, join(db))
    code = pyotp.TOTP(secret).at(NOW, counter_offset=steps)
    assert (finish(db, halfway(db), code) is not None) == good


def test_it_takes_the_step_before_of_a_slow_hand(db, clock):
    secret, _ = guard(db, join(db))
    clock.now = NOW + 119
    code = pyotp.TOTP(secret).at(NOW + 60)
    assert finish(db, halfway(db), code)


def test_a_code_is_good_once(db, clock):
    user = join(db)
    secret, _ = guard(db, user)
    totp = pyotp.TOTP(secret)
    assert finish(db, halfway(db), totp.at(NOW + 30))
    for used in (totp.at(NOW + 30), totp.at(NOW)):
        assert finish(db, halfway(db), used) is None
    clock.now = NOW + 60
    assert finish(db, halfway(db), totp.at(NOW + 30)) is None
    assert finish(db, halfway(db), totp.at(NOW + 60))


def test_the_code_that_switched_it_on_is_used_up(db):
    user = join(db)
    secret = two_factor.new_secret()
    code = code_of(secret)
    switch_on(db, user, secret=secret, code=code, password=PASSWORD)
    assert finish(db, halfway(db), code) is None


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}\n"])
def test_it_does_not_mind_how_a_code_is_written(db, typed):
    secret, _ = guard(db, join(db))
    code = code_of(secret)
    assert finish(db, halfway(db), typed.format(code[:3], code[3:]))


def test_it_takes_nothing_else_for_a_code(db):
    user = join(db)
    secret, codes = guard(db, user)
    code = code_of(secret)
    wide = code.translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    for wrong in ("", code[:5], code + "0", "1" * 6000, wide, "\ud800", "a\0b", codes[0][:-1]):
        assert finish(db, halfway(db), wrong) is None
    assert live_sessions(db, user) == 1


@pytest.mark.parametrize("wrong", ["code", "password"])
def test_it_is_switched_on_by_both(db, wrong):
    user = join(db)
    secret = two_factor.new_secret()
    shown = {"code": code_of(secret), "password": PASSWORD}
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        switch_on(db, user, secret=secret, **shown | {wrong: "123"})
    assert refused.value.field == {"password": "current_password"}.get(wrong, wrong)
    assert contents(db) == before
    assert isinstance(log_in.log_in(db, EMAIL, PASSWORD), Login)


def test_it_is_switched_on_once(db):
    user = join(db)
    secret, codes = guard(db, user)
    with pytest.raises(InvalidInput, match="on already"):
        guard(db, user)
    assert finish(db, halfway(db), codes[0])
    assert finish(db, halfway(db), code_of(secret))


def test_a_new_password_keeps_it_and_voids_what_is_halfway(db):
    user = join(db)
    secret, _ = guard(db, user)
    half = halfway(db)
    assert not is_void(db, half)
    [session] = log_in.sessions(db, user)
    assert passwords.change_password(db, user, PASSWORD, "another good sentence", session)
    assert is_void(db, half)
    assert finish(db, half, code_of(secret)) is None
    half = log_in.log_in(db, EMAIL, "another good sentence")
    assert finish(db, half, code_of(secret))


def test_a_link_does_not_get_around_it(db):
    user = join(db)
    assert log_in.log_in_by_link(db, user, "Firefox").method == "link"
    secret, _ = guard(db, user)
    half = log_in.log_in_by_link(db, user)
    assert isinstance(half, Halfway)
    assert finish(db, half, code_of(secret)).method == "code"


def test_it_makes_nobody(db):
    user = join(db)
    secret, codes = guard(db, user)
    half = halfway(db)
    handle_account_deletion(db, user)
    for code in (code_of(secret), codes[0]):
        assert finish(db, half, code) is None
    assert not forget(db, user)
    with pytest.raises(InvalidInput):
        guard(db, user)
    assert log_in.log_in_by_link(db, user) is None
    assert keys_of(db, user) == set()


def test_a_password_that_raced_with_switching_on_gets_nobody_in(db, monkeypatch):
    """Two-factor goes on between the look at the password and the beginning of the session."""
    user = join(db)
    seen = passwords.credentials

    def slow(*args):
        found = seen(*args)
        monkeypatch.setattr(log_in_module, "credentials", seen)
        guard(db, user)
        return found

    monkeypatch.setattr(log_in_module, "credentials", slow)
    assert log_in.log_in(db, EMAIL, PASSWORD) is None
    assert live_sessions(db, user) == 1


def test_a_code_of_a_secret_that_is_no_more_gets_nobody_in(db, monkeypatch):
    """Two-factor goes off and on again between the look at the code and the session."""
    user = join(db)
    secret, _ = guard(db, user)
    half, seen = halfway(db), two_factor.credentials

    def slow(*args):
        found = seen(*args)
        monkeypatch.setattr(two_factor, "credentials", seen)
        forget(db, user)
        guard(db, user)
        return found

    monkeypatch.setattr(two_factor, "credentials", slow)
    assert finish(db, half, code_of(secret)) is None
    assert live_sessions(db, user) == 1
