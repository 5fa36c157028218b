"""Whether Redis takes writes: full, a replica or with a broken disk it answers reads alone."""

from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from stats.store.client import Db
from stats.store.cluster import GuardedCluster
from stats.store.keys import probe_key

# Error codes of a Redis that refuses writes and answers reads; redis-py has classes for two more
# (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
REFUSAL_CODES = ("NOREPLICAS", "MISCONF", "OOM", "READONLY")
REFUSAL_ERRORS = (OutOfMemoryError, ReadOnlyError)
# More than enough to meet each of a thousand nodes.
MAX_PROBES = 10_000


def refuses_writes(error: BaseException) -> bool:
    """Return whether an error says that Redis takes no writes just now, and that it did nothing."""
    return isinstance(error, REFUSAL_ERRORS) or (
        isinstance(error, ResponseError) and str(error).startswith(REFUSAL_CODES)
    )


def check_writable(db: Db, node: ClusterNode | None = None) -> None:
    """Send a write that changes nothing; raise what the client raises if it is not taken.

    It is SET with XX for a key that is never there, which Redis refuses as it refuses every write,
    and otherwise neither keeps nor logs nor replicates (https://valkey.io/commands/set/). In a
    cluster `node` is asked, by default a primary that answered last.
    """
    db.set(_key_on(db, node) if isinstance(db, RedisCluster) else probe_key(0), "", xx=True)


def _key_on(db: RedisCluster, node: ClusterNode | None) -> str:
    """Return a probe key whose slot is served by `node`; the first one if it serves none."""
    if node is None and isinstance(db, GuardedCluster):
        node = db.served_primary()
    slots = db.nodes_manager.slots_cache
    keys = map(probe_key, range(MAX_PROBES))
    found = (key for key in keys if slots[key_slot(key.encode())][0] == node)
    return next(found, probe_key(0))
