"""What goes with good days: for each tag the days with it beside the days without."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from stats.insights.permutation_test import adjusted_p_values
from stats.insights.student_t import t_quantile
from stats.insights.tagged_days import Tag, TaggedDays
from stats.moods.scores import round_half_up

# With fewer days on either side nothing is said of a tag.
MIN_DAYS = 10
# A tag is named if chance alone makes such a difference at most once in a hundred diaries.
LEVEL = 0.01
CONFIDENCE = 0.95
# So many tags are looked at, the most frequent ones.
MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class TagEffect:
    """A tag's mean on days with it and on the others (0 to 10, one decimal).

    `low` and `high` are where the mean with it probably lies: its 95 % confidence interval.
    """

    tag: Tag
    mean_with: float
    days_with: int
    mean_without: float
    days_without: int
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How much higher the days with it are, negative for lower."""
        return round_half_up(self.mean_with - self.mean_without)


@dataclass(frozen=True, slots=True)
class TagEffects:
    """All tags: those that go with higher and with lower days, the largest difference first.

    `unclear` are those whose difference chance can make; `too_few` have not MIN_DAYS days with
    and without. In both the most frequent stand first.
    """

    higher: tuple[TagEffect, ...] = ()
    lower: tuple[TagEffect, ...] = ()
    unclear: tuple[Tag, ...] = ()
    too_few: tuple[Tag, ...] = ()


def find_tag_effects(days: TaggedDays) -> TagEffects:
    """Return what the days say of their tags; `adjusted_p_values` has the rule."""
    by_frequency = sorted(days.places, key=lambda tag: (-len(days.places[tag]), tag))[:MOST_TAGS]
    tested = [tag for tag in by_frequency if _has_enough(days, tag)]
    p_values = adjusted_p_values(days.means, [days.places[tag] for tag in tested])
    effects = {
        tag: _effect(days, tag)
        for tag, p_value in zip(tested, p_values, strict=True)
        if p_value <= LEVEL
    }
    clear = sorted(effects.values(), key=lambda effect: -abs(effect.difference))
    higher = tuple(effect for effect in clear if effect.difference > 0)
    lower = tuple(effect for effect in clear if effect.difference < 0)
    named = {effect.tag for effect in (*higher, *lower)}
    return TagEffects(
        higher,
        lower,
        tuple(tag for tag in tested if tag not in named),
        tuple(tag for tag in by_frequency if tag not in tested),
    )


def _has_enough(days: TaggedDays, tag: Tag) -> bool:
    with_it = len(days.places[tag])
    return MIN_DAYS <= with_it <= len(days.means) - MIN_DAYS


def _effect(days: TaggedDays, tag: Tag) -> TagEffect:
    marked = frozenset(days.places[tag])
    with_it = [mean for place, mean in enumerate(days.means) if place in marked]
    without = [mean for place, mean in enumerate(days.means) if place not in marked]
    mean = fmean(with_it)
    margin = _margin(with_it)
    return TagEffect(
        tag=tag,
        mean_with=round_half_up(mean),
        days_with=len(with_it),
        mean_without=round_half_up(fmean(without)),
        days_without=len(without),
        low=max(mean - margin, 0.0),
        high=min(mean + margin, 10.0),
    )


def _margin(scores: Sequence[float]) -> float:
    """Return half the width of the confidence interval of a mean, by Student's t.

    https://en.wikipedia.org/wiki/Confidence_interval
    """
    quantile = t_quantile((1 + CONFIDENCE) / 2, len(scores) - 1)
    return quantile * stdev(scores) / sqrt(len(scores))
