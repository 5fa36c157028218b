"""The mood history as a table, and what a spreadsheet makes of it."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats import user_stats
from stats.accounts import profile
from stats.activity.clock import Clock, user_day
from stats.export.csv_export import harmless, mood_csv
from stats.moods import entries as moods
from stats.store.client import Db
from tests.support.store_checks import storable

NOW = datetime.now(UTC)
# What begins a formula, Excel's full-width forms included.
STARTS = "=+-@＝＋－＠"
# What may begin a cell: the list separators of the regions, and an end of line.
SEPARATORS = ";|\t\r\n"


def rows(db: Db, user: str) -> list[dict[str, str]]:
    text = mood_csv(db, user)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def cells(text: str) -> list[str]:
    """A cell as a spreadsheet may split it, without what it skips at a cell's beginning."""
    return [
        part.lstrip(" \"'") if part[:1] != "'" else part for part in re.split("[;|\t\r\n]", text)
    ]


@given(
    note=st.lists(
        st.one_of(
            st.sampled_from([*STARTS, *SEPARATORS, " ", '"', "'"]), st.text(storable, max_size=3)
        ),
        max_size=12,
    ).map("".join)
)
def test_no_cell_is_a_formula_whatever_splits_it(note: str) -> None:
    cell = harmless(note)
    assert not cell.startswith(("\t", "\r", "\n"))
    assert not any(part.startswith(tuple(STARTS)) for part in cells(cell))
    without = iter(cell)
    assert all(letter in without for letter in note), "something is missing"
    assert set(cell) - set(note) <= {"'"}


@pytest.mark.parametrize(
    ("note", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("tea;=1+1", "tea;'=1+1"),
        ("tea\n@SUM(A1)", "tea\n'@SUM(A1)"),
        ('tea; "=1+1"', 'tea;\' "=1+1"'),
        (" -5", "' -5"),
        ("\t=1", "'\t'=1"),
        ("5 - 3 = 2; fine", "5 - 3 = 2; fine"),
        ("tea, -5 degrees", "tea, -5 degrees"),
        ("", ""),
    ],
)
def test_it_disarms_formulas(valkey: Db, note: str, cell: str) -> None:
    moods.record_mood(valkey, "bob", 5, note=note, create_day=NOW.date().isoformat())
    [row] = rows(valkey, "bob")
    assert row["note"] == cell


def test_it_disarms_tags_too(valkey: Db) -> None:
    day = NOW.date().isoformat()
    moods.record_mood(valkey, "bob", 5, tags=["=1+1", "walk"], create_day=day)
    moods.record_mood(valkey, "bob", 5, tags=["walk", "slept well"])
    assert [row["tags"] for row in rows(valkey, "bob")] == ["walk, slept well", "'=1+1, walk"]


def test_it_knows_whose_day_it_is(valkey: Db) -> None:
    user_stats.create_user_stats(valkey, "bob")
    clock = Clock("Asia/Tokyo", 3)
    moods.record_mood(valkey, "bob", 1, at=datetime(2026, 3, 1, 17, 59, tzinfo=UTC))
    moods.record_mood(valkey, "bob", 2, at=datetime(2026, 3, 1, 18, 0, tzinfo=UTC))
    profile.update_profile(valkey, "bob", name="Bob", clock=clock)
    at = datetime.now(UTC) + timedelta(seconds=1)
    moods.record_mood(valkey, "bob", 3, at=at)
    newest, *past = rows(valkey, "bob")
    assert [row["day"] for row in past] == ["2026-03-01", "2026-03-01"]
    assert date.fromisoformat(newest["day"]) in {user_day(clock, NOW), user_day(clock, at)}
    assert [row["score"] for row in (newest, *past)] == ["3.0", "2.0", "1.0"]
