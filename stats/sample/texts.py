"""The texts of the sample year: conversations, and notes of mood entries."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


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


BRIGHT = (
    "Long walk by the river after work.",
    "Slept eight hours. It shows.",
    "Dinner with Jo, laughed until it hurt.",
    "Finished the report a day early.",
    "First coffee outside this year.",
    "Ran five kilometres without stopping.",
    "Mum called, good news about the knee.",
    "Choir. Always better afterwards.",
    "The tomatoes are coming up.",
    "Quiet evening, good book.",
    "Said no to the extra shift. Feels right.",
    "Swam before breakfast.",
)
PLAIN = (
    "Nothing special. That is fine too.",
    "Busy, but it was the useful kind.",
    "Too much screen, too little air.",
    "Tired after the long week.",
    "Train late again, podcast good.",
    "Bit scattered today.",
    "Laundry, shopping, the usual.",
    "Meetings until five.",
)
LOW = (
    "Woke at four and stayed awake.",
    "Dark when I left, dark when I came home.",
    "Argued about the dishes, of all things.",
    "Could not get going at all.",
    "Headache since noon.",
    "Missed the call I had promised to make.",
    "Everything felt like wading through mud.",
    "Cancelled on friends again.",
)
