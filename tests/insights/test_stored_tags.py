"""The tags of days as they are stored."""

from datetime import UTC, date, datetime, timedelta

import pytest
import redis
import time_machine

from stats.activity.calendar import Calendar
from stats.activity.clock import Clock
from stats.conversations import delete_conversation, save_conversation
from stats.insights.stored_tags import read_tags
from stats.insights.tagged_days import Tag
from stats.lib.timestamps import milliseconds
from stats.moods.entries import delete_mood, record_mood
from stats.user_stats import create_user_stats

CALENDAR = Calendar(Clock("UTC"))
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def alice(db: redis.Redis) -> object:
    create_user_stats(db, "alice")
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def back(days: int) -> date:
    return TODAY - timedelta(days)


def check_in(db: redis.Redis, days: int, *tags: str) -> None:
    record_mood(db, "alice", 6, at=NOON - timedelta(days), tags=tags)


def talk(db: redis.Redis, chat_id: str, *tags: str) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    save_conversation(db, "alice", messages, chat_id=chat_id, tags=tags)


def test_it_keeps_check_ins_and_conversations_apart(db: redis.Redis) -> None:
    check_in(db, 2, "walk", "work")
    check_in(db, 0)
    talk(db, "one", "work")
    talk(db, "two")
    read = read_tags(db, "alice", CALENDAR, back(10))
    talked = Tag("work", in_conversations=True)
    assert read.by_day == {back(2): {Tag("walk"), Tag("work")}, back(0): {talked}}
    assert read.first_entry == back(2)


def test_a_conversation_belongs_to_its_first_day(db: redis.Redis, alice) -> None:
    talk(db, "one", "sleep")
    alice.shift(timedelta(days=3))
    talk(db, "one", "dreams")
    assert read_tags(db, "alice", CALENDAR, back(10)).by_day == {TODAY: {Tag("dreams", True)}}
    delete_conversation(db, "alice", "one")
    assert read_tags(db, "alice", CALENDAR, back(10)).by_day == {}


def test_tags_that_a_search_takes_for_the_same_are_one_as_written_last(db: redis.Redis) -> None:
    for days, tag in ((3, "Café"), (2, "cafe"), (1, "CAFÉ")):
        check_in(db, days, tag)
    by_day = read_tags(db, "alice", CALENDAR, back(10)).by_day
    assert by_day == {back(days): {Tag("CAFÉ")} for days in (1, 2, 3)}


def test_it_reads_from_a_day_on_and_knows_the_first_of_all(db: redis.Redis) -> None:
    assert read_tags(db, "alice", CALENDAR, back(10)) == ({}, None)
    check_in(db, 40, "walk")
    check_in(db, 4, "walk")
    read = read_tags(db, "alice", CALENDAR, back(10))
    assert read == ({back(4): {Tag("walk")}}, back(40))
    delete_mood(db, "alice", milliseconds(NOON - timedelta(40)))
    assert read_tags(db, "alice", CALENDAR, back(10)).first_entry == back(4)


def test_it_goes_by_the_users_day(db: redis.Redis) -> None:
    late = datetime(2026, 3, 11, 20, tzinfo=UTC)
    record_mood(db, "alice", 6, at=late, tags=["walk"])
    read = read_tags(db, "alice", Calendar(Clock("Asia/Tokyo")), back(10))
    assert read == ({TODAY: {Tag("walk")}}, TODAY)
