"""A change of address: races, crashes, and threads that sleep at the worst moment."""

from collections import Counter

import pytest

from stats.accounts import email_change
from stats.accounts import log_in as accounts
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.email_change import (
    address_state,
    change_now,
    confirm_change,
    drop_change,
    read_change_link,
    release_unused,
    request_change,
)
from stats.accounts.email_confirmation import confirm_email, make_confirmation
from stats.accounts.log_in import find_user, log_in
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock
from stats.errors import EmailTaken
from stats.lib.text import as_text
from stats.store.keys import email_key, user_key
from stats.store.scripts import run
from tests.support.store_checks import contents, keys_of_user, run_concurrently

OLD, NEW = "alice@example.com", "alice@new.example"
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


class Crash(Exception):
    """The process ends here."""


def create_account(db, email=OLD):
    login = sign_up(db, name="A", email=email, password=PASSWORD, clock=Clock())
    return login.user_id, proof(db, login.user_id)


def proof(db, user):
    return as_text(db.hget(user_key(user, "account"), "password"))


def email_of(db, user):
    return as_text(db.hget(user_key(user, "account"), "email"))


def look_up(db, address):
    user_id = db.get(email_key(address))
    return None if user_id is None else as_text(user_id)


def crash_at(monkeypatch, script, after=False):
    """End at a script, before or after it ran."""

    def cut(db, name, *rest):
        if name == script and not after:
            raise Crash
        reply = run(db, name, *rest)
        if name == script:
            raise Crash
        return reply

    monkeypatch.setattr(email_change, "run", cut)


def check_reachable(db, user):
    """The account's address leads to it, and it can log in."""
    assert find_user(db, email_of(db, user)) == user
    assert log_in(db, email_of(db, user), PASSWORD).user_id == user


def test_it_changes_the_address_once_the_new_one_is_confirmed(db):
    user, password = create_account(db)
    change = request_change(db, user, password, NEW)
    assert change.old_token == ""
    assert (change.old, change.new, email_of(db, user)) == (OLD, NEW, OLD)
    state = address_state(db, user)
    assert (state.changes_to, state.waits_new, state.waits_old) == (NEW, True, False)
    assert read_change_link(db, change.new_token).new == NEW
    assert look_up(db, NEW) is None
    pressed = confirm_change(db, change.new_token)
    assert (pressed.old, pressed.new, pressed.done, pressed.user_id) == (OLD, NEW, True, user)
    assert (look_up(db, OLD), look_up(db, NEW), email_of(db, user)) == (None, user, NEW)
    assert address_state(db, user) == email_change.AddressState(confirmed=True)
    assert confirm_change(db, change.new_token) is read_change_link(db, change.new_token) is None
    assert log_in(db, OLD, PASSWORD) is None
    check_reachable(db, user)
    handle_account_deletion(db, user)
    assert keys_of_user(db, user) == set()
    assert look_up(db, NEW) is None


@pytest.mark.parametrize("first", ["new_token", "old_token"])
def test_it_waits_for_a_confirmed_old_address_too(db, first):
    user, password = create_account(db)
    confirm_email(db, make_confirmation(db, user, OLD))
    change = request_change(db, user, password, NEW)
    for _ in range(2):
        pressed = confirm_change(db, getattr(change, first))
        assert pressed is None or not pressed.done
    assert email_of(db, user) == OLD
    second = {"new_token": "old_token", "old_token": "new_token"}[first]
    assert confirm_change(db, getattr(change, second)).done
    assert email_of(db, user) == NEW
    check_reachable(db, user)


def test_it_forgets_what_was_asked_before(db):
    user, password = create_account(db)
    first = request_change(db, user, password, NEW)
    second = request_change(db, user, password, "alice@other.example")
    assert confirm_change(db, first.new_token) is read_change_link(db, first.new_token) is None
    assert confirm_change(db, second.new_token).done
    assert email_of(db, user) == "alice@other.example"


def test_it_can_be_cancelled(db):
    user, password = create_account(db)
    change = request_change(db, user, password, NEW)
    assert drop_change(db, user)
    assert not drop_change(db, user)
    assert confirm_change(db, change.new_token) is None
    assert look_up(db, NEW) is None
    check_reachable(db, user)


def test_it_runs_out(db):
    user, password = create_account(db)
    change = request_change(db, user, password, NEW)
    key = user_key(user, "account")
    stored = as_text(db.hget(key, "change")).split(" ")
    db.hset(key, "change", " ".join([stored[0], "1", *stored[2:]]))
    assert address_state(db, user).changes_to == ""
    assert confirm_change(db, change.new_token) is read_change_link(db, change.new_token) is None


def test_it_needs_the_password_that_stands(db):
    user, _ = create_account(db)
    assert request_change(db, user, "another hash", NEW) is None
    assert not change_now(db, user, "another hash", NEW)
    assert request_change(db, user, proof(db, user), OLD) is None
    assert request_change(db, "nobody", "", NEW) is None
    assert address_state(db, user) == email_change.AddressState(confirmed=False)


def test_it_takes_no_address_of_an_account(db):
    user, password = create_account(db)
    other, _ = create_account(db, NEW)
    with pytest.raises(EmailTaken):
        change_now(db, user, password, NEW)
    change = request_change(db, user, password, NEW)
    with pytest.raises(EmailTaken):
        confirm_change(db, change.new_token)
    assert address_state(db, user).changes_to == ""
    for one in (user, other):
        check_reachable(db, one)


def test_one_of_two_accounts_gets_an_address(concurrent_db):
    users = [create_account(concurrent_db, f"user{n}@example.com") for n in range(20)]
    answers = run_concurrently(20, lambda n: change_now(concurrent_db, *users[n], NEW))
    assert Counter(map(str, answers))["True"] == 1
    winner = users[answers.index(True)][0]
    assert find_user(concurrent_db, NEW) == winner
    assert [user for user, _ in users if email_of(concurrent_db, user) == NEW] == [winner]
    for user, _ in users:
        check_reachable(concurrent_db, user)


def test_a_sign_up_and_a_change_do_not_both_get_an_address(concurrent_db):
    for round_ in range(10):
        address = f"wanted{round_}@example.com"
        user, password = create_account(concurrent_db, f"alice{round_}@example.com")

        def act(n, address=address, user=user, password=password):
            return (
                create_account(concurrent_db, address)
                if n
                else change_now(concurrent_db, user, password, address)
            )

        run_concurrently(6, act)
        holders = [
            key
            for key, held in contents(concurrent_db).items()
            if key.endswith(":account") and held["email"] == address
        ]
        assert holders == [user_key(look_up(concurrent_db, address), "account")]
        check_reachable(concurrent_db, user)


def test_a_link_pressed_by_a_crowd_changes_it_once(concurrent_db):
    user, password = create_account(concurrent_db)
    change = request_change(concurrent_db, user, password, NEW)
    answers = run_concurrently(30, lambda _: confirm_change(concurrent_db, change.new_token))
    assert [answer.old for answer in answers if answer and answer.old] == [OLD]
    assert (look_up(concurrent_db, OLD), look_up(concurrent_db, NEW)) == (None, user)
    check_reachable(concurrent_db, user)


def test_an_account_stays_reachable_whatever_it_changes_and_cancels(concurrent_db):
    user, password = create_account(concurrent_db)
    addresses = [OLD, NEW, "alice@third.example"]

    def act(n):
        for step in range(8):
            if (n + step) % 4 == 0:
                drop_change(concurrent_db, user)
            else:
                change_now(concurrent_db, user, password, addresses[(n + step) % 3])

    run_concurrently(12, act)
    assert find_user(concurrent_db, email_of(concurrent_db, user)) == user
    stranger = [a for a in addresses if a != email_of(concurrent_db, user)]
    drop_change(concurrent_db, user)
    for address in stranger:
        release_unused(concurrent_db, user, address)
        assert look_up(concurrent_db, address) is None
    assert find_user(concurrent_db, email_of(concurrent_db, user)) == user


@pytest.mark.parametrize(
    "script", ["lookups/claim_for_change", "email_change/finish", "lookups/release_after_change"]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_half_way_leaves_every_account_reachable(db, monkeypatch, script, after):
    user, password = create_account(db)
    with monkeypatch.context() as patch:
        crash_at(patch, script, after)
        with pytest.raises(Crash):
            change_now(db, user, password, NEW)
    check_reachable(db, user)
    with monkeypatch.context() as patch:
        crash_at(patch, script, after)
        with pytest.raises(Crash):
            change_now(db, user, password, "alice@third.example")
    check_reachable(db, user)
    assert change_now(db, user, password, "alice@fourth.example")
    check_reachable(db, user)
    bob, password = create_account(db, "bob@example.com")
    for address in (OLD, NEW, "alice@third.example"):
        assert change_now(db, bob, password, address)
        assert find_user(db, address) == bob
    check_reachable(db, bob)
    check_reachable(db, user)


def test_a_link_pressed_again_finishes_what_a_crash_left(db, monkeypatch):
    user, password = create_account(db)
    change = request_change(db, user, password, NEW)
    with monkeypatch.context() as patch:
        crash_at(patch, "lookups/claim_for_change", after=True)
        with pytest.raises(Crash):
            confirm_change(db, change.new_token)
    assert (email_of(db, user), address_state(db, user).changes_to) == (OLD, NEW)
    with pytest.raises(EmailTaken):
        change_now(db, *create_account(db, "bob@example.com"), NEW)
    assert confirm_change(db, change.new_token).done
    assert (email_of(db, user), look_up(db, OLD)) == (NEW, None)
    check_reachable(db, user)


def test_a_cancelled_change_frees_what_a_crash_left(db, monkeypatch):
    user, password = create_account(db)
    with monkeypatch.context() as patch:
        crash_at(patch, "lookups/claim_for_change", after=True)
        with pytest.raises(Crash):
            change_now(db, user, password, NEW)
    assert drop_change(db, user)
    assert look_up(db, NEW) is None
    assert create_account(db, NEW)


def test_a_thread_that_slept_lets_go_of_nothing_that_was_claimed_anew(db, monkeypatch):
    """It wakes between writing the account and letting the old address go; by then that is back."""
    user, password = create_account(db)

    def sleepy(db, script, keys, *args):
        if script == "lookups/release_after_change":
            monkeypatch.setattr(email_change, "run", run)
            assert change_now(db, user, password, OLD)
        return run(db, script, keys, *args)

    monkeypatch.setattr(email_change, "run", sleepy)
    assert change_now(db, user, password, NEW)
    assert (email_of(db, user), look_up(db, OLD), look_up(db, NEW)) == (OLD, user, None)
    check_reachable(db, user)


def test_it_brings_no_deleted_user_back(db):
    user, password = create_account(db)
    change = request_change(db, user, password, NEW)
    handle_account_deletion(db, user)
    assert confirm_change(db, change.new_token) is None
    assert request_change(db, user, password, NEW) is None
    assert keys_of_user(db, user) == set()
    assert accounts.find_user(db, NEW) is None


def test_a_user_deleted_half_way_blocks_no_address(db, monkeypatch):
    user, password = create_account(db)

    def late(db, script, keys, *args):
        if script == "email_change/finish":
            handle_account_deletion(db, user)
        return run(db, script, keys, *args)

    with monkeypatch.context() as patch:
        patch.setattr(email_change, "run", late)
        assert not change_now(db, user, password, NEW)
    assert keys_of_user(db, user) == set()
    assert look_up(db, NEW) is None
    assert create_account(db, NEW)
