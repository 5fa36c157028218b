"""Sessions: begun by a login, ended by hand or by time, each on its own."""

import time

import pytest

from stats.accounts import log_in as accounts
from stats.accounts.log_in import log_in
from stats.accounts.passwords import change_password
from stats.accounts.sessions import (
    ABSOLUTE_TIMEOUT,
    IDLE_TIMEOUT,
    MAX_SESSIONS,
    Login,
    Session,
    log_out,
    log_out_elsewhere,
    sessions,
    touch_session,
)
from stats.accounts.sign_up import sign_up
from stats.activity.clock import Clock
from stats.dashboard import get_dashboard
from stats.errors import SessionEnded
from stats.moods.entries import record_mood
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.user_stats import delete_user_stats, open_stats
from tests.support.store_checks import contents, version

PASSWORD = "correct horse battery"
DAY = 86_400

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def create_account(db, agent: str = "Firefox") -> Login:
    email = "alice@example.com"
    return sign_up(db, name="Alice", email=email, password=PASSWORD, clock=Clock(), agent=agent)


def again(db, agent: str = "") -> Login:
    login = log_in(db, "alice@example.com", PASSWORD, agent)
    assert login
    return login


def age(db, login: Login, *, made: int, seen: int) -> None:
    """Make a session that many seconds older."""
    now = int(time.time())
    stored = Session(now - made, now - seen, "Firefox").store()
    db.hset(f"user:{{{login.user_id}}}:sessions", login.session_id, stored)


def test_it_ends_one_session_and_no_other(db):
    first = create_account(db)
    second = again(db)
    log_out(db, first.user_id, first.session_id)
    assert get_dashboard(db, first.user_id, first.session_id) is None
    assert get_dashboard(db, second.user_id, second.session_id)
    assert set(sessions(db, first.user_id)) == {second.session_id}
    log_out(db, first.user_id, first.session_id)
    log_out(db, first.user_id, "never begun")
    assert set(sessions(db, first.user_id)) == {second.session_id}


def test_it_ends_all_others(db):
    first = create_account(db)
    others = [again(db) for _ in range(3)]
    age(db, first, made=9 * DAY, seen=8 * DAY)
    own = sessions(db, first.user_id)[first.session_id]
    new_id = log_out_elsewhere(db, first.user_id, first.session_id)
    assert sessions(db, first.user_id) == {new_id: own}, "it is as old as it was"
    for login in (first, *others):
        assert get_dashboard(db, login.user_id, login.session_id) is None
    assert log_out_elsewhere(db, first.user_id, new_id) not in (new_id, first.session_id)


def test_a_session_that_has_ended_ends_no_other(db):
    first, second = create_account(db), again(db)
    log_out(db, *own(first))
    before = contents(db)
    with pytest.raises(SessionEnded):
        log_out_elsewhere(db, *own(first))
    with pytest.raises(SessionEnded):
        change_password(db, first.user_id, PASSWORD, "another good sentence", first.session_id)
    assert contents(db) == before
    assert get_dashboard(db, *own(second))


def test_it_knows_no_session_of_another_user(db):
    alice = create_account(db)
    bob = sign_up(db, name="Bob", email="bob@example.com", password=PASSWORD, clock=Clock())
    assert get_dashboard(db, alice.user_id, bob.session_id) is None
    log_out(db, alice.user_id, bob.session_id)
    assert get_dashboard(db, bob.user_id, bob.session_id)


def test_it_remembers_when_and_by_what_a_session_was_begun(db):
    before = int(time.time())
    login = create_account(db, agent="Mozilla/5.0 (X11; Linux): Ünïcode\n" + "x" * 300)
    session = sessions(db, login.user_id)[login.session_id]
    assert before <= session.created_at == session.used_at <= int(time.time())
    assert session.agent.startswith("Mozilla/5.0 (X11; Linux): ?n?code")
    assert len(session.agent) == 200


def test_it_notes_that_a_session_was_used(db):
    login = create_account(db)
    age(db, login, made=9 * DAY, seen=8 * DAY)
    session = sessions(db, login.user_id)[login.session_id]
    before = version(db, login.user_id)
    touch_session(db, login.user_id, login.session_id, session)
    touched = sessions(db, login.user_id)[login.session_id]
    assert (touched.created_at, touched.agent) == (session.created_at, session.agent)
    assert time.time() - touched.used_at < DAY
    assert version(db, login.user_id) == before


def test_it_does_not_bring_an_ended_session_back_by_its_use(db):
    login = create_account(db)
    session = sessions(db, login.user_id)[login.session_id]
    log_out(db, login.user_id, login.session_id)
    touch_session(db, login.user_id, login.session_id, session)
    assert sessions(db, login.user_id) == {}
    before = contents(db)
    touch_session(db, "nobody", login.session_id, session)
    assert contents(db) == before


@pytest.mark.parametrize(
    ("made", "seen", "lives"),
    [
        (0, 0, True),
        (ABSOLUTE_TIMEOUT - 60, 0, True),
        (ABSOLUTE_TIMEOUT + 60, 0, False),
        (IDLE_TIMEOUT - 60, IDLE_TIMEOUT - 60, True),
        (IDLE_TIMEOUT + 60, IDLE_TIMEOUT + 60, False),
        (-60, -60, True),  # the clock was set back
    ],
)
def test_it_ends_a_session_in_time(db, made, seen, lives):
    login = create_account(db)
    age(db, login, made=made, seen=seen)
    assert (get_dashboard(db, login.user_id, login.session_id) is not None) == lives
    assert (login.session_id in sessions(db, login.user_id)) == lives


def test_it_lives_14_days_idle_and_90_at_most():
    assert (IDLE_TIMEOUT, ABSOLUTE_TIMEOUT) == (14 * DAY, 90 * DAY)
    session = Session(created_at=0, used_at=80 * DAY, agent="")
    assert session.is_live(90 * DAY - 1)
    assert not session.is_live(90 * DAY)
    session = Session(created_at=0, used_at=DAY, agent="")
    assert session.is_live(15 * DAY - 1)
    assert not session.is_live(15 * DAY)


def test_it_clears_sessions_that_ended_at_the_next_login(db):
    login = create_account(db)
    age(db, login, made=ABSOLUTE_TIMEOUT + 60, seen=0)
    again(db)
    assert db.hlen(f"user:{{{login.user_id}}}:sessions") == 1


def test_an_account_has_so_many_sessions_and_the_longest_unused_go(db):
    login = create_account(db)
    idle = [again(db) for _ in range(3)]
    for hours, one in enumerate((login, *idle), start=2):
        age(db, one, made=9 * DAY, seen=hours * 3600)
    later = [again(db).session_id for _ in range(MAX_SESSIONS - 2)]
    assert set(sessions(db, login.user_id)) == {login.session_id, idle[0].session_id, *later}
    begun = [again(db).session_id for _ in range(MAX_SESSIONS + 10)]
    assert db.hlen(f"user:{{{login.user_id}}}:sessions") == MAX_SESSIONS == 50
    assert begun[-1] in sessions(db, login.user_id)


def test_it_reads_what_it_stores():
    for agent in ("", "Firefox", "a:b::c"):
        session = Session(1, 2, agent)
        assert Session.read(session.store()) == session
        assert Session.read(session.store().encode()) == session


def test_it_lets_nobody_in_whose_stats_are_gone(db):
    login = create_account(db)
    delete_user_stats(db, login.user_id)
    assert get_dashboard(db, login.user_id, login.session_id) is None
    assert log_in(db, "alice@example.com", PASSWORD) is None
    assert accounts.find_user(db, "alice@example.com") is None


def test_a_live_session_records_its_users_own_mood_and_is_noted_as_used(db):
    login = create_account(db)
    age(db, login, made=7200, seen=7200)
    snapshot = record(db, login, note="by the canal", op="x")
    assert snapshot.stats().mood_score == 6.5
    (session,) = sessions(db, login.user_id).values()
    assert time.time() - session.used_at < 60
    assert 7200 <= time.time() - session.created_at < 7260
    assert session.agent == "Firefox"


def test_a_session_that_was_just_used_is_not_written_again(db):
    login = create_account(db)
    age(db, login, made=7200, seen=600)
    record(db, login)
    (session,) = sessions(db, login.user_id).values()
    assert 600 <= time.time() - session.used_at < 660


@pytest.mark.parametrize(
    ("made", "seen"),
    [
        (ABSOLUTE_TIMEOUT, 0),
        (ABSOLUTE_TIMEOUT + DAY, DAY),
        (20 * DAY, IDLE_TIMEOUT),
        (20 * DAY, 15 * DAY),
    ],
)
def test_a_session_that_has_run_out_records_nothing(db, made, seen):
    login = create_account(db)
    age(db, login, made=made, seen=seen)
    before = contents(db)
    with pytest.raises(SessionEnded):
        record(db, login, op="x")
    assert contents(db) == before


def test_only_the_users_own_session_records_their_mood(db):
    login, stranger = create_account(db), "user"
    open_stats(db, stranger)
    before = contents(db)
    wrong = ((login.user_id, "none"), (login.user_id, ""), (stranger, login.session_id))
    for user_id, session_id in wrong:
        with pytest.raises(SessionEnded):
            record_mood(db, user_id, 6.5, session_id=session_id)
    assert contents(db) == before
    log_out(db, *own(login))
    before = contents(db)
    with pytest.raises(SessionEnded):
        record(db, login)
    assert contents(db) == before


def record(db: Db, login: Login, **kwargs: str) -> Snapshot:
    return record_mood(db, login.user_id, 6.5, session_id=login.session_id, **kwargs)


def own(login: Login) -> tuple[str, str]:
    return login.user_id, login.session_id
