"""The year as a chart: which days it has, where it is cut, where the months' names stand."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from markupsafe import escape

from stats.moods.history import make_year
from stats.web.templating.dates import SHORT_MONTHS
from stats.web.templating.year_chart import Cell, YearChart, year_chart

FIRST = date(2023, 2, 27)
# Each day of more than four years: every weekday, leap day and end of a month.
TODAYS = [FIRST + timedelta(days) for days in range(1600)]


def draw(today: date, scores: dict[date, list[float]] | None = None) -> YearChart:
    year = make_year(scores or {}, today)
    return year_chart(year, {day: escape(day) for day in year.dates})


def columns(chart: YearChart) -> list[list[Cell | None]]:
    """The weeks as they stand beside each other, each from Monday to Sunday."""
    return [list(week) for strip in chart.strips for week in zip(*strip.rows, strict=True)]


def first_whole_weeks(weeks: Sequence[date]) -> dict[int, str]:
    """Where a week lies wholly in a month, and the week before does not."""
    months = [{(monday + timedelta(n)).month for n in range(7)} for monday in weeks]
    earlier = [{(monday - timedelta(n)).month for n in range(1, 8)} for monday in weeks]
    return {
        column: SHORT_MONTHS[monday.month - 1]
        for column, monday in enumerate(weeks)
        if len(months[column]) == 1 and earlier[column] != months[column]
    }


@pytest.mark.parametrize("today", TODAYS[::97])
def test_it_is_365_days_up_to_today_and_no_others(today: date) -> None:
    days = [cell for week in columns(draw(today)) for cell in week]
    shown = [cell.day for cell in days if cell]
    assert shown == [today - timedelta(364 - n) for n in range(365)]
    place = days.index(next(filter(None, days)))
    assert place < 7
    assert place == shown[0].weekday()
    assert all(days[place : place + 365])
    assert len(days) == 53 * 7


def test_strips_are_cut_before_months_and_nearly_as_long_as_each_other() -> None:
    for today in TODAYS:
        chart = draw(today)
        lengths = [len(strip.months) for strip in chart.strips]
        assert sum(lengths) == 53
        assert 18 <= chart.columns == max(lengths) <= 20, today
        assert all(strip.months[0] for strip in chart.strips[1:]), today


def test_a_month_is_named_over_its_first_whole_week_unless_its_name_poked_out() -> None:
    for today in TODAYS:
        chart = draw(today)
        start = today - timedelta(364)
        monday = start - timedelta(start.weekday())
        wanted = first_whole_weeks([monday + timedelta(7 * column) for column in range(53)])
        ends = [0, *(sum(len(s.months) for s in chart.strips[: n + 1]) for n in range(3))]
        for strip, (begin, end) in zip(chart.strips, pairwise(ends), strict=True):
            assert strip.months == [
                wanted.get(column, "") if end - column >= 3 else "" for column in range(begin, end)
            ], today


def test_names_never_meet() -> None:
    for today in TODAYS[::7]:
        names = [name for strip in draw(today).strips for name in strip.months]
        named = [column for column, name in enumerate(names) if name]
        assert len(named) >= 11
        assert min(after - before for before, after in pairwise(named)) >= 4


def test_a_cell_has_the_shade_of_its_mean() -> None:
    today = date(2026, 12, 1)
    cells = [
        cell
        for week in columns(draw(today, {today: [7.5], FIRST: [1.0]}))
        for cell in week
        if cell and cell.shade is not None
    ]
    assert cells == [Cell(today, 8, escape("2026-12-01"))]


def test_rows_run_from_monday() -> None:
    for today in TODAYS[:14]:
        chart = draw(today)
        assert [day.weekday() for day in chart.week] == list(range(7))
        assert {cell.day.weekday() for cell in chart.strips[1].rows[3] if cell} == {3}
