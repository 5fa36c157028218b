"""What periods, weekdays and the spread of scores say in words, also when it is nothing."""

from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.insights.periods import compare_periods, make_period
from stats.insights.spread import count_scores, middle_half
from stats.insights.weekdays import compare_weekdays
from tests.insights.diaries import moods

MONDAY = date(2026, 6, 1)
DIARIES = 100


def days(scores: list[float], first: date = MONDAY) -> dict[date, float]:
    """Scores on days in a row."""
    return {first + timedelta(n): score for n, score in enumerate(scores)}


def compare(now: list[float], before: list[float]) -> str:
    """What is said of scores beside those of as many days before."""
    means = days([*before, *now])
    middle = MONDAY + timedelta(len(before))
    period = make_period(means, middle, middle + timedelta(len(now) - 1))
    return compare_periods(period, make_period(means, MONDAY, middle - timedelta(1))).finding


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ([7.0, 6.0] * 15, [6.0, 5.0] * 15, "6.5 against 5.5: higher by 1.0, more than the usual"),
        ([6.0, 5.0] * 15, [7.0, 6.0] * 15, "5.5 against 6.5: lower by 1.0, more than the usual"),
        ([9.0, 3.0] * 15, [8.0, 2.0] * 15, "6.0 against 5.0: higher by 1.0, which is within the"),
        ([8.0, 2.0] * 15, [9.0, 3.0] * 15, "5.0 against 6.0: lower by 1.0, which is within the"),
        ([6.0] * 30, [6.0] * 30, "6.0 against 6.0: no difference."),
        ([6.0] * 10, [5.0] * 10, "6.0 against 5.0: higher by 1.0, more than"),
        ([6.0] * 9, [5.0] * 10, "Too few days yet: it takes ten days"),
        ([6.0] * 10, [5.0] * 9, "Too few days yet: it takes ten days"),
    ],
)
def test_it_says_of_a_period_what_is_so(now: list[float], before: list[float], said: str) -> None:
    assert compare(now, before).startswith(said)


def test_long_moods_are_no_difference() -> None:
    """Days that are alike count for fewer: a level that changes slowly is no news."""
    slow = [5.0] * 8 + [7.0] * 8 + [5.0] * 8 + [6.0] * 6
    assert "within the usual" in compare([score + 0.9 for score in slow], slow[::-1])
    assert "more than the usual" in compare([5.9, 6.9] * 15, [5.0, 6.0] * 15)


@pytest.mark.parametrize("likeness", [0.0, 0.4, 0.7])
def test_periods_and_weekdays_are_quiet_on_noise(likeness: float) -> None:
    periods = weekdays = 0
    for number in range(DIARIES):
        scores = moods(Random(f"quiet {number}"), 365, likeness)
        periods += "more than" in compare(scores[30:60], scores[:30])
        weekdays += "lower than" in compare_weekdays(days(scores)).finding
    assert max(periods, weekdays) <= 12


def test_it_keeps_the_days_of_a_period() -> None:
    means = {MONDAY: 4.0, MONDAY + timedelta(2): 5.5, MONDAY + timedelta(5): 9.0}
    period = make_period(means, MONDAY, MONDAY + timedelta(4))
    assert (list(period.means.values()), period.mean) == ([4.0, 5.5], 4.8)
    assert make_period({}, MONDAY, MONDAY).mean is None


def test_it_names_the_weekday_that_differs() -> None:
    scores = [5.0, 6.5, 6.0, 6.5, 6.0, 7.5, 6.5] * 5
    wobble = [score + 0.1 * (n % 3) for n, score in enumerate(scores)]
    pattern = compare_weekdays(days(wobble))
    said = "Mondays were lower than Saturdays: 5.1 on 5 days against 7.6 on 5 days."
    assert pattern.finding == said
    assert [one.days for one in pattern.weekdays] == [5] * 7
    assert pattern.weekdays[0].mean == 5.1


def test_it_counts_the_days_of_both_weekdays() -> None:
    scores = [5.0, 6.5, 6.0, 6.5, 6.0, 7.5, 6.5] * 6
    wobble = days([score + 0.1 * (n % 3) for n, score in enumerate(scores)])
    del wobble[MONDAY]
    assert " on 5 days against " in (said := compare_weekdays(wobble).finding)
    assert said.endswith(" on 6 days.")


def test_it_says_that_no_weekday_differs_or_that_it_cannot_be_known() -> None:
    noise = moods(Random("weekdays"), 70)
    assert compare_weekdays(days(noise)).finding.startswith("No weekday differs")
    assert compare_weekdays(days([5.0] * 70)).finding.startswith("No weekday differs")
    too_few = "Too few days yet: it takes two weekdays"
    assert compare_weekdays(days([1.0, 9.0] * 11)).finding.startswith(too_few)
    nothing = compare_weekdays({})
    assert nothing.finding.startswith(too_few)
    assert {(one.days, one.mean, one.low) for one in nothing.weekdays} == {(0, None, None)}


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (
            [5.5, 7.0, 7.0, 7.25, 8.0],
            "Half of your days lie between 7 and 7.3. Most often it is a 7.",
        ),
        ([4.0, 4.0, 6.0, 6.0], "Half of your days lie between 4 and 6."),
        ([6.0, 6.0, 6.0, 6.0], "At least half of your days are at 6. Most often it is a 6."),
        ([6.0, 6.0, 6.0], "Too few days yet: it takes four days with a check-in."),
        ([], "Too few days yet: it takes four days with a check-in."),
    ],
)
def test_it_says_how_often(scores: list[float], said: str) -> None:
    distribution = count_scores(days(scores))
    assert distribution.finding == said
    assert sum(distribution.counts) == len(scores)


def test_halves_count_for_the_score_above() -> None:
    counts = count_scores(days([0.0, 0.4, 0.5, 9.4, 9.5, 10.0])).counts
    assert counts == (2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_the_middle_half_holds_half_of_the_days(tenths: list[int]) -> None:
    low, high = middle_half([tenth / 10 for tenth in tenths])
    ordered = sorted(Fraction(tenth, 10) for tenth in tenths)

    def quartile(share: Fraction) -> Fraction:
        place = share * (len(ordered) - 1)
        below = ordered[int(place)]
        above = ordered[min(int(place) + 1, len(ordered) - 1)]
        return below + (above - below) * (place - int(place))

    for found, share in ((low, Fraction(1, 4)), (high, Fraction(3, 4))):
        assert found == int(quartile(share) * 10 + Fraction(1, 2)) / 10
