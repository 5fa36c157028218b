"""The counts of an archive, merged with those of an account: none becomes lower."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from stats.activity.clock import compact, parse_day, user_day
from stats.errors import StoreUnavailable, UserNotFound
from stats.export.active_days import ActiveDays, Run, merge
from stats.export.archive_format import Archive, ArchivedStats
from stats.lib.timestamps import iso
from stats.snapshot import NO_STATS, Counts, RecentConversation, Snapshot
from stats.store.client import Db
from stats.store.keys import KNOWN_CONVERSATION_KINDS, SNAPSHOT_KINDS, user_keys
from stats.store.scripts import run
from stats.user_stats import recent_line

MAX_TRIES = 1000


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """The counts of an account, its active days, and how many conversations it knows by id."""

    days: frozenset[date]
    known: int
    snapshot: Snapshot

    @classmethod
    def read(cls, reply: Sequence[Any] | None) -> "StoredCounts":
        """Read the script's reply; raises UserNotFound where it found no stats."""
        if reply is None:
            raise UserNotFound(NO_STATS)
        days = frozenset(day for digits in reply[0] if (day := parse_day(digits)))
        return cls(days, int(reply[1]), Snapshot.read(reply[2:]))

    @property
    def active_days(self) -> ActiveDays:
        """What they say about the days on which the user was active."""
        return _active_days(self.days, self.snapshot, self.snapshot.last_day)


def merge_counts(db: Db, user_id: str, archive: Archive, archived_ids: int) -> int:
    """Merge an archive's counts, active days and recent conversations into an account's.

    `archived_ids` is how many of the conversations that the archive counts it knows by id. Returns
    how many active days are new; raises UserNotFound.
    """
    uncounted = max(archive.stats.conversations - archived_ids, 0)
    for _ in range(MAX_TRIES):
        keys = user_keys(user_id, KNOWN_CONVERSATION_KINDS)
        stored = StoredCounts.read(run(db, "export/read_counts", keys))
        active_days = _merged_days(stored, archive)
        fields_ = _merged_fields(stored, archive.stats, active_days, stored.known + uncounted)
        if _write(db, user_id, stored.snapshot.version, active_days, fields_):
            return len(active_days.days) - len(stored.days)
    raise StoreUnavailable("Something else changes this account all the time.")


def _active_days(days: frozenset[date], counts: Counts, last_day: date | None) -> ActiveDays:
    run = Run(counts.streak, last_day, counts.forgiven)
    return ActiveDays(days, counts.days_active, counts.longest_streak, run)


def _merged_days(stored: StoredCounts, archive: Archive) -> ActiveDays:
    today = user_day(stored.snapshot.clock, datetime.now(UTC))
    archived = _active_days(archive.days, archive.stats, archive.stats.last_login)
    return merge(stored.active_days, archived, today)


def _merged_fields(
    stored: StoredCounts, archived: ArchivedStats, active: ActiveDays, conversations: int
) -> dict[str, str | int]:
    """Return the fields of the stats; a count that is not known here is the greater one."""
    here, run = stored.snapshot, active.run
    return {
        **_greater(here, archived),
        "conversations": max(here.conversations, conversations),
        "days_active": active.days_active,
        "streak": run.streak,
        "longest_streak": active.longest_streak,
        **({"forgiven": run.forgiven.isoformat()} if run.forgiven else {}),
        "recent_conversations": _merged_recent(here.recent_conversations, archived),
    }


def _greater(here: Counts, archived: Counts) -> dict[str, str | int]:
    pairs = {
        each.name: (getattr(here, each.name), getattr(archived, each.name))
        for each in fields(Counts)
        if each.name != "forgiven"
    }
    known = {name: [value for value in pair if value is not None] for name, pair in pairs.items()}
    return {name: str(max(values)) for name, values in known.items() if values}


def _merged_recent(here: Sequence[RecentConversation], archived: ArchivedStats) -> str:
    """Return the newest three, newest first, as they are stored; one stands in them once."""
    theirs = (
        RecentConversation(iso(recent.timestamp), recent.summary, recent.chat_id)
        for recent in archived.recent_conversations
    )
    by_id = {recent.chat_id or (recent.timestamp, recent.summary): recent for recent in theirs}
    by_id |= {recent.chat_id or (recent.timestamp, recent.summary): recent for recent in here}
    newest = sorted(by_id.values(), key=lambda recent: recent.timestamp, reverse=True)[:3]
    lines = [recent_line(recent.timestamp, recent.summary, recent.chat_id) for recent in newest]
    return f"[{','.join(lines)}]"


def _write(
    db: Db, user_id: str, version: int, active: ActiveDays, stored: dict[str, str | int]
) -> bool:
    """Write unless something was written since `version`; return whether it was."""
    last_day = active.run.last_day.isoformat() if active.run.last_day else ""
    flat = [part for pair in stored.items() for part in pair]
    days = map(compact, sorted(active.days))
    keys = user_keys(user_id, SNAPSHOT_KINDS)
    return bool(run(db, "export/write_counts", keys, version, last_day, len(flat), *flat, *days))
