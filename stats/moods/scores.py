"""Scores from 0 to 10: which are valid, how they and their means are rounded, their words."""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from statistics import fmean

from stats.errors import InvalidInput
from stats.lib.messages import N_

SCORE_WORDS = (
    *(N_("Very low"), N_("Very low"), N_("Low"), N_("Low"), N_("A little low"), N_("In between")),
    *(N_("All right"), N_("Good"), N_("Good"), N_("Very good"), N_("Very good")),
)
# Decimals beyond these are what binary fractions leave: 0.1 + 0.2 is 0.30000000000000004.
EXACT = 9


def round_half_up(value: float, places: int = 1) -> float:
    """Return a number rounded to so many decimals, halves away from zero, as people round.

    The one rule for every score and mean that is kept or shown
    (https://docs.python.org/3/library/decimal.html#rounding-modes).
    """
    step = Decimal(1).scaleb(-places)
    return float(Decimal(str(round(value, EXACT))).quantize(step, ROUND_HALF_UP))


def mean_score(scores: Iterable[float], places: int = 1) -> float:
    """Return the mean of at least one score, rounded to so many decimals."""
    return round_half_up(fmean(scores), places)


def check_score(score: object) -> float:
    """Return a score from 0 to 10 rounded to one decimal, -0.0 as 0.0.

    Raises InvalidInput for booleans, text, NaN, infinities and numbers out of range.
    """
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise InvalidInput("score must be a number from 0 to 10.", "score")
    if not 0 <= score <= 10 or not math.isfinite(score):
        raise InvalidInput("score must be a number from 0 to 10.", "score")
    return abs(round_half_up(score))


def to_tenths(score: object) -> int:
    """Return a valid score in tenths, as it is stored; raises InvalidInput."""
    return round(check_score(score) * 10)


def round_score(score: float) -> int:
    """Return a score from 0 to 10 without its tenths, halves rounded up."""
    return int(score + 0.5)


def score_word(score: float) -> str:
    """Return the word for a score from 0 to 10, halves rounded up."""
    return SCORE_WORDS[round_score(score)]
