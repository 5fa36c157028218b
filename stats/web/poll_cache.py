"""A cache of polls answered 204: a repeated poll is answered from memory while nothing has changed.

The key of a request is all that its response depends on: method, scheme, host, cookies and query.
Once the route has answered 204, the key is cached with the version stamp of its user
(stats/store/tracking.py) and the moment at which the response expires. While the stamp stands,
nothing of that user was written to Redis, so the route would answer the same. Every other request
goes to the route.

One cookie can be spelt in endless ways, with other cookies beside it, and each is another key. So
few are cached of one user: of one shard, which costs less memory and seldom has many users.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from stats.store.tracking import SHARDS, Tracking
from stats.web.monitoring.counters import count_tracking, poll_counters
from stats.web.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The headers of a response by scheme: `http` or `https`.
Headers = Mapping[str, list[tuple[str, str]]]

PATH = "/dashboard/stats"
STATUS = "204 NO CONTENT"
# Requests with longer keys are not cached; the key of a usual one has some 350 characters.
MAX_KEY_LENGTH = 1024
# Several tabs with the same page have the same key.
MAX_PER_SHARD = 32


class ReadStamp(NamedTuple):
    """The shard of a poll's user and its stamp, taken before Redis is read."""

    shard: int
    stamp: int


class CachedPoll(NamedTuple):
    """One cached 204: it holds until `until` (s since 1970) and while the stamp stands."""

    until: float
    shard: int
    stamp: int


class PollCache:
    """WSGI middleware that caches up to `size` responses, few a user, and evicts the oldest.

    `headers` are those of its responses, by the scheme of the request.
    """

    def __init__(
        self, wsgi_app: "WSGIApplication", runtime: Runtime, size: int, headers: Headers
    ) -> None:
        self._wsgi_app, self._runtime, self._size = wsgi_app, runtime, size
        self._headers = headers
        self._entries: OrderedDict[str, CachedPoll] = OrderedDict()
        self._keys: list[tuple[str, ...]] = [()] * SHARDS  # by shard, oldest first
        self._lock = threading.Lock()
        self._count_hit, self._count_miss = poll_counters()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and self._is_unchanged(environ):
            self._count_hit()
            start_response(STATUS, self._headers[environ["wsgi.url_scheme"]])
            return []
        return self._wsgi_app(environ, start_response)

    def _is_unchanged(self, environ: "WSGIEnvironment") -> bool:
        key = _key(environ)
        entry = self._entries.get(key)
        # Order matters: a stamp means something only while the tracking is in step.
        if entry is None or not self._tracking.is_in_step():
            return False
        unchanged = self._tracking.stamp(entry.shard) == entry.stamp
        if unchanged and time.time() < entry.until:
            return True
        with self._lock:
            self._drop(key)
        return False

    @cached_property
    def _tracking(self) -> Tracking:
        # Redis is connected on first use: the embedded server may not run before.
        return Tracking(self._runtime.db, count_tracking)

    def close(self) -> None:
        """Stop the thread that listens to Redis; from now on every poll goes to its route."""
        self._tracking.close()

    def before_read(self, user_id: str) -> ReadStamp:
        """Count a miss and return the stamp for `remember`; call it before Redis is read."""
        self._count_miss()
        self._tracking.start()
        shard = self._tracking.shard(user_id)
        return ReadStamp(shard, self._tracking.stamp(shard))

    def remember(self, environ: "WSGIEnvironment", read_stamp: ReadStamp, until: float) -> None:
        """Cache that this request is answered 204 until `until` (s since 1970)."""
        if not _is_cacheable(environ):
            return
        key = _key(environ)
        with self._lock:
            self._drop(key)
            self._entries[key] = CachedPoll(until, *read_stamp)
            keys = self._keys[read_stamp.shard] = (*self._keys[read_stamp.shard], key)
            if len(keys) > MAX_PER_SHARD:
                self._drop(keys[0])
            if len(self._entries) > self._size:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            keys = self._keys[entry.shard]
            self._keys[entry.shard] = tuple(one for one in keys if one != key)


def _is_cacheable(environ: "WSGIEnvironment") -> bool:
    """Return whether a request is a GET with a Host, no body and a key of the usual length.

    Without a Host the route's response depends on the version of HTTP.
    """
    return (
        environ["REQUEST_METHOD"] == "GET"
        and bool(environ.get("HTTP_HOST"))
        and environ.get("CONTENT_LENGTH", "") in ("", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
        and len(_key(environ)) <= MAX_KEY_LENGTH
    )


def _key(environ: "WSGIEnvironment") -> str:
    """Return all that a poll's response depends on, joined by newlines, which no header has."""
    return "\n".join(
        (
            environ["REQUEST_METHOD"],
            environ["wsgi.url_scheme"],
            environ.get("HTTP_HOST", ""),
            environ.get("HTTP_COOKIE", ""),
            environ["QUERY_STRING"],
            environ.get("CONTENT_LENGTH", ""),
            environ.get("HTTP_TRANSFER_ENCODING", ""),
        )
    )
