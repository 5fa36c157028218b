"""One password, however a keyboard spells it: composed (NFC) or decomposed, as macOS may."""

import argon2
import pytest

from stats import operators
from stats.accounts import password_reset, passwords
from stats.accounts.log_in import log_in
from stats.accounts.passwords import change_password, check_password, verify_current
from stats.accounts.second_factor import two_factor
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock
from stats.errors import InvalidInput
from tests.support.two_factor import NOW, stop_clock, totp_code

EMAIL = "alice@example.com"
COMPOSED, DECOMPOSED = "caf\u00e9 au lait \uac01", "cafe\u0301 au lait \u1100\u1161\u11a8"
SPELLINGS = [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)]
NEW = "another password"

pytestmark = [
    pytest.mark.usefixtures("fast_password_hashing"),
    pytest.mark.parametrize(("chosen", "typed"), SPELLINGS, ids=["composed", "decomposed"]),
]


def join(db, password: str):
    return sign_up(db, name="Alice", email=EMAIL, password=password, clock=Clock())


def test_it_opens_the_account_that_was_made_with_it(db, chosen, typed):
    login = join(db, chosen)
    for password in (chosen, typed):
        assert log_in(db, EMAIL, password)
        assert verify_current(db, login.user_id, password)
    assert log_in(db, EMAIL, typed.replace("lait", "lac")) is None


def test_it_is_the_same_when_it_is_changed(db, chosen, typed):
    login = join(db, chosen)
    session = change_password(db, login.user_id, typed, NEW, login.session_id)
    assert change_password(db, login.user_id, NEW, chosen, session)
    assert log_in(db, EMAIL, typed)


def test_it_is_the_same_when_it_is_reset_or_set_by_an_operator(db, chosen, typed):
    login = join(db, NEW)
    token = password_reset.request_reset(db, EMAIL).token
    assert password_reset.reset_password(db, token, chosen)
    assert log_in(db, EMAIL, typed)
    operators.set_password(db, login.user_id, NEW)
    operators.set_password(db, login.user_id, chosen)
    assert log_in(db, EMAIL, typed)
    operators.create(db, email="bob@example.com", name="Bob", password=chosen)
    assert log_in(db, "bob@example.com", typed)


def test_it_is_the_same_for_two_factor(db, monkeypatch, chosen, typed):
    stop_clock(monkeypatch)
    login, secret = join(db, chosen), two_factor.new_secret()
    user_id = login.user_id
    steps = [totp_code(secret, NOW + 30 * step) for step in (-1, 0, 1)]
    session = {"session_id": login.session_id}
    two_factor.switch_on(db, user_id, secret=secret, code=steps[0], password=typed, **session)
    two_factor.make_codes(db, user_id, code=steps[1], password=typed)
    two_factor.switch_off(db, user_id, code=steps[2], password=typed)


def test_a_hash_of_what_was_typed_still_opens(db, chosen, typed):
    """As it was made before passwords were normalised."""
    login = join(db, NEW)
    digest = passwords._hasher.hash(chosen)
    db.hset(f"user:{{{login.user_id}}}:account", "password", digest)
    assert log_in(db, EMAIL, chosen)
    assert change_password(db, login.user_id, chosen, chosen, login.session_id)
    assert log_in(db, EMAIL, typed)


def test_it_counts_characters_as_people_do(db, chosen, typed):
    with pytest.raises(InvalidInput, match="8 to 128"):
        check_password("e\u0301" * 7)
    assert check_password("e\u0301" * 128) == "\u00e9" * 128
    assert check_password("\u1100\u1161\u11a8" * 128) == "\uac01" * 128
    with pytest.raises(InvalidInput, match="8 to 128"):
        check_password("e\u0301" * 129)


def test_its_hashes_do_not_tell_whether_an_address_is_known(db, monkeypatch, chosen, typed):
    """Hashing is what a log-in costs: as often for nobody as for a wrong password."""
    login = join(db, NEW)
    passwords.dummy_hash()
    verify, counts = argon2.PasswordHasher.verify, []

    def counted(self, digest: str, password: str) -> bool:
        counts[-1] += 1
        return verify(self, digest, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    for email in (EMAIL, "nobody@example.com", "no address"):
        counts.append(0)
        assert log_in(db, email, typed) is None
    counts.append(0)
    assert not verify_current(db, login.user_id, typed)
    counts.append(0)
    assert not verify_current(db, "nobody", typed)
    assert counts == [1 if typed == COMPOSED else 2] * 5
