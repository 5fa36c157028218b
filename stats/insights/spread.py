"""How scores are spread: their middle half, and how often each one was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import quantiles

from stats.lib.messages import N_, LazyMessage, lazy_gettext
from stats.moods.scores import round_half_up, round_score

MIN_DAYS = 4
TOO_FEW = N_("Too few days yet: it takes four days with a check-in.")
ALL_ALIKE = N_("At least half of your days are at %(low)s.")
MIDDLE_HALF = N_("Half of your days lie between %(low)s and %(high)s.")
MOST_OFTEN = N_("%(half)s Most often it is a %(score)s.")


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many days had each score from 0 to 10 (their means, halves up), and what that says."""

    counts: tuple[int, ...]
    finding: LazyMessage


def count_scores(means: Mapping[date, float]) -> Distribution:
    """Return how often each score was among daily means."""
    counted = Counter(map(round_score, means.values()))
    counts = tuple(counted[score] for score in range(11))
    return Distribution(counts, _finding(list(means.values()), counts))


def _finding(means: Sequence[float], counts: Sequence[int]) -> LazyMessage:
    if len(means) < MIN_DAYS:
        return lazy_gettext(TOO_FEW)
    low, high = (f"{bound:g}" for bound in middle_half(means))
    half = lazy_gettext(ALL_ALIKE if low == high else MIDDLE_HALF, low=low, high=high)
    most = max(counts)
    if counts.count(most) > 1:
        return half
    return lazy_gettext(MOST_OFTEN, half=half, score=str(counts.index(most)))


def middle_half(scores: Sequence[float]) -> tuple[float, float]:
    """Return the lower and the upper quartile of at least one score, to one decimal.

    The 7th definition of Hyndman and Fan 1996, "Sample Quantiles in Statistical Packages".
    """
    if len(scores) == 1:
        return round_half_up(scores[0]), round_half_up(scores[0])
    low, _, high = quantiles(scores, n=4, method="inclusive")
    return round_half_up(low), round_half_up(high)
