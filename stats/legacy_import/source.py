"""Reading the old layout: who is there, and what their keys hold."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import redis

from stats.errors import InvalidInput
from stats.legacy_import.records import (
    PARTS,
    ImportFinding,
    LegacyRecord,
    legacy_key,
    printable,
    user_id_of,
)
from stats.lib.text import check_id
from stats.store.client import Db

SCAN_COUNT = 1000

Command = tuple[str | bytes | int, ...]


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


def run_commands(source: Db, commands: Iterable[Command]) -> list[Any]:
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


def read_records(
    source: Db, user_ids: Sequence[bytes]
) -> Iterator[tuple[bytes, tuple[LegacyRecord, list[ImportFinding]]]]:
    """Yield users with what their old keys hold, and what is to be said about these keys."""
    good = [user_id for user_id in user_ids if _is_id(user_id)]
    replies = iter(
        run_commands(source, (command for user_id in good for command in _reads(user_id)))
    )
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
