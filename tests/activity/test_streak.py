"""Active days and streaks, held against a second telling of the rules over a set of days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stats.activity.streak import day_arguments, record_login
from stats.daily_login import get_login_streak, handle_daily_login
from stats.daily_login import is_first_login_of_day as is_first
from stats.errors import InvalidInput, UserNotFound
from stats.user_stats import create_user_stats, get_user_stats, open_stats
from tests.support.store_checks import contents, fresh_ids, version

DAY = timedelta(days=1)
# How many days after the last login the next one comes: mostly the next day, at times much
# later, the same day again, or with a clock that was set back.
GAPS = st.lists(st.sampled_from([1, 1, 1, 1, 1, 2, 2, 3, 4, 9, 0, -1, -5]), max_size=30)


def forgiven_days(active: set[date]) -> set[date]:
    """Single missed days between active ones, at most one in any eight days in a row."""
    forgiven: set[date] = set()
    day = min(active)
    while day < max(active):
        single = day not in active and {day - DAY, day + DAY} <= active
        if single and not forgiven & {day - count * DAY for count in range(1, 8)}:
            forgiven.add(day)
        day += DAY
    return forgiven


def expected_streak(active: set[date], today: date) -> int:
    """Counts back from the last active day if the days missed since can be forgiven."""
    forgiven, last = forgiven_days(active), max(active)
    missed = (today - last).days - 1
    if missed > 1 or (missed == 1 and forgiven & {last - count * DAY for count in range(7)}):
        return 0
    day, streak = last, 0
    while day in active or day in forgiven:
        streak += day in active
        day -= DAY
    return streak


def begin(db, user_id: str = "alice") -> date:
    """Make a user's stats; return the first active day."""
    create_user_stats(db, user_id)
    return open_stats(db, user_id, create=False).last_day


@given(GAPS)
@example([1, 2, 1, 2, 1])
@example([2, *[1] * 6, 2])
@example([2, *[1] * 7, 2])
@example([2, *[1] * 5, 2, 1])
@example([2, 3, 2])
def test_it_counts_as_the_rules_say(valkey, gaps):
    user = next(fresh_ids)
    today = begin(valkey, user)
    active, longest = {today}, 1
    for gap in gaps:
        today = max(active) + gap * DAY
        counts = today > max(active)
        before = contents_of(valkey, user)
        assert is_first(valkey, user, today) == counts
        assert contents_of(valkey, user) == before
        assert handle_daily_login(valkey, user, today) == counts
        if counts:
            active.add(today)
        else:
            assert contents_of(valkey, user) == before
        longest = max(longest, expected_streak(active, max(active)))
        user_stats = get_user_stats(valkey, user)
        assert (user_stats.days_active, user_stats.longest_streak) == (len(active), longest)
        for later in range(6):
            day = max(active) + later * DAY
            assert get_login_streak(valkey, user, day) == expected_streak(active, day)


def contents_of(db, user_id: str):
    return db.hgetall(f"user:{{{user_id}}}:stats"), db.get(f"user:{{{user_id}}}:last_login")


@pytest.mark.parametrize(
    ("days", "streak"),
    [
        ([1, 2, 3], 4),
        ([2], 2),  # day 1 is forgiven and not counted
        ([3], 1),  # two missed in a row end it
        ([1, 3, 5], 1),  # day 2 is forgiven, day 4 comes too soon
        ([2, 3, 4, 5, 6, 7, 9], 1),  # day 1 is one of the seven before day 8
        ([2, 3, 4, 5, 6, 7, 8, 10], 9),  # day 1 is not one of the seven before day 9
        ([2, 3, 4, 5, 6, 7, 8, 9], 9),
        ([1, 1, 1], 2),
        ([5, 6, 2, 7], 3),  # a clock set back changes nothing
    ],
)
def test_it_counts_these_days(db, days, streak):
    first = begin(db)
    for day in days:
        handle_daily_login(db, "alice", first + day * DAY)
    assert get_login_streak(db, "alice", first + max(days) * DAY) == streak


def test_it_stands_through_one_missed_day_and_ends_after_two(db):
    first = begin(db)
    handle_daily_login(db, "alice", first + DAY)
    standing = [get_login_streak(db, "alice", first + DAY * days) for days in (0, 1, 2, 3, 4, 900)]
    assert standing == [2, 2, 2, 2, 0, 0]


def test_it_ends_after_one_missed_day_when_none_is_left_to_forgive(db):
    first = begin(db)
    handle_daily_login(db, "alice", first + 2 * DAY)
    standing = [get_login_streak(db, "alice", first + DAY * days) for days in (2, 3, 4)]
    assert standing == [2, 2, 0]


def test_it_begins_anew_at_one_and_keeps_the_longest(db):
    first = begin(db)
    for day in (1, 2, 3, 10):
        handle_daily_login(db, "alice", first + day * DAY)
    user_stats = get_user_stats(db, "alice")
    assert (user_stats.days_active, user_stats.longest_streak) == (5, 4)
    assert get_login_streak(db, "alice", first + 10 * DAY) == 1


def test_it_takes_a_day_as_a_date_or_as_text(db):
    first = begin(db)
    assert handle_daily_login(db, "alice", (first + DAY).isoformat())
    assert not handle_daily_login(db, "alice", first + DAY)
    assert not is_first(db, "alice", (first + DAY).isoformat())
    assert get_login_streak(db, "alice", (first + DAY).isoformat()) == 2


BAD_DAYS = ["", "yesterday", "2026-02-30", "2026-13-01", "20260312", "2026-03-12T00:00", 5, 1.5]


@pytest.mark.parametrize("day", [*BAD_DAYS, datetime(2026, 3, 12, tzinfo=UTC), b"2026-03-12"])
def test_it_refuses_what_is_no_day(db, day):
    begin(db)
    before = contents(db)
    for ask in (handle_daily_login, is_first, get_login_streak):
        with pytest.raises(InvalidInput) as refused:
            ask(db, "alice", day)
        assert refused.value.field == "today"
    assert contents(db) == before


def test_it_refuses_what_is_no_day_of_an_unseen_user_too(db):
    with pytest.raises(InvalidInput):
        is_first(db, "nobody", "yesterday")


@pytest.mark.parametrize("day", [date.min, date(1, 1, 5), "0001-01-08", date.max, "9999-12-31"])
def test_it_survives_days_at_the_ends_of_the_calendar(db, day):
    """A day so far off is refused or changes nothing that cannot be lived with; nothing breaks."""
    begin(db)
    for ask in (is_first, get_login_streak, handle_daily_login):
        try:
            ask(db, "alice", day)
        except InvalidInput:
            continue
    assert get_user_stats(db, "alice").longest_streak >= 1


def test_it_makes_nobody_by_looking(db):
    assert is_first(db, "alice")
    assert is_first(db, "alice", "2026-03-12")
    with pytest.raises(UserNotFound):
        record_login(db, "alice", day_arguments(date(2026, 3, 12)))
    assert contents(db) == {}


def test_it_counts_the_day_of_creation_as_the_first(db):
    begin(db)
    assert not is_first(db, "alice")
    assert not handle_daily_login(db, "alice")
    assert get_login_streak(db, "alice") == 1


def test_it_changes_the_version_with_the_first_login_of_a_day_alone(db):
    first = begin(db)
    before = version(db)
    handle_daily_login(db, "alice", first - DAY)
    handle_daily_login(db, "alice", first)
    assert version(db) == before
    handle_daily_login(db, "alice", first + DAY)
    after = version(db)
    assert after > before
    handle_daily_login(db, "alice", first + DAY)
    assert version(db) == after


def test_it_counts_again_after_the_last_day_was_lost(db):
    first = begin(db)
    db.delete("user:{alice}:last_login")
    assert is_first(db, "alice", first)
    assert get_login_streak(db, "alice", first) == 0
    assert handle_daily_login(db, "alice", first)
    assert get_login_streak(db, "alice", first) == 1
