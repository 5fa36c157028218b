"""The tags of the sample year's check-ins: some really go with higher days, or with lower ones."""

from random import Random

from stats.moods.tags import MAX_TAGS

# How often a check-in of the mean score has a tag, and how much more often for each point above.
CHANCES = {
    "walk": (0.24, 0.09),
    "friends": (0.14, 0.07),
    "family": (0.14, 0.01),
    "reading": (0.2, 0.0),
    "slept well": (0.18, 0.07),
    "music": (0.08, 0.03),
    "running": (0.07, 0.02),
    "tired": (0.13, -0.08),
}
WORKDAY = "work"
WORKDAY_CHANCE = 0.3
# Nobody says both of one evening.
OPPOSITES = {"slept well": "tired", "tired": "slept well"}


def sample_tags(
    random: Random, above_mean: float, *, is_workday: bool, said: tuple[str, ...] = ()
) -> list[str]:
    """Return the tags of one check-in, with those that its note has `said`.

    `above_mean` is its score less the mean of the year.
    """
    tags = list(said)
    for tag, (chance, slope) in CHANCES.items():
        happens = random.random() < chance + slope * above_mean
        if happens and tag not in tags and OPPOSITES.get(tag) not in tags:
            tags.append(tag)
    if is_workday and WORKDAY not in tags and random.random() < WORKDAY_CHANCE:
        tags.append(WORKDAY)
    return tags[:MAX_TAGS]
