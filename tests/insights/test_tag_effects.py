"""What goes with good days: who is named, in which order, with which numbers."""

from datetime import date, timedelta
from math import sqrt
from random import Random
from statistics import mean, stdev

import pytest

from stats.insights.daily_sentence import effect_of_the_day
from stats.insights.student_t import t_quantile
from stats.insights.tag_effects import MOST_TAGS, TagEffects, find_tag_effects
from stats.insights.tagged_days import Tag, TaggedDays, tagged_year
from tests.insights.diaries import WALK, moods, streaks

TODAY = date(2026, 12, 1)
FRIENDS, TIRED, WORK = Tag("friends"), Tag("tired"), Tag("work", in_conversations=True)


def planted(seed: str, days: int = 325) -> TaggedDays:
    """A diary in which friends and walk go with higher days, and tired and work with lower ones."""
    chance = Random(seed)
    scores = moods(chance, days, 0.3, spread=0.8)
    places = {}
    for tag, by in ((FRIENDS, 1.5), (WALK, 1.0), (TIRED, -1.5), (WORK, -1.0), (Tag("rain"), 0.0)):
        places[tag] = streaks(chance, days, 0.25, 1.4)
        for place in places[tag]:
            scores[place] = min(max(scores[place] + by, 0.0), 10.0)
    return TaggedDays(tuple(scores), places)


@pytest.mark.parametrize("seed", range(6))
def test_it_names_what_goes_with_higher_and_with_lower_days(seed: int) -> None:
    days = planted(f"planted {seed}")
    effects = find_tag_effects(days)
    assert {one.tag for one in effects.higher} == {FRIENDS, WALK}
    assert {one.tag for one in effects.lower} == {TIRED, WORK}
    for named in (effects.higher, effects.lower):
        assert abs(named[0].difference) >= abs(named[1].difference)
    assert effects.unclear == (Tag("rain"),)
    assert find_tag_effects(days) == effects
    for one in (*effects.higher, *effects.lower):
        with_it = [score for place, score in enumerate(days.means) if place in days.places[one.tag]]
        without = [
            score for place, score in enumerate(days.means) if place not in days.places[one.tag]
        ]
        assert one.mean_with == pytest.approx(mean(with_it), abs=0.0501)
        assert one.mean_without == pytest.approx(mean(without), abs=0.0501)
        assert (one.days_with, one.days_without) == (len(with_it), len(without))
        assert one.difference == pytest.approx(one.mean_with - one.mean_without)
        # 1.96 to 2.26 standard errors are 95 % for ten days and more.
        error = stdev(with_it) / sqrt(len(with_it))
        assert 1.96 * error <= mean(with_it) - one.low <= 2.27 * error
        assert one.high - mean(with_it) == pytest.approx(mean(with_it) - one.low)


def test_a_tag_needs_ten_days_on_each_side() -> None:
    scores = tuple(9.0 if place < 40 else 3.0 for place in range(80))
    nine, ten = Tag("nine"), Tag("ten")
    most, nearly = Tag("seventy"), Tag("seventy-one")
    places = {
        nine: tuple(range(9)),
        ten: tuple(range(0, 40, 4)),
        most: tuple(range(70)),
        nearly: tuple(range(71)),
    }
    effects = find_tag_effects(TaggedDays(scores, places))
    assert set(effects.too_few) == {nine, nearly}
    named = {one.tag for one in (*effects.higher, *effects.lower)}
    assert named | set(effects.unclear) == {ten, most}


def test_nothing_is_said_of_nothing() -> None:
    assert find_tag_effects(TaggedDays((), {})) == TagEffects()
    assert find_tag_effects(TaggedDays((5.0,) * 50, {WALK: tuple(range(20))})).unclear == (WALK,)


def test_the_most_frequent_tags_are_looked_at() -> None:
    places = {Tag(f"tag {number}"): tuple(range(number + 1)) for number in range(MOST_TAGS + 5)}
    effects = find_tag_effects(TaggedDays((5.0,) * 90, places))
    assert len(effects.unclear) + len(effects.too_few) == MOST_TAGS
    assert effects.unclear[0] == Tag(f"tag {MOST_TAGS + 4}")


def test_it_counts_the_year_and_not_today() -> None:
    means = {TODAY - timedelta(back): float(back % 10) for back in range(400)}
    tags = {day: {WALK} for day in means} | {TODAY: {WALK, FRIENDS}}
    year = tagged_year(means, tags, TODAY, TODAY)
    assert len(year.means) == 364
    assert year.means == tuple(float(back % 10) for back in range(364, 0, -1))
    assert year.places == {WALK: tuple(range(364))}
    earlier = tagged_year(means, tags, TODAY - timedelta(10), TODAY)
    assert len(earlier.means) == 365
    sparse = tagged_year({TODAY - timedelta(3): 4.0, TODAY - timedelta(1): 5.0}, tags, TODAY, TODAY)
    assert sparse == TaggedDays((4.0, 5.0), {WALK: (0, 1)})


def test_the_sentence_is_one_a_day_and_of_the_brighter_kind() -> None:
    effects = find_tag_effects(planted("planted 0"))
    said = [effect_of_the_day(effects, TODAY + timedelta(n)) for n in range(4)]
    assert said[0] == said[2] != said[1] == said[3]
    assert {one.tag for one in said if one} == {FRIENDS, WALK}
    assert effect_of_the_day(TagEffects(lower=effects.lower), TODAY) is None


@pytest.mark.parametrize(
    ("probability", "degrees", "quantile"),
    [  # https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
        *((0.975, 5, 2.571), (0.975, 9, 2.262), (0.975, 29, 2.045), (0.975, 100, 1.984)),
        *((0.95, 10, 1.812), (0.999, 10, 4.144), (0.999, 60, 3.232), (0.5, 7, 0.0)),
    ],
)
def test_students_t_is_that_of_the_tables(
    probability: float, degrees: int, quantile: float
) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(quantile, abs=0.012)
    assert t_quantile(1 - probability, degrees) == pytest.approx(-quantile, abs=0.012)
