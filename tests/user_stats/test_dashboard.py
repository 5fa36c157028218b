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


def read_dashboard(db, login: log_in.Login, span: timedelta = PAGE_SPAN) -> Dashboard:
    dashboard = get_dashboard(db, login.user_id, login.session_id, span=span)
    assert isinstance(dashboard, Dashboard)
    return dashboard


def noon(dashboard: Dashboard, days: int = 0) -> datetime:
    """Noon of a user's day, counted from today."""
    return day_begins(dashboard.clock, dashboard.today + days * DAY) + timedelta(hours=8)


def test_it_shows_a_new_user(db, alice):
    dashboard = read_dashboard(db, alice)
    assert (dashboard.user_id, dashboard.name, dashboard.email) == (
        alice.user_id,
        "Alice",
        "alice@example.com",
    )
    assert (
        dashboard.snapshot.conversations,
        dashboard.snapshot.days_active,
        dashboard.streak,
        dashboard.snapshot.longest_streak,
    ) == ((0, 1, 1, 1))
    assert (
        dashboard.plan,
        dashboard.snapshot.recent_conversations,
        dashboard.moods,
        dashboard.clock,
    ) == (
        "Free",
        [],
        (),
        BERLIN,
    )
    assert (dashboard.mood_score, dashboard.mood_word, dashboard.mood_day) == (None, "", None)
    assert (dashboard.today_mood, dashboard.mood_days) == (None, {})
    assert dashboard.today == user_day(BERLIN, dashboard.now)
    assert dashboard.since == user_day(BERLIN, dashboard.created)


def test_it_shows_what_the_stats_show(db, alice):
    user = alice.user_id
    save_conversation(db, user, [{"role": "user", "content": "Hi"}], summary="A talk")
    moods.record_mood(db, user, 8.5, note="good")
    stats.update_plan(db, user, "Premium")
    dashboard, user_stats = read_dashboard(db, alice), stats.get_user_stats(db, user)
    assert dashboard.snapshot.stats(dashboard.now) == user_stats
    assert (dashboard.snapshot.conversations, dashboard.mood_score, dashboard.plan) == (
        1,
        8.5,
        "Premium",
    )
    assert dashboard.snapshot.recent_conversations == user_stats.recent_conversations
    assert (dashboard.today_mood, dashboard.mood_day, dashboard.mood_word) == (
        8.5,
        dashboard.today,
        "Very good",
    )
    assert dashboard.mood_days == {dashboard.today: [8.5]}


def test_it_changes_nothing_by_looking(db, alice):
    before = contents(db)
    read_dashboard(db, alice)
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
    dashboard = read_dashboard(db, alice)
    assert (dashboard.mood_score, dashboard.today_mood, dashboard.mood_days) == (
        0,
        0,
        {dashboard.today: [0.0]},
    )
    assert dashboard.mood_word == "Very low"


def test_it_puts_moods_into_the_users_days(db, alice):
    dashboard = read_dashboard(db, alice)
    begins = day_begins(BERLIN, dashboard.today)
    stored = [ms(begins + shift) * moods.ID_FACTOR + score * 10 for shift, score in SHIFTED]
    mood_days = replace(dashboard, stored_moods=stored).mood_days
    assert {day: [*scores] for day, scores in mood_days.items()} == {
        dashboard.today - DAY: [1, 2],
        dashboard.today: [3, 4],
        dashboard.today + DAY: [5],
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
    scores = [mood.score for mood in read_dashboard(db, alice, 7 * DAY - SECOND).moods]
    assert scores == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    assert len(read_dashboard(db, alice).moods) == 12
    assert read_dashboard(db, alice, 0 * DAY).moods == ()


def test_it_tells_only_that_nothing_has_changed(db, alice):
    renew(db, read_dashboard(db, alice))
    dashboard = read_dashboard(db, alice)
    before = contents(db)

    def poll(shown: object) -> object:
        return get_dashboard(db, alice.user_id, alice.session_id, shown=str(shown))

    assert poll(dashboard.snapshot.version) == Unchanged(dashboard.snapshot.fresh_until)
    for shown in (
        dashboard.snapshot.version - 1,
        dashboard.snapshot.version + 1,
        "",
        "x",
        f"{dashboard.snapshot.version} ",
    ):
        assert isinstance(poll(shown), Dashboard)
    assert contents(db) == before
    moods.record_mood(db, alice.user_id, 5)
    assert poll(dashboard.snapshot.version).mood_score == 5


def test_it_does_not_say_so_once_the_clock_has_changed_what_is_shown(db, alice):
    dashboard = read_dashboard(db, alice)
    renew(db, replace(dashboard, now=noon(dashboard, -3)))
    stale = read_dashboard(db, alice)
    assert 0 < stale.snapshot.fresh_until < stale.now.timestamp()
    shown = str(stale.snapshot.version)
    dashboard = get_dashboard(db, alice.user_id, alice.session_id, shown=shown)
    assert isinstance(dashboard, Dashboard)


def test_it_says_nothing_to_a_session_that_has_ended(db, alice):
    renew(db, read_dashboard(db, alice))
    shown = str(read_dashboard(db, alice).snapshot.version)
    log_in.log_out(db, alice.user_id, alice.session_id)
    assert get_dashboard(db, alice.user_id, alice.session_id, shown=shown) is None


def test_it_shows_the_mood_of_a_day_that_has_passed_as_the_latest_alone(db, alice):
    moods.record_mood(db, alice.user_id, 5)
    dashboard = read_dashboard(db, alice)
    later = [replace(dashboard, now=noon(dashboard, days)) for days in (0, 1, 2)]
    assert [board.today_mood for board in later] == [5, None, None]
    assert [board.mood_score for board in later] == [5, 5, 5]


def test_it_ends_the_streak_by_the_clock_alone(db, alice):
    dashboard = read_dashboard(db, alice)
    later = [replace(dashboard, now=noon(dashboard, days)) for days in range(4)]
    assert [board.streak for board in later] == [1, 1, 1, 0]
    assert [board.first_of_day for board in later] == [False, True, True, True]
    assert [board.snapshot.longest_streak for board in later] == [1] * 4


def test_it_stands_for_nothing_until_it_was_renewed(db, alice):
    dashboard = read_dashboard(db, alice)
    assert (dashboard.snapshot.fresh_until, dashboard.is_fresh) == (0, False)
    renew(db, dashboard)
    assert read_dashboard(db, alice).is_fresh


def test_it_stands_until_the_users_day_ends(db, alice):
    renew(db, read_dashboard(db, alice))
    dashboard = read_dashboard(db, alice)
    ends = day_begins(BERLIN, dashboard.today + DAY)
    assert dashboard.snapshot.fresh_until == dashboard.next_change == ends.timestamp()
    assert replace(dashboard, now=ends - SECOND).is_fresh
    assert not replace(dashboard, now=ends).is_fresh
    assert not replace(dashboard, now=ends + 30 * DAY).is_fresh


def test_it_gives_a_day_that_began_a_new_version_once(db, alice):
    renew(db, read_dashboard(db, alice))
    dashboard = read_dashboard(db, alice)
    tomorrow = replace(dashboard, now=noon(dashboard, 1))
    first = renew(db, tomorrow)
    assert first.version == dashboard.snapshot.version + 1
    before = contents(db)
    assert renew(db, tomorrow) == renew(db, dashboard) == first
    assert contents(db) == before
    assert read_dashboard(db, alice).snapshot.fresh_until == tomorrow.next_change


def test_it_is_due_again_when_the_clock_was_changed(db, alice):
    renew(db, read_dashboard(db, alice))
    stale = read_dashboard(db, alice)
    profile.update_profile(db, alice.user_id, name="Alice", clock=Clock("Asia/Tokyo", 0))
    assert not read_dashboard(db, alice).is_fresh
    renew(db, stale)
    assert not read_dashboard(db, alice).is_fresh
    renew(db, read_dashboard(db, alice))
    dashboard = read_dashboard(db, alice)
    assert (
        dashboard.snapshot.fresh_until
        == day_begins(dashboard.clock, dashboard.today + DAY).timestamp()
    )


def test_it_stays_fresh_through_changes_that_have_versions_of_their_own(db, alice):
    renew(db, read_dashboard(db, alice))
    before = read_dashboard(db, alice)
    moods.record_mood(db, alice.user_id, 5)
    after = read_dashboard(db, alice)
    assert after.snapshot.version > before.snapshot.version
    assert after.is_fresh
    assert after.snapshot.fresh_until == before.snapshot.fresh_until


def test_it_renews_nobody(db, alice):
    dashboard = read_dashboard(db, alice)
    stats.handle_account_deletion(db, alice.user_id)
    with pytest.raises(UserNotFound):
        renew(db, dashboard)
    assert contents(db) == {}


def test_it_renews_once_for_a_crowd_of_polls(concurrent_db):
    words = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}
    login = sign_up.sign_up(concurrent_db, **words, clock=BERLIN)
    dashboard = read_dashboard(concurrent_db, login)
    run_concurrently(50, lambda _: renew(concurrent_db, dashboard))
    assert read_dashboard(concurrent_db, login).snapshot.version == dashboard.snapshot.version + 1
