"""Passwords: which are refused, when they are looked at, and what they are good for."""

import subprocess
import sys

import pytest

import stats.accounts.log_in as log_in_module
from stats.accounts import log_in as accounts
from stats.accounts import passwords
from stats.accounts.log_in import log_in, log_in_by_link
from stats.accounts.passwords import change_password, check_password, verify_current
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock
from stats.errors import InvalidInput
from tests.support.store_checks import contents

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse battery"}

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def create_account(db, **changes: str) -> accounts.Login:
    return sign_up(db, **(ALICE | changes), clock=Clock())


@pytest.mark.parametrize("password", ["password", "PassWord1", "baseball", "iloveyou", "12345678"])
def test_it_refuses_the_commonest_passwords(db, password):
    with pytest.raises(InvalidInput, match="first that others would guess"):
        create_account(db, password=password)
    assert contents(db) == {}
    login = create_account(db)
    with pytest.raises(InvalidInput) as refused:
        change_password(db, login.user_id, ALICE["password"], password, login.session_id)
    assert refused.value.field == "password"
    assert log_in(db, ALICE["email"], ALICE["password"])


@pytest.mark.parametrize("password", ["Al.Liddell@Example.com", "al.liddell", "ALICE Liddell"])
def test_it_refuses_the_name_and_the_address_for_a_password(db, password):
    who = {"name": "Alice Liddell", "email": "al.liddell@example.com"}
    with pytest.raises(InvalidInput, match="not your name or e-mail"):
        create_account(db, **who, password=password)
    login = create_account(db, **who)
    with pytest.raises(InvalidInput, match="not your name or e-mail"):
        change_password(db, login.user_id, ALICE["password"], password, login.session_id)
    assert check_password(password) == password
    with pytest.raises(InvalidInput, match="not your name or e-mail"):
        check_password("jose alvarez", about=["José A\u0301lvarez"])
    assert create_account(db, email="bob@example.com", password=password)


def test_it_loads_the_commonest_passwords_when_the_first_is_chosen():
    code = "import app, sys; print('zxcvbn.frequency_lists' in sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout == "False\n"


@pytest.mark.parametrize("password", ["x" * 1025, "é" * 513, "👩" * 257])
def test_it_does_not_even_hash_more_than_a_kibibyte(db, monkeypatch, password):
    login = create_account(db)
    passwords.dummy_hash()
    monkeypatch.setattr(passwords, "_hasher", None)  # whoever hashes, fails
    assert log_in(db, ALICE["email"], password) is None
    assert not verify_current(db, login.user_id, password)


def test_it_knows_the_current_password(db):
    login = create_account(db)
    assert verify_current(db, login.user_id, ALICE["password"])
    for wrong in ("", "correct horse", ALICE["password"] + " ", "\ud800"):
        assert not verify_current(db, login.user_id, wrong)
    assert not verify_current(db, "nobody", ALICE["password"])


def test_an_account_without_a_password_is_not_entered_by_one(db):
    login = create_account(db)
    db.hdel(f"user:{{{login.user_id}}}:account", "password")
    for password in ("", ALICE["password"], "None"):
        assert log_in(db, ALICE["email"], password) is None
        assert not verify_current(db, login.user_id, password)
    assert not change_password(db, login.user_id, "", "another password", login.session_id)
    assert log_in_by_link(db, login.user_id)


def test_a_password_that_was_changed_meanwhile_begins_no_session(db, monkeypatch):
    login, renewed = create_account(db), []
    seen = passwords.credentials

    def slow(*args):
        result = seen(*args)
        monkeypatch.setattr(log_in_module, "credentials", seen)
        args = (login.user_id, ALICE["password"], "another password", login.session_id)
        renewed.append(change_password(db, *args))
        return result

    monkeypatch.setattr(log_in_module, "credentials", slow)
    assert log_in(db, ALICE["email"], ALICE["password"]) is None
    assert list(accounts.sessions(db, login.user_id)) == renewed


@pytest.mark.parametrize("email", [ALICE["email"], "nobody@example.com", "no address"])
def test_it_looks_at_one_hash_whether_an_address_is_known_or_not(db, monkeypatch, email):
    """The hash is what a log-in costs, so that its time tells nothing."""
    create_account(db)
    passwords.dummy_hash()
    looked, verify = [], passwords.verify_hash

    def counted(digest: str, typed: str) -> bool:
        looked.append(digest[:9])
        return verify(digest, typed)

    monkeypatch.setattr(log_in_module, "verify_hash", counted)
    assert log_in(db, email, "not the password") is None
    assert looked == ["$argon2id"]
