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
from stats.store.keys import SNAPSHOT_KINDS, operation_id, user_keys
from stats.store.scripts import run
from stats.user_stats import open_stats
from tests.support.store_checks import together
from tests.support.undo import undo_last

CROWD = 100
MESSAGES = [{"role": "user", "content": "Hello"}]
DAY = timedelta(days=1)


@pytest.fixture
def alice(crowd) -> str:
    stats.create_user_stats(crowd, "alice")
    return "alice"


def test_it_counts_every_conversation_of_a_crowd(crowd, alice):
    saved = together(CROWD, lambda n: save_conversation(crowd, alice, MESSAGES, summary=str(n))[0])
    found = stats.get_user_stats(crowd, alice)
    assert found.conversations == CROWD
    times = {chat.summary: chat.saved_at for chat in saved}
    assert len(times) == CROWD
    recent = found.recent_conversations
    shown = [item.timestamp for item in recent]
    assert shown == sorted(times.values(), reverse=True)[:3]
    assert all(times[item.summary] == item.timestamp for item in recent)
    listed = [chat.saved_at for chat in list_conversations(crowd, alice, limit=1000)]
    assert listed == sorted(times.values(), reverse=True)


def test_it_counts_one_chat_of_a_crowd_once(crowd, alice):
    def save(number: int) -> object:
        return save_conversation(crowd, alice, MESSAGES, chat_id="one", summary=str(number))

    together(CROWD, save)
    found = stats.get_user_stats(crowd, alice)
    assert (found.conversations, len(found.recent_conversations)) == (1, 1)
    (listed,) = list_conversations(crowd, alice)
    assert listed.summary == found.recent_conversations[0].summary


def test_it_counts_one_key_of_a_crowd_once(crowd, alice):
    answers = together(CROWD, lambda _: save_conversation(crowd, alice, MESSAGES, key="k")[0])
    assert len({chat.chat_id for chat in answers}) == 1
    assert len({chat.saved_at for chat in answers}) == 1
    assert stats.get_user_stats(crowd, alice).conversations == 1


def test_it_deletes_a_conversation_for_one_of_a_crowd(crowd, alice):
    save_conversation(crowd, alice, MESSAGES, chat_id="one")
    answers = together(20, lambda _: delete_conversation(crowd, alice, "one"))
    assert sum(isinstance(answer, NotFound) for answer in answers) == 19
    assert stats.get_user_stats(crowd, alice).recent_conversations == []


def test_it_gives_each_of_a_crowd_its_own_count(crowd, alice):
    assert sorted(together(CROWD, lambda _: stats.increment_conversations(crowd, alice))) == list(
        range(1, CROWD + 1)
    )
    assert sorted(together(50, lambda _: stats.increment_days_active(crowd, alice))) == list(
        range(2, 52)
    )


def test_it_makes_stats_once_for_a_crowd(crowd):
    together(CROWD, lambda _: stats.create_user_stats(crowd, "bob"))
    together(CROWD, lambda _: save_conversation(crowd, "carol", [], create_day="2026-03-12"))
    assert stats.get_user_stats(crowd, "bob").days_active == 1
    assert stats.get_user_stats(crowd, "carol").conversations == CROWD


def test_it_counts_a_day_once_for_a_crowd(crowd, alice):
    today = open_stats(crowd, alice).last_day + DAY
    answers = together(50, lambda _: stats.handle_daily_login(crowd, alice, today))
    assert Counter(answers) == {True: 1, False: 49}
    found = stats.get_user_stats(crowd, alice)
    assert (found.days_active, found.longest_streak) == (2, 2)


def test_it_counts_each_day_once_around_midnight(crowd, alice):
    """A crowd in which clocks differ by up to a day, in both directions."""
    first: date = open_stats(crowd, alice).last_day
    days = [
        day for day, _ in zip(cycle([first, first + DAY, first - DAY]), range(51), strict=False)
    ]
    days += [first + 2 * DAY]
    answers = together(52, lambda n: (stats.handle_daily_login(crowd, alice, days[n]), days[n]))
    counted = [day for counts, day in answers if counts]
    assert len(counted) == len(set(counted)) <= 2
    assert first + 2 * DAY in counted
    found = stats.get_user_stats(crowd, alice)
    assert found.days_active == 1 + len(counted)
    assert stats.get_login_streak(crowd, alice, first + 2 * DAY) == 1 + len(counted)
    assert open_stats(crowd, alice).last_day == first + 2 * DAY


# A zone, and a moment at which its day turns: the farthest zones and nights of moving clocks.
NIGHTS = [
    ("Etc/GMT-14", "2026-03-12T00:00+14:00"),
    ("Etc/GMT+12", "2026-03-12T00:00-12:00"),
    ("UTC", "2026-03-12T00:00+00:00"),
    ("Europe/Berlin", "2026-03-29T00:00+01:00"),
    ("Europe/Berlin", "2026-10-25T00:00+02:00"),
    ("Africa/Cairo", "2026-04-24T01:00+03:00"),  # midnight itself is left out
]


def come(crowd: Db, days: list[date]) -> set[date]:
    """Let all log in at one moment, each on its own day; return the days that were counted."""
    run(crowd, "user_stats/open", user_keys("alice", SNAPSHOT_KINDS), (min(days) - DAY).isoformat())
    answers = together(len(days), lambda n: stats.handle_daily_login(crowd, "alice", days[n]))
    counted = [day for day, counts in zip(days, answers, strict=True) if counts]
    assert len(counted) == len(set(counted))
    assert max(days) in counted
    found = stats.get_user_stats(crowd, "alice")
    assert found.days_active == 1 + len(counted)
    streak = stats.get_login_streak(crowd, "alice", max(days))
    assert 1 <= streak <= found.longest_streak <= found.days_active
    return set(counted)


@pytest.mark.parametrize(("zone", "turn"), NIGHTS)
def test_it_counts_either_side_of_a_midnight_once(crowd, zone, turn):
    """Fifty log-ins in six hours around it: to the server they come in any order, as from clocks
    that are ahead, behind or were set back."""
    clock, midnight = Clock(zone), datetime.fromisoformat(turn)
    steps = [(number - 25) * timedelta(minutes=7) for number in range(50)]
    days = [user_day(clock, midnight + step) for step in steps]
    assert set(days) == {midnight.date() - DAY, midnight.date()}
    come(crowd, days)


def test_it_counts_a_traveller_once_a_day(crowd):
    """One moment is three days on earth; a day that is over by then comes back for nothing."""
    now = datetime.fromisoformat("2026-03-12T11:30+00:00")
    zones = ("Etc/GMT+12", "UTC", "Etc/GMT-14")
    days = [user_day(Clock(zone), now) for zone, _ in zip(cycle(zones), range(51), strict=False)]
    assert len(set(days)) == 3
    come(crowd, days)


def test_it_records_every_mood_of_a_crowd(crowd, alice):
    together(CROWD, lambda n: record_mood(crowd, alice, n / 10, note=f"note {n}"))
    entries = read_moods(crowd, alice, since=EPOCH)
    assert sorted((entry.score, entry.note) for entry in entries) == sorted(
        (n / 10, f"note {n}") for n in range(CROWD)
    )
    ids = [entry.id for entry in entries]
    assert ids == sorted(set(ids), reverse=True)
    found = stats.get_user_stats(crowd, alice)
    assert found.mood_score == entries[0].score


def test_it_records_one_operation_of_a_crowd_once(crowd, alice):
    op = operation_id("mood", "one form")
    together(CROWD, lambda n: record_mood(crowd, alice, n / 10, op=op))
    (entry,) = read_moods(crowd, alice, since=EPOCH)
    assert stats.get_user_stats(crowd, alice).mood_score == entry.score


def test_it_takes_one_entry_back_for_a_crowd(crowd, alice):
    for score in range(10):
        record_mood(crowd, alice, score)
    together(20, lambda _: undo_last(crowd, alice))
    assert [entry.score for entry in read_moods(crowd, alice, since=EPOCH)] == [*range(8, -1, -1)]
    assert stats.get_user_stats(crowd, alice).mood_score == 8


def test_it_keeps_score_and_history_together_in_a_crowd(crowd, alice):
    def act(number: int) -> None:
        record_mood(crowd, alice, number % 10)
        if number % 3 == 0:
            undo_last(crowd, alice)

    together(60, act)
    entries = read_moods(crowd, alice, since=EPOCH)
    assert 40 <= len(entries) <= 60
    found = stats.get_user_stats(crowd, alice)
    assert found.mood_score == entries[0].score


def test_it_gives_each_change_of_a_crowd_its_version(crowd, alice):
    before = open_stats(crowd, alice).version
    together(50, lambda n: record_mood(crowd, alice, n / 10))
    assert open_stats(crowd, alice).version == before + 50
