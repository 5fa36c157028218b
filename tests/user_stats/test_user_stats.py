"""The nine operations on a user's stats, as another Python program calls them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stats
from stats.errors import InvalidInput, UserNotFound
from stats.lib.timestamps import EPOCH
from stats.moods.entries import read_moods
from stats.plans.plan import Plan
from stats.snapshot import RecentConversation, UserStats
from tests.support.store_checks import (
    BAD_IDS,
    BAD_TEXTS,
    contents,
    fresh_ids,
    keys_of_user,
    storable,
    version,
)

NEW = UserStats(
    conversations=0,
    mood_score=0.0,
    days_active=1,
    recent_conversations=[],
    plan=Plan.FREE,
    streak=1,
    longest_streak=1,
    mood_updated_at=None,
)
CHANGES = {
    "count a conversation": lambda db, user: stats.increment_conversations(db, user),
    "count a day": lambda db, user: stats.increment_days_active(db, user),
    "record a mood": lambda db, user: stats.update_mood_score(db, user, 5),
    "add a summary": lambda db, user: stats.add_recent_conversation(db, user, "words"),
    "set a plan": lambda db, user: stats.update_plan(db, user, "Plus"),
    "log in": lambda db, user: stats.handle_daily_login(db, user),
    "ask the streak": lambda db, user: stats.get_login_streak(db, user),
}
OPERATIONS = CHANGES | {
    "create": stats.create_user_stats,
    "get": stats.get_user_stats,
    "delete": stats.delete_user_stats,
    "exist": stats.user_stats_exist,
    "initialize": stats.initialize_user_stats,
    "first login": stats.is_first_login_of_day,
    "log out": lambda db, user: stats.handle_user_logout(db, user, delete_stats=True),
    "delete the account": stats.handle_account_deletion,
}


def test_it_begins_with_these_numbers(db):
    assert stats.create_user_stats(db, "alice") == NEW
    assert stats.get_user_stats(db, "alice") == NEW
    assert stats.get_user_stats(db, "alice").to_dict() == {
        "conversations": 0,
        "mood_score": 0.0,
        "days_active": 1,
        "recent_conversations": [],
        "plan": "Free",
        "streak": 1,
        "longest_streak": 1,
        "mood_updated_at": None,
    }


def test_it_has_nothing_for_a_user_it_never_saw(db):
    assert stats.get_user_stats(db, "alice") is None
    assert not stats.user_stats_exist(db, "alice")
    stats.delete_user_stats(db, "alice")
    assert contents(db) == {}


def test_it_keeps_the_stats_that_there_are(db):
    stats.create_user_stats(db, "alice")
    stats.increment_conversations(db, "alice")
    before = contents(db)
    assert stats.create_user_stats(db, "alice").conversations == 1
    assert contents(db) == before


def test_it_keeps_users_apart(db):
    for user in ("alice", "bob", "alice:stats"):
        stats.create_user_stats(db, user)
    stats.increment_conversations(db, "alice")
    stats.update_mood_score(db, "alice", 9)
    assert stats.get_user_stats(db, "bob") == NEW
    stats.delete_user_stats(db, "alice")
    assert stats.get_user_stats(db, "bob") == NEW
    assert stats.user_stats_exist(db, "alice:stats")


def test_it_counts(db):
    stats.create_user_stats(db, "alice")
    assert [stats.increment_conversations(db, "alice") for _ in range(3)] == [1, 2, 3]
    assert [stats.increment_days_active(db, "alice") for _ in range(2)] == [2, 3]
    user_stats = stats.get_user_stats(db, "alice")
    assert (user_stats.conversations, user_stats.days_active, user_stats.streak) == (3, 3, 1)


@pytest.mark.parametrize("name", CHANGES)
def test_it_brings_nobody_into_being_by_a_change(db, name):
    with pytest.raises(UserNotFound):
        CHANGES[name](db, "alice")
    assert contents(db) == {}


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_refuses_ids_outside_the_contract(valkey, name):
    for user_id in (*BAD_IDS, None, 42):
        with pytest.raises(InvalidInput):
            OPERATIONS[name](valkey, user_id)
    assert contents(valkey) == {}


def test_it_records_a_mood_in_the_history_too(db):
    stats.create_user_stats(db, "alice")
    assert stats.update_mood_score(db, "alice", 8.25) is None
    user_stats = stats.get_user_stats(db, "alice")
    (entry,) = read_moods(db, "alice", since=EPOCH)
    assert user_stats.mood_score == entry.score == 8.3
    assert user_stats.mood_updated_at == entry.at.isoformat(timespec="milliseconds")[:-6] + "Z"


def test_it_lists_the_last_three_summaries_newest_first(db):
    stats.create_user_stats(db, "alice")
    for number in range(5):
        recent = stats.add_recent_conversation(db, "alice", f"talk {number}")
    assert [item.summary for item in recent] == ["talk 4", "talk 3", "talk 2"]
    assert stats.get_user_stats(db, "alice").recent_conversations == recent
    assert stats.get_user_stats(db, "alice").conversations == 0
    times = [item.timestamp for item in recent]
    assert times == sorted(times, reverse=True)
    assert all(time.endswith("Z") for time in times)


def test_it_shows_of_a_recent_conversation_what_the_contract_names():
    item = RecentConversation("2026-03-12T09:00:00.000Z", "words", "chat-1")
    assert item.to_dict() == {"timestamp": "2026-03-12T09:00:00.000Z", "summary": "words"}


@given(st.text(storable, min_size=1, max_size=250))
def test_it_gives_a_summary_back_exactly(valkey, text):
    user = next(fresh_ids)
    stats.create_user_stats(valkey, user)
    (item,) = stats.add_recent_conversation(valkey, user, text)
    assert item.summary == text[:200]
    again = stats.add_recent_conversation(valkey, user, "next")
    assert again[1].summary == text[:200]


@pytest.mark.parametrize(
    "text", ['"\\/\x1f\x7f</script>', "👩‍👩‍👧\u202e\u2028", "[]", "{}", "", "x" * 200]
)
def test_it_gives_awkward_summaries_back_exactly(db, text):
    stats.create_user_stats(db, "alice")
    stats.add_recent_conversation(db, "alice", text)
    assert stats.add_recent_conversation(db, "alice", "next")[1].summary == text


@pytest.mark.parametrize("summary", [*BAD_TEXTS, None, 5, b"bytes"])
def test_it_refuses_summaries_that_cannot_be_stored(db, summary):
    stats.create_user_stats(db, "alice")
    before = contents(db)
    with pytest.raises(InvalidInput):
        stats.add_recent_conversation(db, "alice", summary)
    assert contents(db) == before


def test_it_sets_and_removes_a_plan(db):
    stats.create_user_stats(db, "alice")
    for plan in ("Plus", "Premium", "Plus", "Free"):
        assert stats.update_plan(db, "alice", plan) is None
        assert stats.get_user_stats(db, "alice").plan == plan


@pytest.mark.parametrize("plan", ["free", "plus", "Gold", "", " Plus", None, 1, True, ["Plus"]])
def test_it_refuses_other_plans(db, plan):
    stats.create_user_stats(db, "alice")
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        stats.update_plan(db, "alice", plan)
    assert refused.value.field == "plan"
    assert contents(db) == before


def test_it_deletes_all_that_belongs_to_the_stats(db):
    for user in ("alice", "bob"):
        stats.create_user_stats(db, user)
        stats.update_mood_score(db, user, 5)
    bobs = {key: value for key, value in contents(db).items() if "{bob}" in key}
    stats.delete_user_stats(db, "alice")
    assert not stats.user_stats_exist(db, "alice")
    assert keys_of_user(db, "alice") == set()
    assert contents(db) == bobs


def test_it_stores_what_the_contract_names(valkey):
    stats.create_user_stats(valkey, "42")
    stats.update_mood_score(valkey, "42", 7)
    stats.add_recent_conversation(valkey, "42", "words")
    stored = valkey.hgetall("user:{42}:stats")
    assert (stored["conversations"], stored["days_active"], stored["plan"]) == ("0", "1", "Free")
    assert (stored["streak"], stored["longest_streak"]) == ("1", "1")
    assert float(stored["mood_score"]) == 7
    assert json.loads(stored["recent_conversations"])[0]["summary"] == "words"
    assert {"version", "fresh_until", "mood_updated_at"} <= set(stored)
    assert len(valkey.get("user:{42}:last_login")) == len("2026-03-12")


@pytest.mark.parametrize(
    "name", ["count a conversation", "count a day", "record a mood", "add a summary", "set a plan"]
)
def test_it_gives_each_change_a_new_version(db, name):
    stats.create_user_stats(db, "alice")
    before = version(db)
    CHANGES[name](db, "alice")
    assert version(db) > before


def test_it_gives_reading_no_new_version(db):
    stats.create_user_stats(db, "alice")
    stats.handle_daily_login(db, "alice")
    before = contents(db)
    stats.get_user_stats(db, "alice")
    stats.create_user_stats(db, "alice")
    stats.user_stats_exist(db, "alice")
    stats.is_first_login_of_day(db, "alice")
    stats.get_login_streak(db, "alice")
    stats.handle_daily_login(db, "alice")
    assert contents(db) == before


def test_it_never_shows_a_version_again_after_a_deletion(db):
    """A page of before must not take the new stats for its own."""
    shown = set()
    for score in range(5):
        stats.create_user_stats(db, "alice")
        for _ in range(5):
            stats.update_mood_score(db, "alice", score)
            assert version(db) not in shown
            shown.add(version(db))
        stats.delete_user_stats(db, "alice")
