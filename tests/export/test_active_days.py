"""Merged active days: against a plain model, and never lower than before."""

from datetime import date
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from stats.export.active_days import NO_RUN, ActiveDays, Run, merge
from stats.lib.timestamps import DAY

TODAY = date(2026, 6, 1)


def lived(days: set[date], unknown: int = 0, before: int = 0) -> ActiveDays:
    """What is stored of somebody who came on these days, and was here before they were kept.

    `unknown` days are counted and not known; a streak of `before` days led to the first day.
    """
    runs, run = [NO_RUN], NO_RUN
    for number, day in enumerate(sorted(days)):
        run = came(run, day)
        run = run._replace(streak=run.streak + before) if number == 0 else run
        runs.append(run)
    longest = max(run.streak for run in runs)
    return ActiveDays(frozenset(days), len(days) + unknown, longest, run)


def came(run: Run, day: date) -> Run:
    """The rule as the contract has it, written down again."""
    missed = (day - run.last_day).days - 1 if run.last_day else None
    if missed == 0:
        return Run(run.streak + 1, day, run.forgiven)
    spent = run.forgiven is not None and (day - DAY - run.forgiven).days <= 7
    if missed == 1 and not spent:
        return Run(run.streak + 1, day, day - DAY)
    return Run(1, day, run.forgiven)


def some_days(latest: int) -> st.SearchStrategy[set[date]]:
    return st.sets(st.integers(-25, latest), max_size=24).map(
        lambda numbers: {TODAY + number * DAY for number in numbers}
    )


def histories(latest: int = 0) -> st.SearchStrategy[ActiveDays]:
    return st.builds(lived, some_days(latest), st.integers(0, 5), st.integers(0, 9))


@settings(max_examples=600)
@given(here=histories(), archived=histories(latest=2))
def test_no_figure_falls_and_a_second_time_changes_nothing(
    here: ActiveDays, archived: ActiveDays
) -> None:
    merged = merge(here, archived, TODAY)
    assert merged.days == here.days | archived.days
    assert merged.days_active >= max(here.days_active, archived.days_active)
    assert merged.longest_streak >= max(here.longest_streak, archived.longest_streak)
    assert merged.longest_streak >= merged.run.streak
    assert merged.run.stands(TODAY) >= here.run.stands(TODAY)
    assert merge(merged, archived, TODAY) == merged


@settings(max_examples=300)
@given(days=some_days(0), data=st.data())
def test_halves_of_a_life_make_the_whole(days: set[date], data: st.DataObject) -> None:
    """Whoever was here on some days and brings the others has at least what the days prove."""
    half = data.draw(st.sets(st.sampled_from(sorted(days)))) if days else set()
    merged, whole = merge(lived(half), lived(days - half), TODAY), lived(days)
    assert (merged.days, merged.days_active) == (whole.days, whole.days_active)
    assert merged.run.last_day == whole.run.last_day
    assert merged.run.stands(TODAY) >= whole.run.stands(TODAY)
    assert merged.longest_streak >= whole.longest_streak


@settings(max_examples=200)
@given(days=some_days(0), unknown=st.integers(0, 5), before=st.integers(0, 9))
def test_it_all_comes_back_into_an_empty_account(
    days: set[date], unknown: int, before: int
) -> None:
    archived = lived(days, unknown, before)
    assert merge(lived(set()), archived, TODAY) == archived


@given(parts=st.lists(histories(), min_size=1, max_size=4))
def test_what_was_merged_stays(parts: list[ActiveDays]) -> None:
    merged = reduce(lambda here, archived: merge(here, archived, TODAY), parts)
    assert merged.days == frozenset().union(*(part.days for part in parts))
    assert all(merged.run.stands(TODAY) >= part.run.stands(TODAY) for part in parts[:1])
    assert merged.longest_streak >= max(part.longest_streak for part in parts)
