"""Random diaries: moods and tags that have nothing to do with each other, or have."""

from random import Random

from stats.insights.tagged_days import Tag, TaggedDays

WALK = Tag("walk")


def moods(chance: Random, days: int, likeness: float = 0.0, spread: float = 1.3) -> list[float]:
    """Daily means in half points around 6.4; each day is so much like the one before."""
    means, deviation = [], chance.gauss(0, 1)
    for _ in range(days):
        means.append(min(max(round((6.4 + spread * deviation) * 2) / 2, 0.0), 10.0))
        deviation = likeness * deviation + (1 - likeness**2) ** 0.5 * chance.gauss(0, 1)
    return means


def streaks(chance: Random, days: int, share: float, length: float) -> tuple[int, ...]:
    """Places of a tag that stands on a share of the days, so many in a row on average."""
    places, goes_on = [], chance.random() < share
    for place in range(days):
        if goes_on:
            places.append(place)
            goes_on = chance.random() < 1 - 1 / length
        else:
            goes_on = chance.random() < share / (1 - share) / length
    return tuple(places)


def noise(chance: Random, days: int, tags: int, likeness: float, length: float) -> TaggedDays:
    """A diary whose tags say nothing about its moods."""
    shares = [chance.choice((0.05, 0.1, 0.2, 0.3, 0.5)) for _ in range(tags)]
    places = {
        Tag(f"tag {number}"): streaks(chance, days, share, length)
        for number, share in enumerate(shares)
    }
    return TaggedDays(tuple(moods(chance, days, likeness)), places)
