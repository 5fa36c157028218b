"""The mood of a day as text, which says when it is the mean of several check-ins."""

from collections.abc import Mapping, Sequence
from datetime import date

from stats.web.templating.dates import short_day_month
from stats.web.templating.translation import _


def mean_text(mean: float, count: int) -> str:
    """Return the mean of a day with `count` check-ins: `7`, or `7.2, mean of 3`."""
    score = f"{mean:g}"
    return score if count < 2 else _("%(score)s, mean of %(num)s", score=score, num=count)


def cell_label(day: date, mean: float | None, scores: Mapping[date, Sequence[float]]) -> str:
    """Return the text of one cell of the year: `12 Mar, 6.5`, or that nothing was logged."""
    if mean is None:
        return _("%(day)s, not logged", day=short_day_month(day))
    score = mean_text(mean, len(scores[day]))
    return _("%(day)s, %(score)s", day=short_day_month(day), score=score)
