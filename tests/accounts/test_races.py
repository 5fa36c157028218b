"""Sign-ups, sessions and deletions of a crowd on a real server: one wins, nobody comes back."""

import threading
from collections import Counter

import pytest

import stats
import stats.accounts.sign_up as sign_up_module
from stats.accounts import log_in, profile
from stats.accounts.sessions import Login
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock
from stats.conversations import save_conversation
from stats.dashboard import get_dashboard
from stats.errors import EmailTaken, SessionEnded, UserNotFound
from stats.moods.entries import record_mood
from stats.store.scripts import run
from tests.support.samples import MESSAGES
from tests.support.store_checks import contents, keys_of_user, run_concurrently

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def create_account(db, number: int = 0, email: str = "alice@example.com") -> Login:
    password = f"correct horse {number}"
    return sign_up(db, name=f"Alice {number}", email=email, password=password, clock=Clock())


def test_it_makes_one_account_of_a_crowd(concurrent_db):
    answers = run_concurrently(30, lambda n: create_account(concurrent_db, n))
    logins = [answer for answer in answers if isinstance(answer, Login)]
    assert Counter(map(type, answers)) == {Login: 1, EmailTaken: 29}
    assert log_in.find_user(concurrent_db, "alice@example.com") == logins[0].user_id
    winner = answers.index(logins[0])
    assert [
        number
        for number in range(30)
        if log_in.log_in(concurrent_db, "alice@example.com", f"correct horse {number}")
    ] == [winner]
    users = {key for key in contents(concurrent_db) if key.endswith(":stats")}
    assert users == {f"user:{{{logins[0].user_id}}}:stats"}


def test_it_makes_all_accounts_of_a_crowd(concurrent_db):
    logins = run_concurrently(
        30, lambda n: create_account(concurrent_db, n, f"alice{n}@example.com")
    )
    assert len({login.user_id for login in logins}) == 30


def test_it_takes_over_from_a_sign_up_that_sleeps_and_wakes_too_late(concurrent_db, monkeypatch):
    claimed, wake = threading.Event(), threading.Event()

    def slow(db, script, *rest):
        if script == "accounts/create" and threading.current_thread().name == "sleeper":
            claimed.set()
            assert wake.wait(30)
        return run(db, script, *rest)

    def sleep() -> None:
        try:
            create_account(concurrent_db, 1)
        except EmailTaken as error:
            answers.append(error)

    answers: list[EmailTaken] = []
    monkeypatch.setattr(sign_up_module, "run", slow)
    sleeper = threading.Thread(target=sleep, name="sleeper")
    sleeper.start()
    assert claimed.wait(30)
    login = create_account(concurrent_db, 2)
    wake.set()
    sleeper.join()
    assert len(answers) == 1
    assert log_in.find_user(concurrent_db, "alice@example.com") == login.user_id
    assert len([key for key in contents(concurrent_db) if key.endswith(":account")]) == 1


def test_it_brings_no_session_back_by_its_use(concurrent_db):
    login = create_account(concurrent_db)
    session = log_in.sessions(concurrent_db, login.user_id)[login.session_id]

    def act(number: int) -> None:
        if number == 10:
            log_in.log_out(concurrent_db, login.user_id, login.session_id)
        else:
            log_in.touch_session(concurrent_db, login.user_id, login.session_id, session)

    run_concurrently(40, act)
    assert log_in.sessions(concurrent_db, login.user_id) == {}


def test_it_keeps_no_session_that_was_ended_meanwhile(concurrent_db):
    login = create_account(concurrent_db)
    answers = run_concurrently(
        20, lambda _: log_in.log_out_elsewhere(concurrent_db, login.user_id, login.session_id)
    )
    [new_id] = [answer for answer in answers if not isinstance(answer, SessionEnded)]
    assert set(log_in.sessions(concurrent_db, login.user_id)) == {new_id}


def test_it_never_brings_a_deleted_user_back(concurrent_db):
    login = create_account(concurrent_db)
    user = login.user_id
    session = log_in.sessions(concurrent_db, user)[login.session_id]
    acts = [
        lambda: save_conversation(concurrent_db, user, MESSAGES),
        lambda: record_mood(concurrent_db, user, 5, note="n", op="x"),
        lambda: stats.handle_daily_login(concurrent_db, user, "2100-01-01"),
        lambda: log_in.touch_session(concurrent_db, user, login.session_id, session),
        lambda: log_in.log_in(concurrent_db, "alice@example.com", "correct horse 0"),
        lambda: stats.update_plan(concurrent_db, user, "Plus"),
        lambda: profile.update_profile(concurrent_db, user, name="Ada", clock=Clock()),
    ]

    def act(number: int) -> object:
        if number == 35:
            return stats.handle_account_deletion(concurrent_db, user)
        return acts[number % len(acts)]()

    answers = run_concurrently(70, act)
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    assert all(isinstance(error, UserNotFound) for error in errors)
    assert keys_of_user(concurrent_db, user) == set()
    assert contents(concurrent_db) == {}
    assert get_dashboard(concurrent_db, user, login.session_id) is None
