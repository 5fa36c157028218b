"""Whether scores differ on marked days by more than chance makes: a permutation test."""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from math import hypot
from random import Random
from struct import pack, unpack

# How many days stay together when days change places, so that neighbours stay neighbours: the most
# of these of which LEAST_BLOCKS fit in. Primes, so that what comes back every week or every few
# days does not meet itself again.
BLOCK_DAYS = (3, 5, 7, 11, 13, 17, 19, 23, 31)
LEAST_BLOCKS = 6
# At least so many arrangements of the days are looked at besides the true one.
ARRANGEMENTS = 900
# Scores are counted in thousandths: whole numbers add up the same in any order.
UNIT = 1000
# Room for a sum of scores, in bits: 2^32 thousandths are over a thousand years of tens.
DIGIT = 32


def adjusted_p_values(scores: Sequence[float], marks: Sequence[Sequence[int]]) -> list[float]:
    """Return how likely chance alone makes a difference as clear as that of each set of marks.

    `scores` are the scores (0 to 10) of days in order of time; each of `marks` holds the indexes
    of the days that have one mark, in order, some and not all of the days. Compared is the mean of
    the days with a mark with that of the others, in both directions.

    The rule. Moods of neighbouring days are alike and so are their marks, so days do not change
    places one by one: the year is taken as a ring, cut into blocks of up to 31 days, and the
    blocks change places (Politis and Romano 1992, "A circular block-resampling procedure for
    stationary data"); then the whole turns against the marks, by each number of days once. So
    each arrangement keeps the streaks of both. At least ARRANGEMENTS of them are looked at. Each
    mark's difference is measured in its own spread over them. A difference is as clear as
    chance makes it if in some arrangement the clearest difference of any of the marks (of
    those that are no clearer) reaches it: the step-down maxT procedure of Westfall and Young 1993,
    "Resampling-Based Multiple Testing", section 2.6, which holds for all marks together however
    many they are. The true arrangement counts as one, so no value is 0 (Phipson and Smyth 2010,
    "Permutation P-values should never be zero").

    The arrangements follow from the scores and marks alone: the same data gives the same values.
    """
    if not marks:
        return []
    counts = [round(score * UNIT) for score in scores]
    rings = list(map(as_ring, arrange(counts, marks)))
    return _step_down([_clearness(counts, rings, places) for places in marks])


def arrange(counts: Sequence[int], marks: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the days' counts with their blocks in other orders: as many orders as are needed."""
    seed = blake2b(repr((counts, marks)).encode()).digest()
    random, days = Random(seed), len(counts)  # noqa: S311 - nothing secret comes of it
    size = max((size for size in BLOCK_DAYS if size * LEAST_BLOCKS <= days), default=BLOCK_DAYS[0])
    orders = []
    for _ in range(-(-ARRANGEMENTS // days)):
        start = random.randrange(days)
        turned = [*counts[start:], *counts[:start]]
        blocks = [turned[place : place + size] for place in range(0, days, size)]
        random.shuffle(blocks)
        orders.append([count for block in blocks for count in block])
    return orders


def as_ring(values: Sequence[int]) -> int:
    """Return the number whose digits, the lowest first, are these values (0 to 2^32 - 1)."""
    return int.from_bytes(pack(f"<{len(values)}I", *values), "little")


def turned_sums(ring: int, places: Sequence[int], days: int) -> list[int]:
    """Return, for each turn of a ring of so many days, the sum of what then lies at the places.

    The digits of a product are the sums of the products of digits; those beyond the last day
    go round (https://en.wikipedia.org/wiki/Circular_convolution).
    """
    marked = [0] * days
    for place in places:
        marked[-place] = 1
    product, size = ring * as_ring(marked), DIGIT * days
    once_round = (product & ((1 << size) - 1)) + (product >> size)
    return list(unpack(f"<{days}I", once_round.to_bytes(size // 8, "little")))


def _clearness(counts: Sequence[int], rings: Sequence[int], places: Sequence[int]) -> list[float]:
    """Return how far the marked days' sum lies from its expectation, measured in its spread.

    First as the days truly were, then for every turn of every order.
    """
    sums = [sum(counts[place] for place in places)]
    for ring in rings:
        sums += turned_sums(ring, places, len(counts))
    expected = sum(counts) * len(places) / len(counts)
    distances = [abs(total - expected) for total in sums]
    spread = hypot(*distances)
    return [distance / spread for distance in distances] if spread else distances


def _step_down(clearness: Sequence[Sequence[float]]) -> list[float]:
    """Return the adjusted p-value of each row, whose first value is the true one."""
    p_values, highest = [1.0] * len(clearness), [0.0] * len(clearness[0])
    rising = sorted(range(len(clearness)), key=lambda row: clearness[row][0])
    for row in rising:
        highest = list(map(max, highest, clearness[row]))
        p_values[row] = sum(map(clearness[row][0].__le__, highest)) / len(highest)
    for row, clearer in reversed(list(pairwise(rising))):
        p_values[row] = max(p_values[row], p_values[clearer])
    return p_values
