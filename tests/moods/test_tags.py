"""The tags of check-ins: which are taken, what becomes of them, on which days they were."""

from datetime import UTC, date, datetime, timedelta

import pytest

from stats.errors import InvalidInput
from stats.insights.stored_tags import read_tags
from stats.lib.timestamps import DAY, EPOCH, milliseconds
from stats.moods.entries import (
    delete_mood,
    edit_mood,
    read_moods,
    record_mood,
    undo_mood,
)
from stats.moods.tags import last_used
from stats.store.client import Db
from stats.store.keys import user_key
from stats.user_stats import create_user_stats, open_stats
from tests.support.store_checks import contents

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)


def begin(db: Db) -> None:
    create_user_stats(db, "alice")


def record(db: Db, *tags: str, at: datetime | None = None) -> int:
    """Record an entry with these tags; return its id."""
    undo = record_mood(db, "alice", 5, tags=tags, at=at).undo
    assert undo is not None
    return undo


def tags_of(db: Db) -> list[tuple[str, ...]]:
    """The tags of all entries, newest first."""
    return [entry.tags for entry in read_moods(db, "alice", since=EPOCH)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((), ()),
        (("walk", "slept well"), ("walk", "slept well")),
        (("  walk ", "slept \n  well"), ("walk", "slept well")),
        (("cafe\u0301",), ("caf\u00e9",)),
        (("Walk", "walk", "WALK", "work"), ("Walk", "work")),
        (("café", "cafe", "Cafe\u0301"), ("café",)),
        (("wa\u200blk", "walk"), ("wa\u200blk",)),
        (("x" * 30, "👣" * 30), ("x" * 30, "👣" * 30)),
        (("\u05d0\u05d1", "ride, long"), ("\u05d0\u05d1", "ride, long")),
        ((*"abcdefgh", "A", "H"), tuple("abcdefgh")),
        (("\u064b", "\u0650"), ("\u064b", "\u0650")),
    ],
)
def test_it_keeps_tags_as_people_read_them(
    db: Db, given: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    begin(db)
    record(db, *given)
    assert tags_of(db) == [kept]


@pytest.mark.parametrize(
    "tags",
    [
        *([""], ["  "], ["\u200b\u2060"], ["\u2800"], ["walk", "\t"]),
        *(["x" * 31], ["\u0958" * 16], list("abcdefghi")),
        *(["a\0b"], ["\ud800"], [5], [None], [["walk"]]),
    ],
)
def test_it_refuses_other_tags_and_writes_nothing(db: Db, tags: list[object]) -> None:
    begin(db)
    entry_id = record(db, "walk")
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        record_mood(db, "alice", 5, tags=tags)
    assert refused.value.field == "tags"
    with pytest.raises(InvalidInput):
        edit_mood(db, "alice", entry_id, 5, tags=tags)
    assert contents(db) == before


def test_editing_replaces_them_and_can_take_them_away(db: Db) -> None:
    begin(db)
    entry_id = record(db, "walk", "work")
    edit_mood(db, "alice", entry_id, 5, "Note", ["reading"])
    assert tags_of(db) == [("reading",)]
    edit_mood(db, "alice", entry_id, 5, "Note")
    assert tags_of(db) == [()]
    assert not db.exists(user_key("alice", "mood_tags"))


def test_they_go_with_their_entry(db: Db) -> None:
    begin(db)
    first, second = record(db, "walk", at=NOON), record(db, "work")
    assert delete_mood(db, "alice", first).tags == ("walk",)
    undo_mood(db, "alice", second)
    assert not db.exists(user_key("alice", "mood_tags"))


def test_entries_of_one_moment_keep_their_own(db: Db) -> None:
    begin(db)
    for tag in ("one", "two", "three"):
        record(db, tag, at=NOON)
    assert tags_of(db) == [("three",), ("two",), ("one",)]


def test_a_span_holds_its_first_moment_and_not_its_last(db: Db) -> None:
    begin(db)
    for minute in range(4):
        record(db, f"t{minute}", at=NOON + minute * MINUTE)
    span = {"since": NOON + MINUTE, "before": NOON + 3 * MINUTE}
    assert [entry.tags for entry in read_moods(db, "alice", **span)] == [("t2",), ("t1",)]
    assert read_moods(db, "alice", since=NOON, before=NOON) == []
    assert read_moods(db, "alice", since=NOON + MINUTE, before=NOON) == []
    assert read_moods(db, "alice", since=EPOCH, before=NOON) == []


def test_a_day_has_the_tags_of_all_its_entries_as_they_were_written_last(db: Db) -> None:
    begin(db)
    record(db, "walk", "Café", at=NOON)
    record(db, "WALK", "work", at=NOON + MINUTE)
    record(db, at=NOON + DAY)
    record(db, "cafe", at=NOON + 2 * DAY)
    calendar = open_stats(db, "alice", create=False).calendar
    by_day = read_tags(db, "alice", calendar, date(2026, 3, 1)).by_day
    assert {day: {tag.name for tag in own} for day, own in by_day.items()} == {
        date(2026, 3, 12): {"WALK", "cafe", "work"},
        date(2026, 3, 14): {"cafe"},
    }
    assert read_tags(db, "alice", calendar, date(2026, 3, 15)).by_day == {}


def test_the_last_used_come_first_each_once() -> None:
    assert last_used([("b", "a"), (), ("A", "c"), ("B",)]) == ["b", "a", "c"]
    assert last_used([]) == []


def test_an_entry_of_a_version_without_tags_has_none(db: Db) -> None:
    begin(db)
    db.rpush(user_key("alice", "moods"), milliseconds(NOON) * 128 + 75)
    assert tags_of(db) == [()]
