"""People's words beside ours: whichever way they run, they turn nothing around them.

A text can order what stands beside it (https://www.unicode.org/reports/tr9/). A block of its own
with `dir="auto"` keeps that inside; what stands in a sentence of ours is isolated.
"""

from markupsafe import Markup

INITIATORS = "\u2066\u2067\u2068"
FIRST_STRONG, POP = "\u2068", "\u2069"
BOUNDS = frozenset(INITIATORS + POP)


def isolate(text: str) -> Markup:
    """Return `text` in a `bdi` element, for a sentence."""
    return Markup("<bdi>{}</bdi>").format(_closed(text))


def isolate_plain(text: str) -> str:
    """Return `text` between the characters that isolate it, for where no element can stand."""
    return f"{FIRST_STRONG}{_closed(text)}{POP}"


def _closed(text: str) -> str:
    """Return `text` with all isolates closed that it opens, and no others.

    Browsers mark the ends of a `bdi` by the same characters: a stray one would end it early.
    """
    if not BOUNDS.intersection(text):
        return text
    kept, depth = [], 0
    for character in text:
        depth += (character in INITIATORS) - (character == POP)
        if depth < 0:
            depth = 0
        else:
            kept.append(character)
    return "".join(kept) + POP * depth
