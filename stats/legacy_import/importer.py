"""Importing the users of the deployment that this one replaces, each in one step.

What a user has here already is kept, and the old data are merged with it. A field of the stats says
that a user was imported: importing them again changes nothing. A digest of the id stays when they
are deleted, so that a deleted user is not imported again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

import redis
from redis.exceptions import NoScriptError

from stats.errors import InvalidInput
from stats.legacy_import.records import (
    PARTS,
    ImportFinding,
    LegacyRecord,
    LegacyUser,
    convert,
    legacy_key,
    printable,
    user_id_of,
)
from stats.lib.text import as_text, check_id
from stats.lib.timestamps import now_ms
from stats.plans.plan import Plan
from stats.store.client import Db
from stats.store.keys import LEGACY_IMPORT_KINDS, import_marker, user_keys
from stats.store.scripts import run

SCAN_COUNT = 1000
BATCH_SIZE = 100

Command = tuple[str | bytes | int, ...]
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


def find_users(source: Db) -> list[bytes]:
    """Return the ids of all who have anything in the old layout, in order, each once.

    SCAN may repeat a key, and a user has up to three; only a set of all ids knows them apart.
    """
    user_ids = {user_id_of(key) for part in PARTS for key in _scan(source, f"user:*:{part}")}
    return sorted(user_id for user_id in user_ids if user_id is not None)


def _scan(source: Db, pattern: str) -> Iterator[bytes]:
    for node in _nodes(source):
        cursor, scan = None, ("MATCH", pattern, "COUNT", SCAN_COUNT)
        while cursor != 0:
            cursor, keys = _sender(node)("SCAN", cursor or 0, *scan, NEVER_DECODE=True)
            yield from keys


def _nodes(source: Db) -> list[redis.Redis]:
    if isinstance(source, redis.Redis):
        return [source]
    source.ping()  # The client of a cluster knows no nodes before its first command.
    primaries = source.nodes_manager.get_nodes_by_server_type("primary")
    return [source.get_redis_connection(node) for node in primaries]


def _ask(source: Db, commands: Iterable[Command]) -> list[Any]:
    """Return the replies as bytes; one that the store could not give is the error.

    The keys of an old user lie in different slots, so a cluster is asked one by one.
    """
    if isinstance(source, redis.Redis):
        pipe = source.pipeline(transaction=False)
        for command in commands:
            _sender(pipe)(*command, **_options(command))
        return pipe.execute(raise_on_error=False)
    return [_ask_one(source, command) for command in commands]


def _ask_one(source: Db, command: Command) -> Any:
    try:
        return _sender(source)(*command, **_options(command))
    except redis.ResponseError as error:
        return error


def _options(command: Command) -> dict[str, bool]:
    """Return how redis-py reads a reply: as bytes, scores as numbers beside their members."""
    scores = {"withscores": True} if "WITHSCORES" in command else {}
    return {"NEVER_DECODE": True, **scores}


def _sender(db: Db) -> Callable[..., Any]:
    sender: Callable[..., Any] = db.execute_command
    return sender


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
    for user_id, (record, key_findings) in _read(source, user_ids):
        legacy_user, value_findings = convert(user_id, record, now, plans=plans)
        if legacy_user is None:
            yield ImportedUser(Outcome.SKIPPED, findings=[*key_findings, *value_findings])
        else:
            moving.append((user_id.decode(), legacy_user, [*key_findings, *value_findings]))
    places = [import_marker(user_id) for user_id, _, _ in moving]
    earlier = _sure(_ask(db, (("SISMEMBER", *place) for place in places)))
    jobs = [
        _job(user_id, legacy_user, now, int(dry_run), earlier_run)
        for (user_id, legacy_user, _), earlier_run in zip(moving, earlier, strict=True)
    ]
    replies = list(_write(db, jobs))
    if not dry_run:
        _sure(_ask(db, (("SADD", *place) for place in places)))
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


def _read(
    source: Db, user_ids: Sequence[bytes]
) -> Iterator[tuple[bytes, tuple[LegacyRecord, list[ImportFinding]]]]:
    """Yield users with what their old keys hold, and what is to be said about these keys."""
    good = [user_id for user_id in user_ids if _is_id(user_id)]
    replies = iter(_ask(source, (command for user_id in good for command in _reads(user_id))))
    for user_id in user_ids:
        if user_id in good:
            yield user_id, _record(user_id, list(islice(replies, len(PARTS))))
        else:
            reason = "has a character that no id can have here, or too many"
            key = printable(legacy_key(user_id, "*"))
            yield user_id, (LegacyRecord({}, None, ()), [ImportFinding(key, "user id", reason)])


def _is_id(user_id: bytes) -> bool:
    try:
        check_id(user_id.decode(errors="replace"))
    except InvalidInput:
        return False
    return True


def _reads(user_id: bytes) -> tuple[Command, ...]:
    stats, last_login, moods = (legacy_key(user_id, part) for part in PARTS)
    return (
        ("HGETALL", stats),
        ("GET", last_login),
        ("ZRANGE", moods, 0, -1, "WITHSCORES"),
    )


def _record(user_id: bytes, replies: list[Any]) -> tuple[LegacyRecord, list[ImportFinding]]:
    findings = []
    for place, part in enumerate(PARTS):
        if isinstance(replies[place], Exception):
            # redis-py has no class for WRONGTYPE.
            if "wrong kind of value" not in str(replies[place]):
                raise replies[place]
            key = printable(legacy_key(user_id, part))
            findings.append(ImportFinding(key, part, "is of another type"))
            replies[place] = None
    stats, last_login, moods = replies
    return LegacyRecord(stats or {}, last_login, moods or ()), findings


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
