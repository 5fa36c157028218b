"""Statistics of a list of check-ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from stats.moods.entries import MoodEntry
from stats.moods.scores import mean_score, round_half_up

STABLE_WITHIN = 0.5


@dataclass(frozen=True, slots=True)
class MoodSummary:
    """Statistics of a list of entries; None where there are too few."""

    average: float | None
    highest: float | None
    lowest: float | None
    trend: str | None
    total: int


def summarise(entries: Sequence[MoodEntry]) -> MoodSummary:
    """Return the statistics of entries (newest first).

    The trend compares the mean of the newer half with the older half's: it is stable within half
    a point, and None for fewer than two entries.
    """
    scores = [entry.score for entry in entries]
    if not scores:
        return MoodSummary(None, None, None, None, 0)
    average = mean_score(scores, places=2)
    return MoodSummary(average, max(scores), min(scores), _trend(scores), len(scores))


def _trend(scores: Sequence[float]) -> str | None:
    half = len(scores) // 2
    if half == 0:
        return None
    change = round_half_up(fmean(scores[:half]) - fmean(scores[-half:]), places=6)
    if abs(change) <= STABLE_WITHIN:
        return "stable"
    return "improving" if change > 0 else "declining"
