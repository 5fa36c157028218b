"""Text as people read it: in one normal form, folded for a search, and whether it can be seen."""

import re
import unicodedata
from functools import cache

# Where marks and format characters stand: the planes in use, and plane 14 with its tags.
_PLANES = (range(0x20000), range(0xE0000, 0xE1000))
# Fillers, joiners and variation selectors that no category tells from what can be seen
# (Default_Ignorable_Code_Point, https://www.unicode.org/reports/tr44/); then the empty Braille cell
# and the empty notehead.
_WITHOUT_WIDTH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_EMPTY = "\u2800\U0001d159"
_BLANK_CATEGORIES = ("Cc", "Cf", "Zs", "Zl", "Zp")
_TATWEEL = "\u0640"
# What a search takes for the same and no decomposition does: typographic apostrophes, quotation
# marks and hyphens, letters with a stroke or without a dot.
_ALIKE = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bb\u02bc\u2032\u05f3", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u05f4\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2012\u2013\u2014\u2015\u2212\u05be", "-"),
    **dict(zip("\u0131\u00f8\u00d8\u0142\u0141\u0111\u0110\u0127\u0126", "ioollddhh", strict=True)),
}


def nfc(text: str) -> str:
    """Return `text` composed: whichever way a keyboard spells it, `é` is one code point (NFC).

    https://www.unicode.org/reports/tr15/
    """
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return `text` as a search compares it: `CAFÉ`, `café` and `cafe` are one.

    Decomposed by NFKD, without marks, in folded case: compatibility caseless matching (Unicode
    Standard, section 3.13, D146) at a strength that tells letters apart and nothing finer
    (https://www.unicode.org/reports/tr10/#Searching). Marks are what has a combining class, as
    accents have and the points and vowels of Hebrew and Arabic. What has no width goes with
    them. The Turkish `ı` and `İ` are `i`: who looks for one of them types either.
    """
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFKD", text).translate(_foldings()).casefold()


@cache
def _foldings() -> dict[int, str | None]:
    """Return what becomes of a decomposed character, by its code point; None for nothing."""
    # Only the first search needs it; the start should not wait for it.
    codes = (code for plane in _PLANES for code in plane)
    ignored = dict.fromkeys(filter(_is_ignored, codes))
    return {**ignored, **{ord(character): alike for character, alike in _ALIKE.items()}}


def _is_ignored(code: int) -> bool:
    character = chr(code)
    marks = unicodedata.combining(character) or unicodedata.category(character) == "Cf"
    return bool(marks or character == _TATWEEL or _WITHOUT_WIDTH.match(character))


def visible(text: str) -> str:
    """Return `text` without white space around it, or "" if nothing of it can be seen."""
    stripped = text.strip()
    return stripped if any(map(_is_visible, stripped)) else ""


def _is_visible(character: str) -> bool:
    blank = unicodedata.category(character) in _BLANK_CATEGORIES or character in _EMPTY
    return not (blank or _WITHOUT_WIDTH.match(character))
