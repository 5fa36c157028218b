"""The ranges of the history: no day twice, none missing, none ahead, none before the first."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.moods.ranges import Range, month_range, week_range, year_ago, year_range

TODAY = date(2026, 12, 1)
DAYS = st.dates(date(2020, 1, 1), TODAY)
MAKERS = (week_range, month_range, year_range)


@pytest.mark.parametrize(
    ("made", "first", "last", "previous", "following"),
    [
        (
            week_range(date(2026, 11, 26), TODAY, date(2026, 11, 1)),
            *("11-23", "11-29", "11-22", "11-30"),
        ),
        (week_range(TODAY, TODAY, date(2026, 11, 30)), *("11-30", "12-01", None, None)),
        (
            month_range(date(2026, 11, 26), TODAY, date(2026, 11, 1)),
            *("11-01", "11-30", None, "12-01"),
        ),
        (month_range(TODAY, TODAY, date(2026, 11, 30)), *("12-01", "12-01", "11-30", None)),
        (
            month_range(date(2024, 2, 9), TODAY, None),
            *("2024-02-01", "2024-02-29", None, "2024-03-01"),
        ),
        (year_range(TODAY, TODAY, date(2025, 12, 2)), *("2025-12-02", "12-01", None, None)),
        (year_range(TODAY, TODAY, date(2025, 12, 1)), *("2025-12-02", "12-01", "2025-12-01", None)),
        (year_range(date(2026, 1, 1), TODAY, None), *("2025-01-02", "01-01", None, "12-01")),
        (year_range(date(2025, 1, 1), TODAY, None), *("2024-01-03", "2025-01-01", None, "01-01")),
    ],
)
def test_it_has_its_days_and_those_beside_it(
    made: Range, first: str, last: str, previous: str | None, following: str | None
) -> None:
    def day(text: str | None) -> date | None:
        return text and date.fromisoformat(text if len(text) > 5 else f"2026-{text}")

    assert made[1:] == tuple(map(day, (first, last, previous, following)))


@given(DAYS, DAYS, st.sampled_from(MAKERS))
def test_one_can_go_back_to_the_first_entry_and_on_to_today(day: date, first: date, make) -> None:
    """Ranges follow each other without a gap, and both ways end."""
    made = make(day, TODAY, first)
    assert made.dates[0] == made.first
    assert made.dates[-1] == made.last <= TODAY
    assert day in made
    for _ in range(600):
        if made.previous is None:
            break
        before = make(made.previous, TODAY, first)
        assert before.last == made.first - timedelta(1)
        made = before
    assert made.previous is None
    assert first in made or first > day
    while made.next is not None:
        after = make(made.next, TODAY, first)
        assert made.last < after.last <= TODAY
        assert after.first <= made.last + timedelta(1)
        made = after
    assert made.last == TODAY


def test_a_year_ago_is_the_same_day_of_the_calendar() -> None:
    assert year_ago(date(2026, 12, 1)) == date(2025, 12, 1)
    assert year_ago(date(2025, 2, 28)) == date(2024, 2, 28)
    assert year_ago(date(2024, 2, 29)) is None
    assert year_ago(date(2025, 3, 1)) == date(2024, 3, 1)
