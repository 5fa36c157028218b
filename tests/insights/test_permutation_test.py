"""The permutation test: as a plain, slow calculation has it, and silent on noise."""

from itertools import pairwise
from math import sqrt
from random import Random

import pytest

from stats.insights import permutation_test
from stats.insights.permutation_test import (
    ARRANGEMENTS,
    adjusted_p_values,
    arrange,
    as_ring,
    turned_sums,
)
from stats.insights.tag_effects import find_tag_effects
from tests.insights.diaries import moods, noise, streaks

DIARIES, MOST_NAMED = 100, 5


def plain_p_values(scores: list[float], marks: list[tuple[int, ...]]) -> list[float]:
    """The adjusted p-values by loops: means, one arrangement and one turn at a time."""
    counts = [round(score * 1000) for score in scores]
    days = len(counts)
    arranged = [counts]
    for order in arrange(counts, marks):
        arranged += [order[turn:] + order[:turn] for turn in range(days)]
    clear: list[list[float]] = []
    for places in marks:
        differences = []
        for order in arranged:
            with_it = [order[place] for place in places]
            without = [order[place] for place in range(days) if place not in places]
            differences.append(sum(with_it) / len(with_it) - sum(without) / len(without))
        spread = sqrt(sum(value * value for value in differences))
        clear.append([abs(value) / spread if spread else 0.0 for value in differences])
    p_values, least = [1.0] * len(marks), 0.0
    left = set(range(len(marks)))
    while left:
        clearest = max(left, key=lambda row: clear[row][0])
        own = clear[clearest][0]
        reached = [
            max(clear[row][turn] for row in left) >= own - 1e-12 for turn in range(len(arranged))
        ]
        least = max(least, sum(reached) / len(reached))
        p_values[clearest] = least
        left.remove(clearest)
    return p_values


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_a_plain_calculation_has(seed: int) -> None:
    chance = Random(f"life {seed}")
    days = chance.choice((20, 27, 41, 60))
    scores = moods(chance, days, chance.choice((0.0, 0.6)))
    drawn = [streaks(chance, days, chance.choice((0.2, 0.4)), 2) for _ in range(4)]
    marks = [places for places in drawn if 0 < len(places) < days]
    assert adjusted_p_values(scores, marks) == pytest.approx(plain_p_values(scores, marks))


@pytest.mark.parametrize(("days", "block"), [(20, 3), (59, 7), (138, 23), (185, 23), (365, 31)])
def test_an_arrangement_keeps_all_days_and_nearly_all_neighbours(days: int, block: int) -> None:
    counts = list(range(1000, 1000 + days))
    orders = arrange(counts, [(1, 2)])
    assert len(orders) * days >= ARRANGEMENTS
    for order in orders:
        assert sorted(order) == counts
        apart = sum((after - before) % days != 1 for before, after in pairwise(order))
        assert apart <= days / block
    assert arrange(counts, [(1, 2)]) == orders
    assert arrange(counts, [(1, 3)]) != orders


def test_the_sums_of_all_turns_are_those_of_a_loop() -> None:
    chance = Random("turns")
    for days in (1, 2, 7, 31, 366):
        counts = [chance.randrange(10_001) for _ in range(days)]
        places = sorted(chance.sample(range(days), chance.randint(1, days)))
        loop = [sum(counts[(place + turn) % days] for place in places) for turn in range(days)]
        assert turned_sums(as_ring(counts), places, days) == loop


def test_without_any_difference_nothing_is_unlikely() -> None:
    assert adjusted_p_values([5.0] * 40, [range(10), range(5, 30)]) == [1.0, 1.0]
    assert adjusted_p_values([], []) == []


def test_a_difference_stays_clear_among_many_marks() -> None:
    """One tag that truly goes with days a point higher, among 29 that go with nothing."""
    for seed in range(10):
        chance = Random(f"one of thirty {seed}")
        scores = moods(chance, 325, 0.4)
        marks = [streaks(chance, 325, 0.23, 1.5) for _ in range(30)]
        for place in marks[7]:
            scores[place] = min(scores[place] + 1, 10.0)
        p_values = adjusted_p_values(scores, marks)
        assert p_values[7] <= 0.01
        assert min(p_values) > 0


def test_what_comes_back_every_week_is_found() -> None:
    """Blocks and turns of whole weeks would take it for chance."""
    for seed in range(10):
        scores = moods(Random(f"weekly {seed}"), 330, 0.4)
        saturdays = range(5, 330, 7)
        for place in saturdays:
            scores[place] = min(scores[place] + 1.5, 10.0)
        assert adjusted_p_values(scores, [saturdays]) <= [0.01]


def named_by_noise(days: int, likeness: float, length: float) -> int:
    """How many of 100 diaries in which nothing goes with anything say something of a tag."""
    diaries = [
        noise(Random(f"noise {number} {days} {likeness}"), days, 12, likeness, length)
        for number in range(DIARIES)
    ]
    found = map(find_tag_effects, diaries)
    return sum(bool(effects.higher or effects.lower) for effects in found)


@pytest.mark.parametrize("days", [40, 120, 330])
@pytest.mark.parametrize(
    ("likeness", "length"),
    [(0.0, 1.25), (0.4, 2.0), (0.7, 4.0)],
    ids=["each day for itself", "a little alike", "long moods and streaks"],
)
def test_it_is_silent_on_noise(days: int, likeness: float, length: float) -> None:
    assert named_by_noise(days, likeness, length) <= MOST_NAMED


def test_days_changing_places_one_by_one_would_not_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the blocks are for."""
    monkeypatch.setattr(permutation_test, "BLOCK_DAYS", (1,))
    assert named_by_noise(330, 0.7, 4.0) > MOST_NAMED
