"""Recent log-ins: written with the session, kept for a while, gone with the account."""

import io
import json
import time

import pytest

import stats.accounts.sessions as sessions_module
from stats.accounts import log_in, login_history, sign_up
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.login_history import MAX_ENTRIES, RETENTION, LoginEntry, LoginMethod
from stats.accounts.second_factor import two_factor
from stats.activity.clock import Clock
from stats.export.archive_reader import read_archive
from stats.export.json_export import export_user
from stats.export.restore import restore
from tests.support.store_checks import contents, keys_of_user

EMAIL, PASSWORD = "alice@example.com", "correct horse battery"
DAY = 86_400
HERE = {"agent": "Firefox", "address": "192.0.2.1"}

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def create_account(db) -> str:
    login = sign_up.sign_up(db, name="Alice", email=EMAIL, password=PASSWORD, clock=Clock(), **HERE)
    return login.user_id


def fail(db, **where: str) -> None:
    assert log_in.log_in(db, EMAIL, "not this one", **where) is None


def as_tuples(entries) -> list[tuple[str, str, str]]:
    return [(entry.method, entry.address, entry.agent) for entry in entries]


@pytest.fixture
def backdate_logins(monkeypatch):
    """Let log-ins happen some seconds ago."""

    def set_back(seconds: int) -> None:
        now = time.time_ns
        monkeypatch.setattr(login_history.time, "time_ns", lambda: now() - seconds * 10**9)

    return set_back


def test_it_tells_when_how_by_what_and_from_where(db):
    before = time.time()
    user = create_account(db)
    log_in.log_in(db, EMAIL, PASSWORD, "Chrome 1", "2001:db8::1")
    log_in.log_in_by_link(db, user)
    log = login_history.read_history(db, user)
    assert as_tuples(log.logins) == [
        ("link", "", ""),
        ("password", "2001:db8::1", "Chrome 1"),
        ("signup", "192.0.2.1", "Firefox"),
    ]
    assert all(int(before) <= entry.seconds <= time.time() for entry in log.logins)
    assert (log.failures, log.two_factor, log.codes_left) == ((), None, 0)


def test_it_tells_of_failed_tries_apart(db):
    user = create_account(db)
    fail(db, **HERE)
    fail(db, agent="curl")
    log = login_history.read_history(db, user)
    assert as_tuples(log.failures) == [
        ("password", "", "curl"),
        ("password", "192.0.2.1", "Firefox"),
    ]
    assert as_tuples(log.logins) == [("signup", "192.0.2.1", "Firefox")]


def test_it_keeps_twenty_and_lets_no_failure_push_out_a_login(db):
    user = create_account(db)
    for number in range(MAX_ENTRIES + 5):
        fail(db, agent=f"failed {number}")
        log_in.log_in(db, EMAIL, PASSWORD, f"agent {number}")
    log = login_history.read_history(db, user)
    assert [entry.agent for entry in log.logins] == [f"agent {n}" for n in range(24, 4, -1)]
    assert [entry.agent for entry in log.failures] == [f"failed {n}" for n in range(24, 4, -1)]


def test_it_shows_nothing_of_more_than_ninety_days_ago(db, backdate_logins, monkeypatch):
    backdate_logins(RETENTION + 60)
    user = create_account(db)
    fail(db)
    monkeypatch.undo()
    assert (
        login_history.read_history(db, user).logins
        == login_history.read_history(db, user).failures
        == ()
    )


@pytest.mark.parametrize("then", ["log in", "fail"])
def test_it_drops_what_is_older_at_the_next_write(db, backdate_logins, monkeypatch, then):
    backdate_logins(RETENTION + 60)
    user = create_account(db)
    fail(db)
    monkeypatch.undo()
    backdate_logins(RETENTION - 60)
    log_in.log_in(db, EMAIL, PASSWORD, "still")
    monkeypatch.undo()
    log_in.log_in(db, EMAIL, PASSWORD if then == "log in" else "not this one", "now")
    stored = str([contents(db).get(f"user:{{{user}}}:{kind}") for kind in ("logins", "failures")])
    assert "signup" not in stored
    assert stored.count("password") == 2
    assert "still" in stored


def test_it_writes_the_login_with_the_session(valkey, monkeypatch):
    """The same script does both: there is no moment with only one of them."""
    user = create_account(valkey)
    calls: list[str] = []
    run = sessions_module.run
    monkeypatch.setattr(
        "stats.accounts.sessions.run", lambda db, *a: calls.append(a[0]) or run(db, *a)
    )
    log_in.log_in(valkey, EMAIL, PASSWORD)
    assert calls == ["sessions/begin"]
    assert (
        len(login_history.read_history(valkey, user).logins)
        == len(log_in.sessions(valkey, user))
        == 2
    )


def test_it_reads_what_it_stores():
    for address in ("", "192.0.2.1", "2001:db8::1"):
        for agent in ("", "Mozilla/5.0 (X11; Linux x86_64) Firefox/1"):
            entry = LoginEntry(1_800_000_000_123_456, LoginMethod.CODE, address, agent)
            assert (
                LoginEntry.read(entry.store()) == LoginEntry.read(entry.store().encode()) == entry
            )


def test_it_cuts_what_browsers_and_proxies_say():
    entry = login_history.new_entry(
        LoginMethod.PASSWORD, "Ünïcode\n" + "x" * 300, "1 2\n" + "9" * 300
    )
    assert (entry.agent[:8], len(entry.agent)) == ("?n?code\n", 200)
    assert LoginEntry.read(entry.store()) == entry
    assert len(entry.address) <= 64


def test_nobody_has_log_ins(db):
    assert log_in.log_in(db, "nobody@example.com", PASSWORD, **HERE) is None
    login_history.record_failure(db, "nobody", LoginMethod.PASSWORD, "", "")
    assert contents(db) == {}
    assert login_history.read_history(db, "nobody") == login_history.LoginHistory((), (), None, 0)


def test_nothing_is_left_of_them_with_the_account(db):
    user = create_account(db)
    fail(db)
    handle_account_deletion(db, user)
    assert keys_of_user(db, user) == set()


def test_they_are_part_of_what_is_taken_along_and_never_come_back(db):
    user = create_account(db)
    fail(db, **HERE)
    [session] = log_in.sessions(db, user)
    secret = two_factor.new_secret()
    code = two_factor.pyotp.TOTP(secret).now()
    codes = two_factor.switch_on(
        db, user, secret=secret, code=code, password=PASSWORD, session_id=session
    ).codes
    taken = json.loads("".join(export_user(db, user)))
    [found] = taken["logins"]
    assert (found["by"], found["address"], found["agent"]) == ("signup", "192.0.2.1", "Firefox")
    assert [failed["by"] for failed in taken["failed_logins"]] == ["password"]
    assert taken["two_factor"]["recovery_codes_left"] == 10
    assert taken["two_factor"]["since"].endswith("Z")
    text = json.dumps(taken)
    assert secret not in text
    assert not any(code in text for code in codes)
    restore(db, "bob", read_archive(io.BytesIO(text.encode())), create_day="2026-03-01")
    assert login_history.read_history(db, "bob") == login_history.LoginHistory((), (), None, 0)


def test_an_older_file_without_them_is_still_taken(db):
    taken = json.loads("".join(export_user(db, create_account(db))))
    for part in ("logins", "failed_logins", "two_factor"):
        del taken[part]
    assert read_archive(io.BytesIO(json.dumps(taken).encode())).account.name == "Alice"
