"""What the tests of two-factor share: Alice, her secret, and a clock that stands."""

from types import SimpleNamespace

import pyotp
import pytest

from stats.accounts import log_in, sign_up
from stats.accounts.second_factor import two_factor
from stats.accounts.sessions import Halfway
from stats.activity.clock import Clock
from stats.store.client import Db

EMAIL, PASSWORD = "alice@example.com", "correct horse battery"
# Divisible by 30: a time step begins.
NOW = 1_800_000_000


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Let codes be of one moment, which may be set: `now`."""
    clock = SimpleNamespace(now=NOW)
    monkeypatch.setattr(two_factor, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


def create_user(db: Db) -> str:
    login = sign_up.sign_up(db, name="Alice", email=EMAIL, password=PASSWORD, clock=Clock())
    return login.user_id


def enable_two_factor(db: Db, user: str, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Switch two-factor on by the code of the step before; return secret and recovery codes."""
    secret = two_factor.new_secret()
    code = pyotp.TOTP(secret).at(NOW - 30)
    session = next(iter(log_in.sessions(db, user)), "")
    result = two_factor.switch_on(
        db, user, secret=secret, code=code, password=password, session_id=session
    )
    return secret, result.codes


def totp_code(secret: str, moment: int = NOW) -> str:
    """Return the code that the app shows at a moment (s)."""
    return pyotp.TOTP(secret).at(moment)


def log_in_with_password(db: Db) -> Halfway:
    half = log_in.log_in(db, EMAIL, PASSWORD)
    assert isinstance(half, Halfway)
    return half
