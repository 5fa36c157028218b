"""The dashboard: one look at all that is shown, and how long it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import stats
from stats.accounts import log_in, profile, sign_up
from stats.activity.clock import Clock, day_begins, user_day
from stats.conversations import save_conversation
from stats.dashboard import PAGE_SPAN, Dashboard, Unchanged, get_dashboard, renew
from stats.errors import UserNotFound
from stats.moods import entries as moods
from tests.support.store_checks import contents, run_concurrently

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
BERLIN = Clock("Europe/Berlin", 4)

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


@pytest.fixture
def alice(db) -> log_in.Login:
    words = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}
    return sign_up.sign_up(db, **words, clock=BERLIN)


def look(db, login: log_in.Login, span: timedelta = PAGE_SPAN) -> Dashboard:
    board = get_dashboard(db, login.user_id, login.session_id, span=span)
    assert isinstance(board, Dashboard)
    return board


def noon(board: Dashboard, days: int = 0) -> datetime:
    """Noon of a user's day, counted from today."""
    return day_begins(board.clock, board.today + days * DAY) + timedelta(hours=8)


def test_it_shows_a_new_user(db, alice):
    board = look(db, alice)
    assert (board.user_id, board.name, board.email) == (alice.user_id, "Alice", "alice@example.com")
    assert (
        board.snapshot.conversations,
        board.snapshot.days_active,
        board.streak,
        board.snapshot.longest_streak,
    ) == ((0, 1, 1, 1))
    assert (board.plan, board.snapshot.recent_conversations, board.moods, board.clock) == (
        "Free",
        [],
        (),
        BERLIN,
    )
    assert (board.mood_score, board.mood_word, board.mood_day) == (None, "", None)
    assert (board.today_mood, board.mood_days, board.can_undo) == (None, {}, False)
    assert board.today == user_day(BERLIN, board.now)
    assert board.since == user_day(BERLIN, board.created)


def test_it_shows_what_the_stats_show(db, alice):
    user = alice.user_id
    save_conversation(db, user, [], summary="A talk")
    moods.record_mood(db, user, 8.5, note="good")
    stats.update_plan(db, user, "Premium")
    board, found = look(db, alice), stats.get_user_stats(db, user)
    assert board.snapshot.stats(board.now) == found
    assert (board.snapshot.conversations, board.mood_score, board.plan) == (1, 8.5, "Premium")
    assert board.snapshot.recent_conversations == found.recent_conversations
    assert (board.today_mood, board.mood_day, board.mood_word) == (8.5, board.today, "Very good")
    assert (board.mood_days, board.can_undo) == ({board.today: [8.5]}, True)


def test_it_changes_nothing_by_looking(db, alice):
    before = contents(db)
    look(db, alice)
    assert contents(db) == before


def test_it_shows_nothing_to_who_is_not_in(db, alice):
    for user, session in (
        (alice.user_id, "another"),
        (alice.user_id, ""),
        ("nobody", alice.session_id),
    ):
        assert get_dashboard(db, user, session) is None
    stats.create_user_stats(db, "bob")
    assert get_dashboard(db, "bob", alice.session_id) is None


def test_it_shows_a_zero_as_a_score(db, alice):
    moods.record_mood(db, alice.user_id, 0)
    board = look(db, alice)
    assert (board.mood_score, board.today_mood, board.mood_days) == (0, 0, {board.today: [0.0]})
    assert board.mood_word == "Very low"


def test_it_puts_moods_into_the_users_days(db, alice):
    board = look(db, alice)
    begins = day_begins(BERLIN, board.today)
    stored = [ms(begins + shift) * moods.ID_FACTOR + score * 10 for shift, score in SHIFTED]
    found = replace(board, stored_moods=stored).mood_days
    assert {day: [*scores] for day, scores in found.items()} == {
        board.today - DAY: [1, 2],
        board.today: [3, 4],
        board.today + DAY: [5],
    }


SHIFTED = [
    (-DAY, 1),
    (-SECOND, 2),
    (0 * SECOND, 3),
    (20 * 3600 * SECOND, 4),
    (27 * 3600 * SECOND, 5),
]


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def test_it_reads_the_moods_of_as_long_as_it_is_asked_for(db, alice):
    now = datetime.now(UTC)
    for days in range(12):
        moods.record_mood(db, alice.user_id, days / 10, at=now - days * DAY)
    found = [mood.score for mood in look(db, alice, 7 * DAY - SECOND).moods]
    assert found == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    assert len(look(db, alice).moods) == 12
    assert look(db, alice, 0 * DAY).moods == ()


def test_it_tells_only_that_nothing_has_changed(db, alice):
    renew(db, look(db, alice))
    board = look(db, alice)
    before = contents(db)

    def poll(shown: object) -> object:
        return get_dashboard(db, alice.user_id, alice.session_id, shown=str(shown))

    assert poll(board.snapshot.version) == Unchanged(board.snapshot.fresh_until)
    for shown in (
        board.snapshot.version - 1,
        board.snapshot.version + 1,
        "",
        "x",
        f"{board.snapshot.version} ",
    ):
        assert isinstance(poll(shown), Dashboard)
    assert contents(db) == before
    moods.record_mood(db, alice.user_id, 5)
    assert poll(board.snapshot.version).mood_score == 5


def test_it_does_not_say_so_once_the_clock_has_changed_what_is_shown(db, alice):
    board = look(db, alice)
    renew(db, replace(board, now=noon(board, -3)))
    stale = look(db, alice)
    assert 0 < stale.snapshot.fresh_until < stale.now.timestamp()
    shown = str(stale.snapshot.version)
    asked = get_dashboard(db, alice.user_id, alice.session_id, shown=shown)
    assert isinstance(asked, Dashboard)


def test_it_says_nothing_to_a_session_that_has_ended(db, alice):
    renew(db, look(db, alice))
    shown = str(look(db, alice).snapshot.version)
    log_in.log_out(db, alice.user_id, alice.session_id)
    assert get_dashboard(db, alice.user_id, alice.session_id, shown=shown) is None


def test_it_offers_to_take_back_what_was_entered_for_today_or_yesterday(db, alice):
    moods.record_mood(db, alice.user_id, 5)
    board = look(db, alice)
    later = [replace(board, now=noon(board, days)) for days in (0, 1, 2)]
    assert [board.can_undo for board in later] == [True, True, False]
    assert [board.today_mood for board in later] == [5, None, None]
    assert [board.mood_score for board in later] == [5, 5, 5]
    moods.undo_mood(db, alice.user_id)
    assert not look(db, alice).can_undo


def test_it_ends_the_streak_by_the_clock_alone(db, alice):
    board = look(db, alice)
    later = [replace(board, now=noon(board, days)) for days in range(4)]
    assert [board.streak for board in later] == [1, 1, 1, 0]
    assert [board.first_of_day for board in later] == [False, True, True, True]
    assert [board.snapshot.longest_streak for board in later] == [1] * 4


def test_it_stands_for_nothing_until_it_was_renewed(db, alice):
    board = look(db, alice)
    assert (board.snapshot.fresh_until, board.is_fresh) == (0, False)
    renew(db, board)
    assert look(db, alice).is_fresh


def test_it_stands_until_the_users_day_ends(db, alice):
    renew(db, look(db, alice))
    board = look(db, alice)
    ends = day_begins(BERLIN, board.today + DAY)
    assert board.snapshot.fresh_until == board.next_change == ends.timestamp()
    assert replace(board, now=ends - SECOND).is_fresh
    assert not replace(board, now=ends).is_fresh
    assert not replace(board, now=ends + 30 * DAY).is_fresh


def test_it_gives_a_day_that_began_a_new_version_once(db, alice):
    renew(db, look(db, alice))
    board = look(db, alice)
    tomorrow = replace(board, now=noon(board, 1))
    first = renew(db, tomorrow)
    assert first.version == board.snapshot.version + 1
    before = contents(db)
    assert renew(db, tomorrow) == renew(db, board) == first
    assert contents(db) == before
    assert look(db, alice).snapshot.fresh_until == tomorrow.next_change


def test_it_is_due_again_when_the_clock_was_changed(db, alice):
    renew(db, look(db, alice))
    stale = look(db, alice)
    profile.update_profile(db, alice.user_id, name="Alice", clock=Clock("Asia/Tokyo", 0))
    assert not look(db, alice).is_fresh
    renew(db, stale)
    assert not look(db, alice).is_fresh
    renew(db, look(db, alice))
    board = look(db, alice)
    assert board.snapshot.fresh_until == day_begins(board.clock, board.today + DAY).timestamp()


def test_it_stays_fresh_through_changes_that_have_versions_of_their_own(db, alice):
    renew(db, look(db, alice))
    before = look(db, alice)
    moods.record_mood(db, alice.user_id, 5)
    after = look(db, alice)
    assert after.snapshot.version > before.snapshot.version
    assert after.is_fresh
    assert after.snapshot.fresh_until == before.snapshot.fresh_until


def test_it_renews_nobody(db, alice):
    board = look(db, alice)
    stats.handle_account_deletion(db, alice.user_id)
    with pytest.raises(UserNotFound):
        renew(db, board)
    assert contents(db) == {}


def test_it_renews_once_for_a_crowd_of_polls(concurrent_db):
    words = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}
    login = sign_up.sign_up(concurrent_db, **words, clock=BERLIN)
    board = look(concurrent_db, login)
    run_concurrently(50, lambda _: renew(concurrent_db, board))
    assert look(concurrent_db, login).snapshot.version == board.snapshot.version + 1
