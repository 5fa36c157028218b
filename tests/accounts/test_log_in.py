"""Accounts: signing up, credentials, the profile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stats.accounts.sign_up as sign_up_module
from stats.accounts import log_in as accounts
from stats.accounts.deletion import handle_account_deletion
from stats.accounts.email_address import canonical_email, normalise_email
from stats.accounts.log_in import find_user, log_in
from stats.accounts.passwords import check_password
from stats.accounts.profile import check_name, update_profile
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock, user_day
from stats.dashboard import get_dashboard
from stats.errors import EmailTaken, InvalidInput, UserNotFound
from stats.lib.normalisation import nfc
from stats.store.scripts import run
from stats.user_stats import get_user_stats, open_stats
from tests.support.store_checks import BAD_TEXTS, contents, keys_of_user, storable, version

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse battery"}
TOKYO = Clock("Asia/Tokyo", 3)

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def create_account(db, **changes: str) -> accounts.Login:
    return sign_up(db, **(ALICE | changes), clock=TOKYO)


def test_it_makes_an_account_with_stats_and_a_session(db):
    login = create_account(db)
    dashboard = get_dashboard(db, login.user_id, login.session_id)
    assert (dashboard.name, dashboard.email, dashboard.clock) == (
        "Alice",
        "alice@example.com",
        TOKYO,
    )
    assert open_stats(db, login.user_id, create=False).last_day == user_day(TOKYO, dashboard.now)
    user_stats = get_user_stats(db, login.user_id)
    assert (user_stats.days_active, user_stats.streak, user_stats.plan) == (1, 1, "Free")
    assert find_user(db, "ALICE@example.com ") == login.user_id


def test_it_gives_every_account_ids_that_nobody_can_guess(db):
    logins = [create_account(db, email=f"alice{number}@example.com") for number in range(20)]
    assert len({login.user_id for login in logins}) == 20
    assert len({login.session_id for login in logins}) == 20
    assert min(len(login.user_id) for login in logins) >= 16
    assert min(len(login.session_id) for login in logins) >= 32


def test_it_lets_the_right_password_in_alone(db):
    login = create_account(db)
    again = log_in(db, "Alice@Example.com", ALICE["password"])
    assert again.user_id == login.user_id
    assert again.session_id != login.session_id
    for wrong in ("", "correct horse", ALICE["password"] + " ", "x" * 5000, "\ud800", "a\0b"):
        assert log_in(db, ALICE["email"], wrong) is None
    for nobody in ("bob@example.com", "", "alice", "\ud800@example.com", "a\0@example.com"):
        assert log_in(db, nobody, ALICE["password"]) is None
    assert len(accounts.sessions(db, login.user_id)) == 2


@pytest.mark.parametrize(
    "password", ["пароль-пароль", "👩‍👩‍👧👩‍👩‍👧", "x" * 128, " 8 chars", "é" * 128]
)
def test_it_takes_the_whole_of_any_password(db, password):
    create_account(db, password=password)
    assert log_in(db, ALICE["email"], password)
    assert log_in(db, ALICE["email"], password[:-1]) is None
    assert log_in(db, ALICE["email"], password + password[-1]) is None


def test_it_stores_no_password(valkey, monkeypatch):
    monkeypatch.undo()
    login = create_account(valkey)
    assert ALICE["password"] not in str(contents(valkey))
    digest = valkey.hget(f"user:{{{login.user_id}}}:account", "password")
    assert digest.startswith("$argon2id$")
    assert log_in(valkey, ALICE["email"], ALICE["password"])


@pytest.mark.parametrize("password", ["", "7 chars", "x" * 129, "👩" * 129, *BAD_TEXTS])
def test_it_refuses_other_passwords(db, password):
    with pytest.raises(InvalidInput) as refused:
        create_account(db, password=password)
    assert refused.value.field == "password"
    assert password not in str(refused.value) or not password
    assert contents(db) == {}


@given(st.text(storable, min_size=8, max_size=128))
def test_it_changes_nothing_about_a_password_but_its_spelling(password):
    password = nfc(password)[:128].ljust(8)
    assert check_password(password) == password


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u3164 \u2800", "x" * 81, *BAD_TEXTS])
def test_it_refuses_other_names(db, name):
    with pytest.raises(InvalidInput) as refused:
        create_account(db, name=name)
    assert refused.value.field == "name"
    assert contents(db) == {}


def test_it_takes_white_space_from_around_a_name():
    assert check_name("  Ada \u202eL.  ") == "Ada \u202eL."
    assert check_name("👩" * 80) == "👩" * 80
    assert check_name("\u200bAda") == "\u200bAda"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("alice@example.com", "alice@example.com"),
        ("  Alice@EXAMPLE.com ", "alice@example.com"),
        ("alice+mood@example.com", "alice+mood@example.com"),
        ("A\u0301ngel@exa\u0308mple.com", "ángel@exämple.com"),
        ("ángel@xn--exmple-cua.com", "ángel@exämple.com"),
        ("J\u030coe@example.com", "\u01f0oe@example.com"),
    ],
)
def test_it_writes_an_address_in_one_way(typed, kept):
    assert normalise_email(typed) == kept
    assert normalise_email(kept) == kept


def test_it_counts_what_is_no_address_under_one_name_too():
    assert canonical_email(" CAFE\u0301 ") == canonical_email("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    "email",
    [
        *("", "alice", "@example.com", "alice@", "alice@example", "a b@example.com"),
        *("a@b@example.com", "alice@example.com\nbcc: bob@example.com"),
        *("x" * 250 + "@example.com", *BAD_TEXTS),
    ],
)
def test_it_refuses_other_addresses(db, email):
    with pytest.raises(InvalidInput) as refused:
        create_account(db, email=email)
    assert refused.value.field == "email"
    with pytest.raises(InvalidInput):
        find_user(db, email)
    assert contents(db) == {}


def test_it_makes_one_account_for_an_address(db):
    first = create_account(db)
    before = contents(db)
    with pytest.raises(EmailTaken):
        create_account(db, name="Bob", email="ALICE@example.com", password="another password")
    assert contents(db) == before
    assert log_in(db, ALICE["email"], "another password") is None
    assert find_user(db, ALICE["email"]) == first.user_id


def test_it_frees_the_address_of_a_deleted_account(db):
    first = create_account(db)
    handle_account_deletion(db, first.user_id)
    assert find_user(db, ALICE["email"]) is None
    assert log_in(db, ALICE["email"], ALICE["password"]) is None
    assert create_account(db).user_id != first.user_id


class Crash(Exception):
    """The process dies."""


@pytest.fixture
def crashing_sign_up(monkeypatch):
    """Let a sign-up die after it has claimed its address; what it had in mind is in the list."""
    intended: list[tuple] = []

    def dies(db, script, *rest):
        if script == "accounts/create" and not intended:
            intended.append((db, script, *rest))
            raise Crash
        return run(db, script, *rest)

    monkeypatch.setattr(sign_up_module, "run", dies)
    return intended


def test_it_takes_over_what_a_crash_left_behind(db, crashing_sign_up):
    with pytest.raises(Crash):
        create_account(db)
    assert find_user(db, ALICE["email"]) is None
    assert log_in(db, ALICE["email"], ALICE["password"]) is None
    login = create_account(db, password="the second password")
    assert find_user(db, ALICE["email"]) == login.user_id
    assert log_in(db, ALICE["email"], "the second password").user_id == login.user_id


def test_it_never_lets_the_crashed_sign_up_end_well(db, crashing_sign_up):
    with pytest.raises(Crash):
        create_account(db)
    login = create_account(db)
    before = contents(db)
    assert run(*crashing_sign_up[0]) == 0
    assert contents(db) == before
    dead = next(key for key in before if key.startswith("void:"))[len("void:{") : -1]
    assert dead != login.user_id
    assert keys_of_user(db, dead) == {f"void:{{{dead}}}"}


def test_it_makes_an_account_once_though_it_is_told_twice(db, crashing_sign_up):
    with pytest.raises(Crash):
        create_account(db)
    assert run(*crashing_sign_up[0]) == 1
    before = contents(db)
    assert run(*crashing_sign_up[0]) == 0
    assert contents(db) == before


def test_it_changes_the_profile_in_one_step(db):
    login = create_account(db)
    before = version(db, login.user_id)
    snapshot = update_profile(db, login.user_id, name=" Ada ", clock=Clock("Etc/GMT+12", 6))
    assert snapshot.clock == Clock("Etc/GMT+12", 6)
    dashboard = get_dashboard(db, login.user_id, login.session_id)
    assert (dashboard.name, dashboard.clock) == ("Ada", Clock("Etc/GMT+12", 6))
    assert dashboard.snapshot.version > before
    assert not dashboard.is_fresh


def test_it_changes_the_profile_of_nobody(db):
    with pytest.raises(UserNotFound):
        update_profile(db, "nobody", name="Ada", clock=TOKYO)
    with pytest.raises(InvalidInput):
        update_profile(db, "nobody", name="", clock=TOKYO)
    assert contents(db) == {}
