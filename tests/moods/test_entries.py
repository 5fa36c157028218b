"""Mood entries: what is taken, their order, taking back, and what they amount to."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.errors import InvalidInput, UserNotFound
from stats.lib.timestamps import EPOCH, now_ms
from stats.moods.entries import MoodEntry, read_moods, record_mood
from stats.moods.scores import check_score
from stats.user_stats import create_user_stats, get_user_stats, update_mood_score
from tests.support.store_checks import BAD_TEXTS, contents, fresh_ids, storable
from tests.support.undo import undo_last

MS = timedelta(milliseconds=1)
BASE = datetime(2026, 1, 1, tzinfo=UTC)
SCORES = st.integers(0, 100).map(lambda tenths: tenths / 10)
# Milliseconds after BASE: some at the same moment, some hours apart, in any order.
MOMENTS = st.one_of(st.integers(0, 4), st.integers(0, 10**9))


def history(db, user_id: str = "alice") -> list[MoodEntry]:
    return read_moods(db, user_id, since=EPOCH)


def begin(db, user_id: str = "alice") -> None:
    create_user_stats(db, user_id)


@pytest.mark.parametrize(
    ("score", "kept"),
    [(0, 0.0), (10, 10.0), (7, 7.0), (8.25, 8.3), (8.26, 8.3), (9.99, 10.0), (0.04, 0.0)],
)
def test_it_keeps_a_score_to_one_decimal(db, score, kept):
    begin(db)
    update_mood_score(db, "alice", score)
    assert get_user_stats(db, "alice").mood_score == kept
    assert isinstance(get_user_stats(db, "alice").mood_score, float)


def test_it_takes_minus_zero_for_zero(db):
    begin(db)
    assert math.copysign(1, check_score(-0.0)) == 1
    assert math.copysign(1, record_mood(db, "alice", -0.0).stats().mood_score) == 1
    assert math.copysign(1, history(db)[0].score) == 1


@pytest.mark.parametrize(
    "score",
    [
        *(math.nan, math.inf, -math.inf, 1e309, -0.1, 10.01, -1e-300, 11, -1),
        pytest.param(10**5000, id="five thousand digits"),
        *(True, False, None, "5", b"5", [5], {}, 5j),
    ],
)
def test_it_refuses_other_scores(db, score):
    begin(db)
    update_mood_score(db, "alice", 5)
    before = contents(db)
    for record in (update_mood_score, record_mood):
        with pytest.raises(InvalidInput) as refused:
            record(db, "alice", score)
        assert refused.value.field == "score"
    assert contents(db) == before


@given(st.floats(0, 10))
def test_it_rounds_to_the_nearest_tenth(score):
    kept = check_score(score)
    assert 0 <= kept <= 10
    assert kept == float(f"{kept:.1f}")
    assert abs(kept - score) <= 0.05 + 1e-9


@given(st.floats() | st.integers())
def test_it_refuses_whatever_is_out_of_range(score):
    try:
        assert 0 <= check_score(score) <= 10
    except InvalidInput:
        assert not 0 <= score <= 10


@given(st.lists(st.tuples(MOMENTS, SCORES, st.booleans()), min_size=1, max_size=20))
def test_it_keeps_the_order_of_time_and_shows_the_latest(valkey, entries):
    user = next(fresh_ids)
    begin(valkey, user)
    scores_by_time: dict[int, float] = {}
    for offset, score, taken_back in entries:
        shown = get_user_stats(valkey, user).mood_score
        stats_after = record_mood(valkey, user, score, at=BASE + offset * MS)
        place = offset
        while place in scores_by_time:
            place += 1
        scores_by_time[place] = score
        assert stats_after.stats().mood_score == scores_by_time[max(scores_by_time)]
        assert stats_after.mood_at == BASE + max(scores_by_time) * MS
        if taken_back:
            del scores_by_time[place]
            assert undo_last(valkey, user).stats().mood_score == shown
        listed = [(entry.at, entry.score) for entry in history(valkey, user)]
        assert listed == [
            (BASE + at * MS, scores_by_time[at]) for at in sorted(scores_by_time, reverse=True)
        ]


def test_it_gives_entries_of_one_moment_ids_of_their_own(db):
    begin(db)
    for score in (1, 2, 3):
        record_mood(db, "alice", score, at=BASE, note=f"note {score}")
    assert [(entry.score, entry.note) for entry in history(db)] == [
        (3, "note 3"),
        (2, "note 2"),
        (1, "note 1"),
    ]
    assert len({entry.id for entry in history(db)}) == 3


def test_it_finds_the_first_free_moment_behind_any_number_of_entries(db):
    begin(db)
    first = (BASE - EPOCH) // MS
    taken = [first + ms for ms in (*range(40), *range(42, 50))]
    db.rpush("user:{alice}:moods", *(at * 128 + 50 for at in taken))
    for at, free in ((0, 40), (7, 41), (39, 50), (42, 51), (-1, -1)):
        record_mood(db, "alice", 5, at=BASE + at * MS)
        assert first + free in {entry.id for entry in history(db)}
    ids = [int(value) // 128 for value in db.lrange("user:{alice}:moods", 0, -1)]
    assert ids == sorted({*taken, *(first + free for free in (40, 41, 50, 51, -1))})


def test_it_takes_a_moment_in_any_zone(db):
    begin(db)
    local = timezone(timedelta(hours=5, minutes=30))
    record_mood(db, "alice", 5, at=datetime(2026, 3, 12, 19, 30, tzinfo=local))
    assert history(db)[0].at == datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
    assert get_user_stats(db, "alice").mood_updated_at == "2026-03-12T14:00:00.000Z"


def test_it_reads_from_a_moment_on(db):
    begin(db)
    for offset in range(5):
        record_mood(db, "alice", offset, at=BASE + offset * MS)
    assert [entry.score for entry in read_moods(db, "alice", since=BASE + 3 * MS)] == [4, 3]
    assert read_moods(db, "alice", since=BASE + 5 * MS) == []
    assert read_moods(db, "nobody", since=EPOCH) == []


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 12),
        datetime(1999, 12, 31, 23, 59, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_it_refuses_other_moments(db, at):
    begin(db)
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        record_mood(db, "alice", 5, at=at)
    assert refused.value.field == "at"
    assert contents(db) == before


def test_it_refuses_the_future_and_forgives_a_clock_that_is_a_little_fast(db):
    begin(db)
    with pytest.raises(InvalidInput):
        record_mood(db, "alice", 5, at=datetime.now(UTC) + timedelta(minutes=1))
    record_mood(db, "alice", 5, at=datetime.now(UTC) + timedelta(seconds=2))
    assert history(db)[0].id <= now_ms()


@given(st.text(storable, max_size=280))
def test_it_gives_a_note_back_exactly(valkey, note):
    user = next(fresh_ids)
    begin(valkey, user)
    record_mood(valkey, user, 5, note=note)
    assert history(valkey, user)[0].note == note


@pytest.mark.parametrize("note", [*BAD_TEXTS, "x" * 281, "👩" * 281, None, 5, b"bytes"])
def test_it_refuses_other_notes(db, note):
    begin(db)
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        record_mood(db, "alice", 5, note=note)
    assert refused.value.field == "note"
    assert contents(db) == before


def test_it_takes_the_last_entry_back_once(db):
    begin(db)
    record_mood(db, "alice", 3)
    record_mood(db, "alice", 8, note="a good one")
    assert undo_last(db, "alice").stats().mood_score == 3
    before = contents(db)
    undo_last(db, "alice")
    assert contents(db) == before
    assert [(entry.score, entry.note) for entry in history(db)] == [(3, "")]


def test_it_takes_back_what_was_recorded_last_not_what_is_latest(db):
    begin(db)
    record_mood(db, "alice", 8)
    record_mood(db, "alice", 2, at=BASE, note="long ago")
    assert undo_last(db, "alice").stats().mood_score == 8
    assert [entry.score for entry in history(db)] == [8]


def test_it_has_no_score_after_the_only_entry_was_taken_back(db):
    begin(db)
    record_mood(db, "alice", 8, note="gone")
    stats_after = undo_last(db, "alice").stats()
    assert (stats_after.mood_score, stats_after.mood_updated_at) == (0.0, None)
    assert history(db) == []
    assert not any("gone" in str(value) for value in contents(db).values())


def test_it_forgets_the_note_of_an_entry_that_was_taken_back(db):
    begin(db)
    record_mood(db, "alice", 8, at=BASE, note="gone")
    undo_last(db, "alice")
    record_mood(db, "alice", 4, at=BASE)
    assert history(db)[0].note == ""


def test_it_makes_nobody_unless_asked_to(db):
    for change in (lambda: record_mood(db, "alice", 5, op="x"), lambda: undo_last(db, "alice")):
        with pytest.raises(UserNotFound):
            change()
    assert contents(db) == {}
    snapshot = record_mood(db, "alice", 5, create_day="2026-03-12")
    assert (snapshot.stats().mood_score, snapshot.last_day) == (5, datetime.now(UTC).date())
