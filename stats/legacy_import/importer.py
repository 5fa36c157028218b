"""Importing the users of the deployment that this one replaces, each in one step.

What a user has here already is kept, and the old data are merged with it. A field of the stats says
that a user was imported: importing them again changes nothing. A digest of the id stays when they
are deleted, so that a deleted user is not imported again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

import redis
from redis.exceptions import NoScriptError

from stats.legacy_import.records import ImportFinding, LegacyUser, convert
from stats.legacy_import.source import read_records, run_commands
from stats.lib.text import as_text
from stats.lib.timestamps import now_ms
from stats.plans.plan import Plan
from stats.store.client import Db
from stats.store.keys import LEGACY_IMPORT_KINDS, import_marker, user_keys
from stats.store.scripts import run

BATCH_SIZE = 100

Job = tuple[list[str], list[str | int]]


class Outcome(StrEnum):
    """The outcome of one user's import."""

    NEW = "new"
    MERGED = "merged"
    SKIPPED = "skipped"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """One user's import: its outcome, whether an earlier run did it, and the plan granted.

    `user_id` is None for a user who was skipped: their old id may be none that is possible here.
    """

    outcome: Outcome
    before: bool = False
    plan: Plan | None = None
    findings: Sequence[ImportFinding] = ()
    user_id: str | None = None


@dataclass(slots=True)
class ImportReport:
    """The figures of a run, the same in each run on the same old data, but for `before`."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    before: int = 0
    findings: list[ImportFinding] = field(default_factory=list)

    def add(self, moved: ImportedUser) -> None:
        """Count one user."""
        self.outcomes[moved.outcome] += 1
        self.before += moved.before
        self.findings += moved.findings
        if moved.plan is not None:
            self.plans[str(moved.plan)] += 1

    def count(self, *, lost: bool) -> Counter[str]:
        """Return how many values of each kind were lost, or were kept under an assumption."""
        return Counter(finding.kind for finding in self.findings if finding.lost is lost)


def import_users(
    db: Db, source: Db, user_ids: Iterable[bytes], *, dry_run: bool = False, plans: bool = True
) -> Iterator[ImportedUser]:
    """Import users from the old layout in `source` into `db`; yield the result of each.

    With `dry_run` nothing is written. Without `plans` nobody is granted the plan they had. Stopped
    at any point, it can be run again. Raises what the stores raise.
    """
    remaining = iter(user_ids)
    while batch := list(islice(remaining, BATCH_SIZE)):
        yield from _move_batch(db, source, batch, dry_run=dry_run, plans=plans)


def _move_batch(
    db: Db, source: Db, user_ids: Sequence[bytes], *, dry_run: bool, plans: bool
) -> Iterator[ImportedUser]:
    now, moving = now_ms(), []
    for user_id, (record, key_findings) in read_records(source, user_ids):
        legacy_user, value_findings = convert(user_id, record, now, plans=plans)
        if legacy_user is None:
            yield ImportedUser(Outcome.SKIPPED, findings=[*key_findings, *value_findings])
        else:
            moving.append((user_id.decode(), legacy_user, [*key_findings, *value_findings]))
    places = [import_marker(user_id) for user_id, _, _ in moving]
    earlier = _sure(run_commands(db, (("SISMEMBER", *place) for place in places)))
    jobs = [
        _job(user_id, legacy_user, now, int(dry_run), earlier_run)
        for (user_id, legacy_user, _), earlier_run in zip(moving, earlier, strict=True)
    ]
    replies = list(_write(db, jobs))
    if not dry_run:
        _sure(run_commands(db, (("SADD", *place) for place in places)))
    for (before, result), (imported_id, _, findings) in zip(replies, moving, strict=True):
        outcome, _, plan = as_text(result).partition(" ")
        reported = () if outcome == Outcome.GONE else findings
        granted = Plan(plan) if plan else None
        yield ImportedUser(Outcome(outcome), bool(before), granted, reported, imported_id)


def _sure(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _job(user_id: str, legacy_user: LegacyUser, now: int, dry_run: int, earlier: int) -> Job:
    granted = "" if legacy_user.plan in (None, Plan.FREE) else str(legacy_user.plan)
    last = legacy_user.days[-1].isoformat() if legacy_user.days else ""
    lists: tuple[Sequence[str | int], ...] = (
        [day.strftime("%Y%m%d") for day in legacy_user.days],
        legacy_user.recent[::-1],
        [part for mood in legacy_user.moods for part in mood],
    )
    figures = (legacy_user.conversations, legacy_user.days_active, last, granted, now // 1000)
    list_arguments = [part for items in lists for part in (len(items), *items)]
    return user_keys(user_id, LEGACY_IMPORT_KINDS), [dry_run, earlier, *figures, *list_arguments]


def _write(db: Db, jobs: Iterable[Job]) -> Iterator[Any]:
    """Run the script for each user, the users of a batch in one round trip if one server can."""
    if not isinstance(db, redis.Redis):
        for keys, arguments in jobs:
            yield run(db, "legacy_import/import_user", keys, *arguments)
        return
    listed, pipe = list(jobs), db.pipeline(transaction=False)
    for keys, arguments in listed:
        run(pipe, "legacy_import/import_user", keys, *arguments)
    for reply, (keys, arguments) in zip(pipe.execute(raise_on_error=False), listed, strict=True):
        if isinstance(reply, NoScriptError):
            yield run(db, "legacy_import/import_user", keys, *arguments)
        elif isinstance(reply, Exception):
            raise reply
        else:
            yield reply
