"""What becomes of stats when a user comes, logs out and leaves."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

import stats
from stats.accounts import log_in, profile, sign_up
from stats.activity.clock import Clock
from stats.conversations import delete_conversation, save_conversation
from stats.dashboard import get_dashboard, renew
from stats.errors import NotFound, SessionEnded, UserNotFound
from stats.moods import entries as moods
from stats.store.operations import operation_id
from stats.user_stats import open_stats
from tests.support.samples import MESSAGES
from tests.support.store_checks import contents, keys_of_user
from tests.support.undo import undo_last

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def store_everything(db, name: str = "alice") -> log_in.Login:
    """Sign up and do, as one user, everything that stores something."""
    email = f"{name}@example.com"
    login = sign_up.sign_up(db, name=name, email=email, password=PASSWORD, clock=Clock())
    user = login.user_id
    log_in.log_in(db, email, PASSWORD, "Firefox")
    moods.record_mood(db, user, 7, note="a note", op=operation_id("mood", "one"))
    moods.record_mood(db, user, 3, note="another")
    undo_last(db, user)
    for chat in ("one", "two"):
        save_conversation(db, user, MESSAGES, chat_id=chat, key=f"save {chat}")
    delete_conversation(db, user, "two")
    stats.add_recent_conversation(db, user, "by hand")
    stats.increment_conversations(db, user)
    stats.increment_days_active(db, user)
    stats.update_plan(db, user, "Plus")
    stats.handle_daily_login(db, user, "2100-01-01")
    stats.handle_daily_login(db, user, "2100-01-03")
    profile.update_profile(db, user, name=name, clock=Clock("Asia/Tokyo", 3))
    dashboard = get_dashboard(db, user, login.session_id)
    log_in.touch_session(db, user, login.session_id, dashboard.session)
    renew(db, dashboard)
    return login


def every_change(db, login: log_in.Login, dashboard) -> dict[str, Callable[[], object]]:
    """All calls that change something of a user and make none."""
    user, session = login.user_id, login.session_id
    return {
        "count": lambda: stats.increment_conversations(db, user),
        "day": lambda: stats.increment_days_active(db, user),
        "mood": lambda: moods.record_mood(db, user, 5, note="n", op="x"),
        "undo": lambda: undo_last(db, user),
        "plan": lambda: stats.update_plan(db, user, "Premium"),
        "recent": lambda: stats.add_recent_conversation(db, user, "words"),
        "save": lambda: save_conversation(db, user, MESSAGES, key="y"),
        "delete": lambda: delete_conversation(db, user, "one"),
        "login": lambda: stats.handle_daily_login(db, user, "2200-01-01"),
        "profile": lambda: profile.update_profile(db, user, name="Ada", clock=Clock()),
        "renew": lambda: renew(db, dashboard),
        "touch": lambda: log_in.touch_session(db, user, session, dashboard.session),
        "log out": lambda: log_in.log_out(db, user, session),
        "log out elsewhere": lambda: log_in.log_out_elsewhere(db, user, session),
        "log in": lambda: log_in.log_in(db, "alice@example.com", PASSWORD),
        "stats": lambda: stats.handle_user_logout(db, user, delete_stats=True),
        "account": lambda: stats.handle_account_deletion(db, user),
    }


def test_it_initializes_once(db):
    assert stats.initialize_user_stats(db, "alice") is None
    stats.increment_conversations(db, "alice")
    before = contents(db)
    stats.initialize_user_stats(db, "alice")
    assert contents(db) == before


def test_it_keeps_everything_at_log_out(db):
    login = store_everything(db)
    before = contents(db)
    stats.handle_user_logout(db, login.user_id)
    stats.handle_user_logout(db, "nobody")
    assert contents(db) == before


def test_it_deletes_the_stats_at_log_out_if_asked_to(db):
    login = store_everything(db)
    stats.handle_user_logout(db, login.user_id, delete_stats=True)
    assert not stats.user_stats_exist(db, login.user_id)
    kinds = {key.rpartition(":")[2] for key in keys_of_user(db, login.user_id)}
    assert kinds <= {"account", "sessions", "logins", "billing", "customers"}


def test_it_leaves_nothing_of_a_deleted_account(db):
    alice, bob = store_everything(db, "alice"), store_everything(db, "bob")
    everything = contents(db)
    assert len(keys_of_user(db, alice.user_id)) >= 8
    stats.handle_account_deletion(db, alice.user_id)
    rest = contents(db)
    assert keys_of_user(db, alice.user_id) == set()
    assert not any(alice.user_id in f"{key}{value}" for key, value in rest.items())
    assert "alice" not in str(rest)
    of_bob = {key: value for key, value in everything.items() if "alice" not in key}
    assert rest == {key: value for key, value in of_bob.items() if alice.user_id not in key}
    assert get_dashboard(db, bob.user_id, bob.session_id)


def test_it_deletes_a_user_without_an_account(db):
    stats.create_user_stats(db, "alice")
    stats.update_mood_score(db, "alice", 5)
    stats.handle_account_deletion(db, "alice")
    stats.handle_account_deletion(db, "alice")
    stats.handle_account_deletion(db, "nobody")
    assert contents(db) == {}


def test_it_leaves_an_address_to_whoever_has_it_now(db):
    """A deletion that is late finds the address taken over, and lets go of it."""
    old = store_everything(db)
    address = "email:{alice@example.com}"
    db.set(address, "bob")
    stats.handle_account_deletion(db, old.user_id)
    assert set(contents(db)) == {address}


def test_it_never_brings_a_deleted_user_back(db):
    login = store_everything(db)
    dashboard = get_dashboard(db, login.user_id, login.session_id)
    stats.handle_account_deletion(db, login.user_id)
    for change in every_change(db, login, dashboard).values():
        with suppress(UserNotFound, NotFound, SessionEnded):
            change()
        assert contents(db) == {}


def test_it_never_brings_a_user_back_whose_stats_were_deleted(db):
    login = store_everything(db)
    dashboard = get_dashboard(db, login.user_id, login.session_id)
    stats.delete_user_stats(db, login.user_id)
    for name, change in every_change(db, login, dashboard).items():
        with suppress(UserNotFound, NotFound, SessionEnded):
            change()
        assert not stats.user_stats_exist(db, login.user_id), name


def test_it_gives_no_key_of_a_user_a_time_to_live(db):
    store_everything(db)
    store_everything(db, "bob")
    stats.create_user_stats(db, "carol")
    keys = [key for key in contents(db) if key.startswith(("user:", "email:"))]
    assert len(keys) > 16
    assert {key: db.ttl(key) for key in keys} == dict.fromkeys(keys, -1)


def test_it_lets_time_run_out_for_nothing_but_the_bar_on_an_id(db):
    """A claim of a sign-up that died is barred when the address is taken over."""
    sign_up.claim_email(db, "alice@example.com", "dead")
    store_everything(db)
    assert [key for key in contents(db) if db.ttl(key) != -1] == ["void:{dead}"]
    assert 3000 < db.ttl("void:{dead}") <= 3600


@pytest.mark.parametrize(
    ("zone", "day_start", "day"),
    [
        ("Etc/GMT+12", 0, "2026-03-11"),
        ("UTC", 0, "2026-03-12"),
        ("Etc/GMT-14", 0, "2026-03-13"),
        ("Etc/GMT-14", 2, "2026-03-12"),
    ],
)
def test_it_knows_the_day_by_the_users_clock(db, monkeypatch, zone, day_start, day):
    class HalfPastEleven(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 3, 12, 11, 30, tzinfo=UTC)

    for module in ("user_stats", "daily_login"):
        monkeypatch.setattr(f"stats.{module}.datetime", HalfPastEleven)
    stats.create_user_stats(db, "alice")
    profile.update_profile(db, "alice", name="Alice", clock=Clock(zone, day_start))
    is_next = day == "2026-03-13"
    assert stats.is_first_login_of_day(db, "alice") == is_next
    assert stats.handle_daily_login(db, "alice") == is_next
    assert not stats.handle_daily_login(db, "alice")
    assert open_stats(db, "alice").last_day.isoformat() == max(day, "2026-03-12")
    assert stats.get_login_streak(db, "alice") == 1 + is_next
