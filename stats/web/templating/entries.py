"""Presenters of check-ins: one, those of a day, and those that stand beside the check-in form."""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from stats.activity.calendar import Calendar
from stats.lib.tags import fold_tag
from stats.lib.timestamps import DAY
from stats.moods.entries import LatestEntries, MoodEntry
from stats.moods.scores import mean_score, score_word
from stats.moods.tags import COMMON_TAGS
from stats.snapshot import Snapshot
from stats.web.templating.formatting import local_clock_text
from stats.web.templating.translation import _

# How many tags are offered as chips; the others are in the list of the field beside them.
OFFERED = 6
# How many check-ins of a day stand beside the form; its page has all of them.
LISTED = 5


@dataclass(frozen=True, slots=True)
class EntryView:
    """One check-in as it is shown."""

    id: int
    score: float
    note: str
    tags: Sequence[str]
    at: datetime
    time: str

    @property
    def word(self) -> str:
        """The score as a word."""
        return _(score_word(self.score))


@dataclass(frozen=True, slots=True)
class DayView:
    """The check-ins of one day, newest first; `mean` is None without any."""

    date: date
    entries: Sequence[EntryView] = ()
    mean: float | None = None

    def listed(self, also: Container[int | None]) -> list[EntryView]:
        """Return the newest LISTED check-ins, and those with the ids `also`."""
        newest, older = self.entries[:LISTED], self.entries[LISTED:]
        return [*newest, *(entry for entry in older if entry.id in also)]


@dataclass(frozen=True, slots=True)
class CheckIns:
    """What stands beside the check-in form.

    `today` is the day that the page calls so. `undo` is the entry that can be taken back, `drawn`
    the version of the moods, `tags` the user's own, last used first, `has_any` whether there ever
    was an entry.
    """

    today: DayView
    yesterday: DayView
    undo: int | None
    drawn: str
    tags: Sequence[str]
    has_any: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of an entry: refused, with what was typed; or deleted, with what puts it back."""

    errors: Mapping[int, str] = field(default_factory=dict)
    submitted: MoodEntry | None = None
    deleted: Mapping[str, Any] | None = None


def entry_view(calendar: Calendar, entry: MoodEntry) -> EntryView:
    """Return one entry as it is shown, with its time in the zone of then."""
    return EntryView(*entry, entry.at, local_clock_text(calendar, entry.at))


def day_view(
    calendar: Calendar, day: date, entries: Iterable[MoodEntry], submitted: MoodEntry | None = None
) -> DayView:
    """Return the entries of one day among others; `submitted` stands in the place of its own."""
    own = [entry for entry in entries if calendar.day_of(entry.id) == day]
    mean = mean_score(entry.score for entry in own) if own else None
    shown = [submitted if submitted and entry.id == submitted.id else entry for entry in own]
    return DayView(day, [entry_view(calendar, entry) for entry in shown], mean)


def check_ins(
    snapshot: Snapshot, latest: LatestEntries, today: date, submitted: MoodEntry | None = None
) -> CheckIns:
    """Return what stands beside the form of a page that calls this day today."""
    calendar, entries = snapshot.calendar, latest.entries
    return CheckIns(
        today=day_view(calendar, today, entries, submitted),
        yesterday=day_view(calendar, today - DAY, entries, submitted),
        undo=snapshot.undo,
        drawn=snapshot.drawn,
        tags=latest.tags,
        has_any=snapshot.mood_at is not None,
    )


def offered_tags(own: Sequence[str], chosen: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Return the tags to choose from, and the further ones that the field suggests.

    `chosen` come along in any case: those that the form itself does not offer stand first.
    """
    known = _distinct([*own, *map(_, COMMON_TAGS)])
    first, further = known[:OFFERED], known[OFFERED:]
    offered = set(map(fold_tag, first))
    more = [tag for tag in _distinct(chosen) if fold_tag(tag) not in offered]
    taken = set(map(fold_tag, more))
    return [*more, *first], [tag for tag in further if fold_tag(tag) not in taken]


def _distinct(tags: Iterable[str]) -> list[str]:
    by_fold: dict[str, str] = {}
    for tag in tags:
        by_fold.setdefault(fold_tag(tag), tag)
    return list(by_fold.values())


def tag_key(tag: str) -> str:
    """Return 8 hex digits for the ids of a tag's elements, however the tag is written."""
    return hashlib.blake2s(fold_tag(tag).encode(), digest_size=4).hexdigest()


def is_chosen(tag: str, chosen: Iterable[str]) -> bool:
    """Return whether a tag is among those chosen, however they are written."""
    return fold_tag(tag) in map(fold_tag, chosen)
