"""The sample's year as the landing page draws it: the same for every visitor on a day."""

from datetime import date
from functools import lru_cache
from random import Random

from stats.activity.clock import Clock, day_begins, user_day
from stats.lib.timestamps import DAY
from stats.moods.history import Year, make_year
from stats.sample import account

SEED = 2


@lru_cache(maxsize=2)  # a worker makes one a day; around midnight two are asked for
def sample_year(today: date) -> Year:
    """Return the moods of a sample account's year up to `today`; no account is made."""
    clock = Clock()
    # The generator leaves the last day without a mood: so its last day is tomorrow.
    tomorrow = day_begins(clock, today + DAY)
    scores: dict[date, list[float]] = {}
    for mood in account.make_year(Random(SEED), clock, tomorrow).moods:  # noqa: S311 - no secret
        scores.setdefault(user_day(clock, mood.timestamp), []).append(mood.score)
    return make_year(scores, today)
