"""The keys in Redis and what they hold. Only this module spells a key.

Every key of one user carries the hash tag `{id}`, so that one script or transaction can span
them, on Redis Cluster too (https://valkey.io/topics/cluster-spec/#hash-tags).

    user:{id}:stats        hash    conversations, mood_score, days_active, recent_conversations
                                   (JSON: timestamp, summary, id), plan, streak, longest_streak,
                                   mood_updated_at (ms), version, fresh_until (s), and, when set:
                                   drawn (the version that last changed the charts),
                                   timezone, day_start, clocks (those before it, oldest first:
                                   "until:day_start:zone ...", until in ms), active_until (when
                                   the last active day ends, s), forgiven (day), grant (plan),
                                   undo (id of the entry recorded last, until it is taken back),
                                   paid ("Plus:end", end in s or empty), used, used_until (s),
                                   imported ("new" or "merged", and the plan granted: it came from
                                   the old layout)
    user:{id}:last_login   string  YYYY-MM-DD, the last day on which the user was active
    user:{id}:days         list    of integers YYYYMMDD, oldest first: the active days
    user:{id}:account      hash    name, email, password (argon2id), created (s) and, when
                                   set: theme, live (0 or 1), sample (1: goes with its log-out);
                                   mark (to which its sign-in links belong,
                                   gone with the password);
                                   while two-factor is on: totp (its secret), totp_since (s),
                                   totp_step (of the last code), and after wrong codes in a row:
                                   code_attempts, codes_locked (until, s), codes_lock_told;
                                   confirmed (s, its address was),
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
    user:{id}:mood_tags    hash    entry id -> its tags (JSON)
    user:{id}:chats        zset    chat id by time saved (ms)
    user:{id}:first_saved  zset    chat id by time first saved (ms), of those saved again since
    user:{id}:heads        hash    chat id -> JSON of the conversation without its messages
    user:{id}:bodies       hash    chat id -> JSON of its messages
    user:{id}:deleted      set     ids of deleted chats: saved again, they do not count again
    user:{id}:ops          zset    "id:fingerprint" of operations (stats/store/operations.py) by
                                   time (ms), the last 64; older ones without fingerprint
    user:{id}:billing      hash    subscriptions (JSON), applied (ticket), asked (s); left (the
                                   subscriptions at the last visit to the portal), left_at (s)
    user:{id}:billing:ticket  string  the last ticket
    user:{id}:billing:done    zset    event id by time (s), 35 days
    user:{id}:customers    set     Stripe customers
    stripe:customer:{cus}  string  user id
    billing:orphans        hash    event id -> JSON of an event that fits no user, the last 500
    email:{address}        string  user id
    token:{digest}         string  "kind id payload" of a single-use token by its SHA-256; lives
                                   as long as that. With an address: "id number", the user's last
                                   change to it; lives for an hour
    token:{probe-0}        never there: written to if it exists, to learn whether Redis takes writes
    throttle:{digest}      zset    tries by time (ms), five minutes
    result:{digest}        string  what came of a form that may count once, sealed, for five
                                   minutes; empty while it is under way, for one
    service-keys           hash    prefix -> "digest:made:used:name" (s; used 0 for never)
    samples                zset    ids of sample accounts by the time (s) they were made
    census                 hash    plan -> how many users had it at counted_at (ms); took_ms
    moved-in:{start}       set     what follows of the digests of ids that have ever moved in
    void:{id}              string  this id will never be given an account; lives for an hour

A sorted list of integers needs 11 bytes an entry where a sorted set needs over 100.
"""

import hashlib
from collections.abc import Iterable, Iterator

from stats.lib.text import as_text, check_id
from stats.store.client import Db

# How the keys of every user begin, and those of nobody else.
USER_PREFIX = "user:{"
STATS_KINDS = (
    "stats",
    "last_login",
    "days",
    "moods",
    "notes",
    "mood_tags",
    "chats",
    "first_saved",
    "heads",
    "bodies",
    "ops",
    "deleted",
)
BILLING_KINDS = ("billing", "billing:ticket", "billing:done", "customers", "practice")
ACCOUNT_KINDS = ("account", "sessions", "recovery", "logins", "failures")
ALL_KINDS = (*STATS_KINDS, *BILLING_KINDS, *ACCOUNT_KINDS)

# The kinds that scripts take as KEYS, in the order in which they take them. A script that reads
# or changes the stats takes the three of a snapshot first.
SNAPSHOT_KINDS = ("stats", "last_login", "days")
PROFILE_KINDS = (*SNAPSHOT_KINDS, "account")
SESSION_KINDS = (*PROFILE_KINDS, "sessions")
LOGIN_KINDS = (*SESSION_KINDS, "logins", "failures", "recovery")
LOGIN_HISTORY_KINDS = (*PROFILE_KINDS, "logins", "failures", "recovery")
TWO_FACTOR_KINDS = (*PROFILE_KINDS, "recovery")
SWITCH_ON_KINDS = (*TWO_FACTOR_KINDS, "sessions")
OPERATOR_KINDS = (*PROFILE_KINDS, "customers")
MOOD_KINDS = (*SNAPSHOT_KINDS, "moods", "notes", "mood_tags", "ops")
RECORD_MOOD_KINDS = (*MOOD_KINDS, "account", "sessions")
MOOD_HISTORY_KINDS = (*SNAPSHOT_KINDS, "moods", "chats", "first_saved")
INSIGHT_KINDS = (*MOOD_HISTORY_KINDS, "mood_tags", "heads")
CONVERSATION_KINDS = (
    *(*SNAPSHOT_KINDS, "chats", "heads", "bodies", "ops", "deleted", "first_saved"),
)
DASHBOARD_KINDS = (*SESSION_KINDS, "moods", "billing", "notes", "mood_tags")
PRACTICE_KINDS = (*SNAPSHOT_KINDS, "practice")
PLAN_KINDS = (*SNAPSHOT_KINDS, "billing", "billing:ticket", "billing:done", "customers")
LEGACY_IMPORT_KINDS = (*SNAPSHOT_KINDS, "moods", "notes")
BEGIN_RESTORE_KINDS = (*SESSION_KINDS, "moods", "chats")
MERGE_MOOD_KINDS = (*SNAPSHOT_KINDS, "moods", "notes", "mood_tags")
MERGE_CONVERSATION_KINDS = (
    *(*SNAPSHOT_KINDS, "chats", "heads", "bodies", "deleted", "first_saved"),
)
KNOWN_CONVERSATION_KINDS = (*SNAPSHOT_KINDS, "heads", "deleted")
EXPORT_KINDS = (
    *(*SESSION_KINDS, "moods", "notes", "chats", "heads", "deleted", "ops"),
    *("billing", "billing:done", "customers", "practice", "first_saved", "mood_tags"),
)
ORPHANS = "billing:orphans"
SAMPLES = "samples"
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
    yielded: set[str] = set()
    for key in db.scan_iter(match=f"user:{{{prefix}*}}:stats", count=1000, _type="HASH"):
        user_id = as_text(key).removeprefix("user:{").removesuffix("}:stats")
        if user_id not in yielded:
            yielded.add(user_id)
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


def probe_key(number: int) -> str:
    """Return a key that is never there; of all numbers some lie in each slot of a cluster."""
    return token_key(f"probe-{number}")


def import_marker(user_id: str) -> tuple[str, str]:
    """Return the key and the member that say of an id that it came from the old layout.

    Among a million ids two of 64 bits differ with all but certainty. Small sets take less room.
    """
    digest = hashlib.blake2s(check_id(user_id).encode(), digest_size=8).hexdigest()
    return f"moved-in:{{{digest[:3]}}}", digest[3:]


def throttle_key(digest: str) -> str:
    """Return the key of the tries of whoever has this digest."""
    return f"throttle:{{{digest}}}"


def result_key(digest: str) -> str:
    """Return the key of the result of the act with this digest."""
    return f"result:{{{digest}}}"
