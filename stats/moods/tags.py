"""The tags of check-ins: which are valid, how they are stored, on which days each one was."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from stats.lib.messages import N_
from stats.lib.tags import clean_tags, fold_tag

MAX_TAGS, TAG_LENGTH = 8, 30
# What is offered to those who have none of their own.
COMMON_TAGS = (
    *(N_("walk"), N_("friends"), N_("family"), N_("work"), N_("reading"), N_("slept well")),
)


@dataclass(frozen=True, slots=True)
class TagDays:
    """The tags by the user's day. A day without tags is not in it.

    `by_day` holds folded tags (`stats.lib.tags.fold_tag`); `names` says how each is written, as it
    was written last.
    """

    by_day: Mapping[date, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def clean_mood_tags(tags: Iterable[object]) -> tuple[str, ...]:
    """Return up to eight tags as they are stored (`stats.lib.tags`); raises InvalidInput."""
    return clean_tags(tags, most=MAX_TAGS, max_length=TAG_LENGTH)


def write_tags(tags: Sequence[str]) -> str:
    """Return tags as scripts take them: JSON, "" for none."""
    return json.dumps(tags, ensure_ascii=False, separators=(",", ":")) if tags else ""


def read_tags(stored: Any) -> tuple[str, ...]:
    """Return stored tags, () for None."""
    return tuple(json.loads(stored)) if stored else ()


def tag_days(tagged: Iterable[tuple[date, Any]]) -> TagDays:
    """Return the tags by day of a user's days and their entries' stored tags, oldest first."""
    names: dict[str, str] = {}
    by_day: dict[date, set[str]] = {}
    for day, stored in tagged:
        for tag in read_tags(stored):
            folded = fold_tag(tag)
            names[folded] = tag
            by_day.setdefault(day, set()).add(folded)
    return TagDays({day: frozenset(tags) for day, tags in by_day.items()}, names)


def last_used(tags: Iterable[Sequence[str]]) -> list[str]:
    """Return the tags of entries, newest first: each once, last used first, as written last."""
    by_fold: dict[str, str] = {}
    for entry_tags in tags:
        for tag in entry_tags:
            by_fold.setdefault(fold_tag(tag), tag)
    return list(by_fold.values())
