"""A hundred threads at once on a real server: exact counts, whoever comes first."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import cycle

import pytest

import stats
from stats.activity.clock import Clock, user_day
from stats.conversations import delete_conversation, list_conversations, save_conversation
from stats.errors import NotFound
from stats.lib.timestamps import EPOCH
from stats.moods.entries import read_moods, record_mood
from stats.store.client import Db
from stats.store.keys import SNAPSHOT_KINDS, user_keys
from stats.store.operations import operation_id
from stats.store.scripts import run
from stats.user_stats import open_stats
from tests.support.samples import MESSAGES
from tests.support.store_checks import run_concurrently
from tests.support.undo import undo_last

CROWD = 100
DAY = timedelta(days=1)


@pytest.fixture
def alice(concurrent_db) -> str:
    stats.create_user_stats(concurrent_db, "alice")
    return "alice"


def test_it_counts_every_conversation_of_a_crowd(concurrent_db, alice):
    saved = run_concurrently(
        CROWD, lambda n: save_conversation(concurrent_db, alice, MESSAGES, summary=str(n))[0]
    )
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert user_stats.conversations == CROWD
    times = {chat.summary: chat.saved_at for chat in saved}
    assert len(times) == CROWD
    recent = user_stats.recent_conversations
    shown = [item.timestamp for item in recent]
    assert shown == sorted(times.values(), reverse=True)[:3]
    assert all(times[item.summary] == item.timestamp for item in recent)
    listed = [chat.saved_at for chat in list_conversations(concurrent_db, alice, limit=1000)]
    assert listed == sorted(times.values(), reverse=True)


def test_it_counts_one_chat_of_a_crowd_once(concurrent_db, alice):
    def save(number: int) -> object:
        return save_conversation(concurrent_db, alice, MESSAGES, chat_id="one", summary=str(number))

    run_concurrently(CROWD, save)
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert (user_stats.conversations, len(user_stats.recent_conversations)) == (1, 1)
    (listed,) = list_conversations(concurrent_db, alice)
    assert listed.summary == user_stats.recent_conversations[0].summary


def test_it_counts_one_key_of_a_crowd_once(concurrent_db, alice):
    answers = run_concurrently(
        CROWD, lambda _: save_conversation(concurrent_db, alice, MESSAGES, key="k")[0]
    )
    assert len({chat.chat_id for chat in answers}) == 1
    assert len({chat.saved_at for chat in answers}) == 1
    assert stats.get_user_stats(concurrent_db, alice).conversations == 1


def test_it_deletes_a_conversation_for_one_of_a_crowd(concurrent_db, alice):
    save_conversation(concurrent_db, alice, MESSAGES, chat_id="one")
    answers = run_concurrently(20, lambda _: delete_conversation(concurrent_db, alice, "one"))
    assert sum(isinstance(answer, NotFound) for answer in answers) == 19
    assert stats.get_user_stats(concurrent_db, alice).recent_conversations == []


def test_it_gives_each_of_a_crowd_its_own_count(concurrent_db, alice):
    assert sorted(
        run_concurrently(CROWD, lambda _: stats.increment_conversations(concurrent_db, alice))
    ) == list(range(1, CROWD + 1))
    assert sorted(
        run_concurrently(50, lambda _: stats.increment_days_active(concurrent_db, alice))
    ) == list(range(2, 52))


def test_it_makes_stats_once_for_a_crowd(concurrent_db):
    run_concurrently(CROWD, lambda _: stats.create_user_stats(concurrent_db, "bob"))
    run_concurrently(
        CROWD,
        lambda _: save_conversation(concurrent_db, "carol", MESSAGES, create_day="2026-03-12"),
    )
    assert stats.get_user_stats(concurrent_db, "bob").days_active == 1
    assert stats.get_user_stats(concurrent_db, "carol").conversations == CROWD


def test_it_counts_a_day_once_for_a_crowd(concurrent_db, alice):
    today = open_stats(concurrent_db, alice).last_day + DAY
    answers = run_concurrently(50, lambda _: stats.handle_daily_login(concurrent_db, alice, today))
    assert Counter(answers) == {True: 1, False: 49}
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert (user_stats.days_active, user_stats.longest_streak) == (2, 2)


def test_it_counts_each_day_once_around_midnight(concurrent_db, alice):
    """A crowd in which clocks differ by up to a day, in both directions."""
    first: date = open_stats(concurrent_db, alice).last_day
    days = [
        day for day, _ in zip(cycle([first, first + DAY, first - DAY]), range(51), strict=False)
    ]
    days += [first + 2 * DAY]
    answers = run_concurrently(
        52, lambda n: (stats.handle_daily_login(concurrent_db, alice, days[n]), days[n])
    )
    counted = [day for counts, day in answers if counts]
    assert len(counted) == len(set(counted)) <= 2
    assert first + 2 * DAY in counted
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert user_stats.days_active == 1 + len(counted)
    assert stats.get_login_streak(concurrent_db, alice, first + 2 * DAY) == 1 + len(counted)
    assert open_stats(concurrent_db, alice).last_day == first + 2 * DAY


# A zone, and a moment at which its day turns: the farthest zones and nights of moving clocks.
NIGHTS = [
    ("Etc/GMT-14", "2026-03-12T00:00+14:00"),
    ("Etc/GMT+12", "2026-03-12T00:00-12:00"),
    ("UTC", "2026-03-12T00:00+00:00"),
    ("Europe/Berlin", "2026-03-29T00:00+01:00"),
    ("Europe/Berlin", "2026-10-25T00:00+02:00"),
    ("Africa/Cairo", "2026-04-24T01:00+03:00"),  # midnight itself is left out
]


def log_in_concurrently(concurrent_db: Db, days: list[date]) -> set[date]:
    """Let all log in at one moment, each on its own day; return the days that were counted."""
    run(
        concurrent_db,
        "user_stats/open",
        user_keys("alice", SNAPSHOT_KINDS),
        (min(days) - DAY).isoformat(),
    )
    answers = run_concurrently(
        len(days), lambda n: stats.handle_daily_login(concurrent_db, "alice", days[n])
    )
    counted = [day for day, counts in zip(days, answers, strict=True) if counts]
    assert len(counted) == len(set(counted))
    assert max(days) in counted
    user_stats = stats.get_user_stats(concurrent_db, "alice")
    assert user_stats.days_active == 1 + len(counted)
    streak = stats.get_login_streak(concurrent_db, "alice", max(days))
    assert 1 <= streak <= user_stats.longest_streak <= user_stats.days_active
    return set(counted)


@pytest.mark.parametrize(("zone", "turn"), NIGHTS)
def test_it_counts_either_side_of_a_midnight_once(concurrent_db, zone, turn):
    """Fifty log-ins in six hours around it: to the server they come in any order, as from clocks
    that are ahead, behind or were set back."""
    clock, midnight = Clock(zone), datetime.fromisoformat(turn)
    steps = [(number - 25) * timedelta(minutes=7) for number in range(50)]
    days = [user_day(clock, midnight + step) for step in steps]
    assert set(days) == {midnight.date() - DAY, midnight.date()}
    log_in_concurrently(concurrent_db, days)


def test_it_counts_a_traveller_once_a_day(concurrent_db):
    """One moment is three days on earth; a day that is over by then comes back for nothing."""
    now = datetime.fromisoformat("2026-03-12T11:30+00:00")
    zones = ("Etc/GMT+12", "UTC", "Etc/GMT-14")
    days = [user_day(Clock(zone), now) for zone, _ in zip(cycle(zones), range(51), strict=False)]
    assert len(set(days)) == 3
    log_in_concurrently(concurrent_db, days)


def test_it_records_every_mood_of_a_crowd(concurrent_db, alice):
    run_concurrently(CROWD, lambda n: record_mood(concurrent_db, alice, n / 10, note=f"note {n}"))
    entries = read_moods(concurrent_db, alice, since=EPOCH)
    assert sorted((entry.score, entry.note) for entry in entries) == sorted(
        (n / 10, f"note {n}") for n in range(CROWD)
    )
    ids = [entry.id for entry in entries]
    assert ids == sorted(set(ids), reverse=True)
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert user_stats.mood_score == entries[0].score


def test_it_records_one_operation_of_a_crowd_once(concurrent_db, alice):
    op = operation_id("mood", "one form")
    run_concurrently(CROWD, lambda n: record_mood(concurrent_db, alice, n / 10, op=op))
    (entry,) = read_moods(concurrent_db, alice, since=EPOCH)
    assert stats.get_user_stats(concurrent_db, alice).mood_score == entry.score


def test_it_takes_one_entry_back_for_a_crowd(concurrent_db, alice):
    for score in range(10):
        record_mood(concurrent_db, alice, score)
    run_concurrently(20, lambda _: undo_last(concurrent_db, alice))
    assert [entry.score for entry in read_moods(concurrent_db, alice, since=EPOCH)] == [
        *range(8, -1, -1)
    ]
    assert stats.get_user_stats(concurrent_db, alice).mood_score == 8


def test_it_keeps_score_and_history_together_in_a_crowd(concurrent_db, alice):
    def act(number: int) -> None:
        record_mood(concurrent_db, alice, number % 10)
        if number % 3 == 0:
            undo_last(concurrent_db, alice)

    run_concurrently(60, act)
    entries = read_moods(concurrent_db, alice, since=EPOCH)
    assert 40 <= len(entries) <= 60
    user_stats = stats.get_user_stats(concurrent_db, alice)
    assert user_stats.mood_score == entries[0].score


def test_it_gives_each_change_of_a_crowd_its_version(concurrent_db, alice):
    before = open_stats(concurrent_db, alice).version
    run_concurrently(50, lambda n: record_mood(concurrent_db, alice, n / 10))
    assert open_stats(concurrent_db, alice).version == before + 50
