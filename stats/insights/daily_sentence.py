"""The one true sentence of a day."""

from datetime import date
from statistics import fmean

from stats.dashboard import Dashboard
from stats.insights.stored_tags import read_tags
from stats.insights.tag_effects import TagEffect, TagEffects, find_tag_effects
from stats.insights.tagged_days import tagged_year
from stats.lib.timestamps import DAY
from stats.moods.history import YEAR_DAYS
from stats.store.client import Db


def read_effect_of_the_day(db: Db, dashboard: Dashboard) -> TagEffect | None:
    """Return the tag that a dashboard with a year of moods names today, None if it names none."""
    today = dashboard.today
    tags = read_tags(db, dashboard.user_id, dashboard.calendar, today - YEAR_DAYS * DAY)
    means = {day: fmean(scores) for day, scores in dashboard.mood_days.items()}
    return effect_of_the_day(find_tag_effects(tagged_year(means, tags.by_day, today, today)), today)


def effect_of_the_day(effects: TagEffects, today: date) -> TagEffect | None:
    """Return one of the tags that go with higher days, another each day; None if none does."""
    if not effects.higher:
        return None
    return effects.higher[today.toordinal() % len(effects.higher)]
