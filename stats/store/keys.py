"""Redis: the client, the keys and the scripts. Only this module spells a key.

Every key of one user carries the hash tag `{id}`, so that one script or transaction can span
them, on Redis Cluster too (https://valkey.io/topics/cluster-spec/#hash-tags).

    user:{id}:stats        hash    conversations, mood_score, days_active, recent_conversations
                                   (JSON: timestamp, summary, id), plan, streak, longest_streak,
                                   mood_updated_at (ms), version, fresh_until (s), and, when set:
                                   drawn (the version that last changed the charts),
                                   timezone, day_start, forgiven (day), grant (plan), undo (ms),
                                   paid ("Plus:end", end in s or empty), used, used_until (s),
                                   imported ("new" or "merged", and the plan granted: it came from
                                   the old layout)
    user:{id}:last_login   string  YYYY-MM-DD, the last day on which the user was active
    user:{id}:days         list    of integers YYYYMMDD, oldest first: the active days
    user:{id}:account      hash    name, email, password (argon2id), created (s) and, when
                                   set: theme, live (0 or 1), sample (1: goes with its log-out);
                                   mark (to which its sign-in links belong);
                                   while two-factor is on: totp (its secret), totp_since (s),
                                   totp_step (of the last code); confirmed (s, its address was),
                                   changes (of address: how many were asked for), change (the one
                                   under way: "number end new old address", end in s, 1 where a
                                   link was pressed or is not waited for)
    user:{id}:recovery     set     hashes of the recovery codes that are left
    user:{id}:sessions     hash    session id -> "made:seen:agent" (s)
    user:{id}:logins       zset    "at how address agent" (µs) by time (s): the last 20 log-ins
    user:{id}:failures     zset    the same for tries that failed; both lose what is over 90 days
    user:{id}:moods        list    of integers, oldest first: at (ms) * 128 + score * 10;
                                   `at` is the entry's id and no two are equal
    user:{id}:notes        hash    entry id -> note
    user:{id}:chats        zset    chat id by time saved (ms)
    user:{id}:heads        hash    chat id -> JSON of the conversation without its messages
    user:{id}:bodies       hash    chat id -> JSON of its messages
    user:{id}:deleted      set     ids of deleted chats: saved again, they do not count again
    user:{id}:ops          zset    operation id by time (ms), the last 64
    user:{id}:billing      hash    subscriptions (JSON), applied (ticket), asked (s)
    user:{id}:billing:ticket  string  the last ticket
    user:{id}:billing:done    zset    event id by time (s), 35 days
    user:{id}:customers    set     Stripe customers
    stripe:customer:{cus}  string  user id
    billing:orphans        hash    event id -> JSON of an event that fits no user
    email:{address}        string  user id
    token:{digest}         string  "kind id payload" of a single-use token by its SHA-256; lives
                                   as long as that. With an address: "id number", the user's last
                                   change to it; lives for an hour
    throttle:{digest}      zset    tries by time (ms), five minutes
    service-keys           hash    prefix -> "digest:made:used:name" (s; used 0 for never)
    census                 hash    plan -> how many users had it at counted_at (ms); took_ms
    moved-in:{start}       set     what follows of the digests of ids that have ever moved in
    void:{id}              string  this id will never be given an account; lives for an hour

A sorted list of integers needs 11 bytes an entry where a sorted set needs over 100.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import NoScriptError
from redis.retry import Retry

from stats.breaker import Breaker
from stats.cluster import GuardedCluster
from stats.text import as_text, check_id

Db = redis.Redis | RedisCluster
# Told of a script's call: its name, how long it took (s), and whether it failed.
Observer = Callable[[str, float, bool], None]
_observers: list[Observer] = []
# Told whose data this process itself has, or may have, written to, by the client that it used.
_write_listeners: WeakKeyDictionary[Db, Callable[[str], None]] = WeakKeyDictionary()
# The one script that is run by every poll, and writes nothing.
READ_DASHBOARD = "look"

# How the keys of every user begin, and those of nobody else.
USER_PREFIX = "user:{"
STATS_KINDS = (
    "stats",
    "last_login",
    "days",
    "moods",
    "notes",
    "chats",
    "heads",
    "bodies",
    "ops",
    "deleted",
)
BILLING_KINDS = ("billing", "billing:ticket", "billing:done", "customers", "practice")
ACCOUNT_KINDS = ("account", "sessions", "recovery", "logins", "failures")
ALL_KINDS = (*STATS_KINDS, *BILLING_KINDS, *ACCOUNT_KINDS)
ORPHANS = "billing:orphans"
CENSUS = "census"


def user_key(user_id: str, kind: str) -> str:
    """Return the key of one kind of a user's data; raises InvalidInput for a bad id."""
    return f"{USER_PREFIX}{check_id(user_id)}}}:{kind}"


def user_of(key: str) -> str:
    """Return the id of the user whose key this is."""
    return key.removeprefix(USER_PREFIX).partition("}")[0]


def user_keys(user_id: str, kinds: Iterable[str]) -> list[str]:
    """Return the keys of these kinds in their order, all in one hash slot."""
    prefix = f"{USER_PREFIX}{check_id(user_id)}}}:"
    return [prefix + kind for kind in kinds]


def user_ids(db: Db, prefix: str = "") -> Iterator[str]:
    """Yield the ids of all users that begin with `prefix`, each once, in no order.

    Nobody else has to wait meanwhile. Users who come or go before the end may be among them or
    not. The ids are kept until then, 100 MB for a million users, because SCAN may return a key
    twice (https://valkey.io/commands/scan/#scan-guarantees). Raises InvalidInput for a prefix
    that no id has.
    """
    if prefix:
        check_id(prefix, "prefix")
    seen: set[str] = set()
    for key in db.scan_iter(match=f"user:{{{prefix}*}}:stats", count=1000, _type="HASH"):
        user_id = as_text(key).removeprefix("user:{").removesuffix("}:stats")
        if user_id not in seen:
            seen.add(user_id)
            yield user_id


def email_key(address: str) -> str:
    """Return the key under which a normalised e-mail address points to its user id."""
    return f"email:{{{address}}}"


def customer_key(customer: str) -> str:
    """Return the key under which a Stripe customer points to its user id."""
    return f"stripe:customer:{{{customer}}}"


def void_key(user_id: str) -> str:
    """Return the key that bars a user id from ever being given an account."""
    return f"void:{{{check_id(user_id)}}}"


def token_key(digest: str) -> str:
    """Return the key of the token with this digest, or of the mark beside an address's look-up."""
    return f"token:{{{digest}}}"


def moved_place(user_id: str) -> tuple[str, str]:
    """Return the key and the member that say of an id that it came from the old layout.

    Among a million ids two of 64 bits differ with all but certainty. Small sets take less room.
    """
    digest = hashlib.blake2s(check_id(user_id).encode(), digest_size=8).hexdigest()
    return f"moved-in:{{{digest[:3]}}}", digest[3:]


def throttle_key(digest: str) -> str:
    """Return the key of the tries of whoever has this digest."""
    return f"throttle:{{{digest}}}"


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def operation_id(kind: str, key: str) -> str:
    """Return the 16 characters under which an operation is remembered, "" for no key.

    64 bits among 64 remembered operations: two differ with all but certainty.
    """
    if not key:
        return ""
    return hashlib.blake2s(f"{kind}:{key}".encode(), digest_size=8).hexdigest()


def run(db: Db, script: str, keys: Sequence[str], *args: str | int) -> Any:
    """Run `lua/<script>.lua` atomically and return its reply as Redis sent it.

    A server that has lost its scripts (restart, failover) gets the source again, once.
    """
    begun, failed = time.perf_counter(), True
    try:
        reply = _send(db, script, keys, args)
        failed = False
        return reply
    finally:
        for observer in _observers:
            observer(script, time.perf_counter() - begun, failed)
        if script != READ_DASHBOARD and (listener := _write_listeners.get(db)):
            listener(user_of(keys[0]))


def listen_to_writes(db: Db, listener: Callable[[str], None] | None) -> None:
    """Tell a listener, or nobody any more, the ids of users for whom `db` is used to write.

    Told are all scripts but the one that reads the dashboard, failed ones included: a call that
    timed out may have been carried out.
    """
    if listener is None:
        _write_listeners.pop(db, None)
    else:
        _write_listeners[db] = listener


def observe(observer: Observer) -> None:
    """Tell an observer of every script that this process runs from now on, and no other one."""
    _observers[:] = [observer]


def _send(db: Db, script: str, keys: Sequence[str], args: Sequence[str | int]) -> Any:
    source, digest = _script(script)
    execute: Callable[..., Any] = db.execute_command
    try:
        return execute("EVALSHA", digest, len(keys), *keys, *args)
    except NoScriptError:
        return execute("EVAL", source, len(keys), *keys, *args)


def run_kept(db: Db, script: str, keys: Sequence[str], *args: str | int) -> Any:
    """Run a script whose writes must not be lost; on a cluster a replica has them on return.

    Raises StoreUnavailable when no replica confirms: the caller has to ask again, and the script
    to write something again, or there is nothing to wait for.
    """
    if isinstance(db, GuardedCluster):
        return db.keep(keys[0], lambda node: run(node, script, keys, *args))
    return run(db, script, keys, *args)


@cache
def _script(name: str) -> tuple[str, str]:
    folder = files("stats") / "lua"
    source = (folder / "prelude.lua").read_text() + (folder / f"{name}.lua").read_text()
    # Redis names a script by the SHA-1 of its source; nothing is kept secret by it.
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


def connect(url: str) -> Db:
    """Return a client for a `redis://`, `rediss://`, `unix://` or `…+cluster://` address.

    Nothing is sent before the first command. A call gives up after 0.8 s and is never sent twice:
    a command that timed out or whose connection broke may have been carried out. While a server
    hangs, a circuit breaker lets one call a second try it and fails the others at once.
    """
    parts = urlsplit(url)
    if not parts.scheme.endswith("+cluster"):
        return GuardedRedis.from_url(url, **_timeouts())
    plain = urlunsplit(parts._replace(scheme=parts.scheme.removesuffix("+cluster")))
    return GuardedCluster(url=plain, **_timeouts())


def _timeouts() -> dict[str, Any]:
    return {
        "socket_connect_timeout": 0.5,
        "socket_timeout": 0.8,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "decode_responses": True,
    }


class GuardedRedis(redis.Redis):
    """A Redis client behind a circuit breaker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.breaker = Breaker()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        execute: Callable[..., Any] = super().execute_command
        with self.breaker:
            return execute(*args, **options)
