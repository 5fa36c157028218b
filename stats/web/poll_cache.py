"""The one fast thing: a poll that was answered "nothing has changed" is answered from memory.

A request is known by a digest of what its answer depends on: scheme, host, cookies and query. It is
remembered once a route has answered it with 204, together with the stamp of its user
(stats/tracking.py) and the moment until which the answer stands by the clock. While the stamp
stands, Redis has been written nothing of that user, so the route would say the same again. Whatever
is not remembered goes to the route, and nothing else is ever answered here.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from stats.tracking import Tracking
from stats.web.audit import new_request_id
from stats.web.metrics import count_tracking, poll_counters
from stats.web.runtime import Runtime
from stats.web.security import VARY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/dashboard/stats"
STATUS = "204 NO CONTENT"
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Vary", VARY),
)


class Question(NamedTuple):
    """Whose data a poll is about, and how they stood before Redis was asked about them."""

    shard: int
    stamp: int


class Answer(NamedTuple):
    """That a poll was answered 204: until when (s since 1970), and while which stamp stands."""

    until: float
    shard: int
    stamp: int


class PollCache:
    """WSGI middleware. It keeps `size` answers at most, and the oldest one goes first."""

    def __init__(self, wsgi_app: "WSGIApplication", runtime: Runtime, size: int) -> None:
        self._wsgi_app, self._runtime, self._size = wsgi_app, runtime, size
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._count_from_memory, self._count_asked = poll_counters()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and self._is_unchanged(environ):
            self._count_from_memory()
            start_response(STATUS, [*HEADERS, ("X-Request-ID", new_request_id())])
            return ()
        return self._wsgi_app(environ, start_response)

    def _is_unchanged(self, environ: "WSGIEnvironment") -> bool:
        digest = _digest(environ)
        answer = self._answers.get(digest)
        # Whether the stamps can be believed comes first, and what they say after it.
        if answer is None or not _is_plain(environ) or not self._tracking.is_in_step():
            return False
        stands = self._tracking.stamp(answer.shard) == answer.stamp
        if stands and time.time() < answer.until:
            return True
        self._answers.pop(digest, None)
        return False

    @cached_property
    def _tracking(self) -> Tracking:
        # The store is connected on first use: what embedded mode starts is not there before.
        return Tracking(self._runtime.db, count_tracking)

    def close(self) -> None:
        """End the thread that listens to Redis; nothing is answered from memory any more."""
        self._tracking.close()

    def ask(self, user_id: str) -> Question:
        """Return what `remember` wants to know of the moment before Redis is asked."""
        self._count_asked()
        self._tracking.start()
        shard = self._tracking.shard(user_id)
        return Question(shard, self._tracking.stamp(shard))

    def remember(self, environ: "WSGIEnvironment", question: Question, until: float) -> None:
        """Remember that this request is answered 204 until then (s since 1970)."""
        if not _is_plain(environ):
            return
        digest = _digest(environ)
        with self._lock:
            self._answers.pop(digest, None)
            self._answers[digest] = Answer(until, *question)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Return whether a request is a GET without a body, and so says nothing beside its head."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("CONTENT_LENGTH") in (None, "", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
    )


def _digest(environ: "WSGIEnvironment") -> bytes:
    head = (
        environ["wsgi.url_scheme"],
        environ.get("HTTP_HOST", ""),
        environ.get("HTTP_COOKIE", ""),
        environ["QUERY_STRING"],
    )
    return blake2b("\n".join(head).encode("utf-8", "surrogatepass"), digest_size=16).digest()
