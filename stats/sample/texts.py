"""The texts of the sample year: conversations, and notes of mood entries."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class SampleConversation:
    """One conversation; the turns are alternately the user's and Aira's."""

    title: str
    summary: str
    turns: tuple[str, ...]


@cache
def sample_conversations() -> tuple[SampleConversation, ...]:
    """Return the conversations: a title, a summary and the turns, a line each."""
    text = (files("stats.sample") / "talks.txt").read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in text.strip().split("\n\n")]
    return tuple(
        SampleConversation(title, summary, tuple(turns)) for title, summary, *turns in blocks
    )


class Note(NamedTuple):
    """A note of a check-in, and the tags that it speaks of."""

    text: str
    tags: tuple[str, ...] = ()


BRIGHT = (
    Note("Long walk by the river after work.", ("walk",)),
    Note("Slept eight hours. It shows.", ("slept well",)),
    Note("Dinner with Jo, laughed until it hurt.", ("friends",)),
    Note("Finished the report a day early.", ("work",)),
    Note("Coffee outside, in the sun."),
    Note("Ran five kilometres without stopping.", ("running",)),
    Note("Mum called, good news about the knee.", ("family",)),
    Note("Choir. Always better afterwards.", ("music", "friends")),
    Note("Sun on the stairs when I came home."),
    Note("Quiet evening, good book.", ("reading",)),
    Note("Said no to the extra shift. Feels right.", ("work",)),
    Note("Swam before breakfast."),
)
PLAIN = (
    Note("Nothing special. That is fine too."),
    Note("Busy, but it was the useful kind.", ("work",)),
    Note("Too much screen, too little air.", ("work",)),
    Note("Tired after the long week.", ("tired",)),
    Note("Train late again, podcast good."),
    Note("Bit scattered today."),
    Note("Laundry, shopping, the usual."),
    Note("Meetings until five.", ("work",)),
)
LOW = (
    Note("Woke at four and stayed awake.", ("tired",)),
    Note("Dark when I left, dark when I came home.", ("work",)),
    Note("Argued about the dishes, of all things."),
    Note("Could not get going at all.", ("tired",)),
    Note("Headache since noon."),
    Note("Missed the call I had promised to make."),
    Note("Everything felt like wading through mud.", ("tired",)),
    Note("Cancelled on friends again."),
)
