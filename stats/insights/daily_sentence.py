"""The one true sentence of a day."""

from datetime import date

from stats.insights.tag_effects import TagEffect, TagEffects


def effect_of_the_day(effects: TagEffects, today: date) -> TagEffect | None:
    """Return one of the tags that go with higher days, another each day; None if none does."""
    if not effects.higher:
        return None
    return effects.higher[today.toordinal() % len(effects.higher)]
