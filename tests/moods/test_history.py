"""Moods that are sent twice, and what a list of moods amounts to."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.conversations import save_conversation
from stats.lib.timestamps import EPOCH, now_ms
from stats.moods.entries import (
    MoodEntry,
    read_moods,
    record_mood,
)
from stats.moods.scores import SCORE_WORDS, score_word
from stats.moods.summary import MoodSummary, summarise
from stats.store.operations import operation_id
from stats.user_stats import create_user_stats, get_user_stats
from tests.support.store_checks import contents, version
from tests.support.undo import undo_last

SCORES = st.integers(0, 100).map(lambda tenths: tenths / 10)


def count(db) -> int:
    return len(read_moods(db, "alice", since=EPOCH))


def entries(*scores: float) -> list[MoodEntry]:
    """Entries with these scores, newest first."""
    return [MoodEntry(1000 - place, score) for place, score in enumerate(scores)]


def test_it_counts_a_repeated_operation_once(db):
    create_user_stats(db, "alice")
    op = operation_id("mood", "from the form")
    first = record_mood(db, "alice", 7, op=op)
    before = contents(db)
    assert record_mood(db, "alice", 7, op=op) == replace(first, undo=None)
    assert record_mood(db, "alice", 2, op=op, note="another").stats().mood_score == 7
    assert contents(db) == before
    record_mood(db, "alice", 2, op=operation_id("mood", "another form"))
    assert count(db) == 2


def test_it_counts_without_an_operation_each_time(db):
    create_user_stats(db, "alice")
    for _ in range(3):
        record_mood(db, "alice", 7)
    assert count(db) == 3


def test_it_keeps_the_operations_of_users_apart(db):
    for user in ("alice", "bob"):
        create_user_stats(db, user)
        assert record_mood(db, user, 7, op="same").stats().mood_score == 7


def test_it_does_not_bring_back_by_repetition_what_was_taken_back(db):
    create_user_stats(db, "alice")
    record_mood(db, "alice", 7, op="one")
    undo_last(db, "alice")
    record_mood(db, "alice", 7, op="one")
    assert count(db) == 0


def test_it_remembers_the_last_64_operations_and_no_more(db):
    create_user_stats(db, "alice")
    for number in range(65):
        record_mood(db, "alice", 5, op=f"op-{number:02}")
    for number in range(1, 65):
        record_mood(db, "alice", 5, op=f"op-{number:02}")
    assert count(db) == 65
    record_mood(db, "alice", 5, op="op-00")
    assert count(db) == 66


def test_it_remembers_64_operations_among_conversations_too(db):
    """What the program notes down for itself takes no room from what a client sent."""
    create_user_stats(db, "alice")
    record_mood(db, "alice", 5, op=operation_id("mood", "first"))
    for number in range(60):
        save_conversation(
            db,
            "alice",
            [{"role": "user", "content": "Hi"}],
            chat_id=f"chat-{number}",
            key=f"key-{number}",
        )
    record_mood(db, "alice", 5, op=operation_id("mood", "first"))
    assert count(db) == 1


def test_it_remembers_an_operation_though_the_clock_was_set_back(db):
    """The 64 before it came an hour later by the clock of then."""
    create_user_stats(db, "alice")
    later = now_ms() + 3_600_000
    db.zadd("user:{alice}:ops", {f"op-{number}": later + number for number in range(64)})
    for _ in range(2):
        record_mood(db, "alice", 5, op="after")
    assert count(db) == 1


def test_it_changes_the_version_with_each_change_and_no_other_call(db):
    create_user_stats(db, "alice")
    seen = [version(db)]

    def changed() -> bool:
        seen.append(version(db))
        return seen[-1] > seen[-2]

    record_mood(db, "alice", 7, op="one")
    assert changed()
    record_mood(db, "alice", 7, op="one")
    assert not changed()
    read_moods(db, "alice", since=EPOCH)
    assert not changed()
    undo_last(db, "alice")
    assert changed()
    undo_last(db, "alice")
    assert not changed()
    assert get_user_stats(db, "alice").mood_score == 0


def test_it_says_nothing_of_nothing():
    assert summarise([]) == MoodSummary(None, None, None, None, 0)


def test_it_sees_no_trend_in_one_entry():
    assert summarise(entries(7)) == MoodSummary(7, 7, 7, None, 1)


@pytest.mark.parametrize(
    ("newest_first", "trend"),
    [
        ((8, 5), "improving"),
        ((5, 8), "declining"),
        ((5.5, 5), "stable"),
        ((5, 5.5), "stable"),
        ((5.6, 5), "improving"),
        ((5, 5.6), "declining"),
        ((8, 0, 5), "improving"),  # the entry in the middle belongs to neither half
        ((9, 8, 2, 1), "improving"),
        ((0, 0, 0), "stable"),
    ],
)
def test_it_compares_the_newer_half_with_the_older(newest_first, trend):
    assert summarise(entries(*newest_first)).trend == trend


@given(st.lists(SCORES, min_size=1, max_size=40))
def test_it_adds_up(scores):
    summary = summarise(entries(*scores))
    assert summary.total == len(scores)
    assert (summary.highest, summary.lowest) == (max(scores), min(scores))
    assert abs(summary.average - sum(scores) / len(scores)) <= 0.005 + 1e-9
    backwards = summarise(entries(*reversed(scores)))
    opposite = {"improving": "declining", "declining": "improving"}
    assert backwards.trend == opposite.get(summary.trend, summary.trend)


@given(SCORES)
def test_it_has_a_word_for_each_score(score):
    assert score_word(score) == SCORE_WORDS[int(score + 0.5)]
    assert score_word(0) == "Very low"
    assert score_word(10) == "Very good"
