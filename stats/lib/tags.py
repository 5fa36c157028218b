"""Tags: the words by which people sort conversations and check-ins. One rule for both."""

from collections.abc import Iterable

from stats.errors import InvalidInput
from stats.lib.messages import lazy_gettext, lazy_ngettext
from stats.lib.normalisation import fold, nfc, visible
from stats.lib.text import clean


def check_tag(tag: object, max_length: int) -> str:
    """Return a tag unchanged if it can be stored, has something to be seen and is not too long.

    `max_length` counts code points. Raises InvalidInput.
    """
    text = clean(tag, "tags")
    if not visible(text):
        raise InvalidInput("A tag must hold a character that can be seen.", "tags")
    if len(text) > max_length:
        raise InvalidInput(
            lazy_gettext("A tag can have %(most)s characters at most.", most=max_length), "tags"
        )
    return text


def clean_tags(tags: Iterable[object], *, most: int, max_length: int) -> tuple[str, ...]:
    """Return tags composed (NFC), with single spaces and none around them, each one once.

    Two that a search takes for the same are one, as the first spells it. Raises InvalidInput for
    more than `most`, and for one that `check_tag` refuses.
    """
    spaced = (" ".join(nfc(clean(tag, "tags")).split()) for tag in tags)
    by_fold: dict[str, str] = {}
    for tag in spaced:
        by_fold.setdefault(fold_tag(check_tag(tag, max_length)), tag)
    if len(by_fold) > most:
        raise InvalidInput(
            lazy_ngettext("%(num)s tag at most.", "%(num)s tags at most.", num=most), "tags"
        )
    return tuple(by_fold.values())


def fold_tag(tag: str) -> str:
    """Return what tells a tag from others: `Café` and `cafe` are one.

    One of which folding leaves nothing, as of a single vowel sign, is known by itself.
    """
    return " ".join(fold(tag).split()) or tag
