"""The one fast thing: a poll that was answered "nothing has changed" is answered from memory.

A request is known by what its answer depends on: method, scheme, host, cookies and query. It is
remembered once the route has answered it with 204, together with the stamp of its user
(stats/store/tracking.py) and the moment until which the answer stands by the clock. While the stamp
stands, Redis has been written nothing of that user, so the route would say the same again. Whatever
is not remembered goes to the route, and nothing else is ever answered here.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from stats.store.tracking import Tracking
from stats.web.monitoring.counters import count_tracking, poll_counters
from stats.web.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The headers of an answer for `http` and for `https`.
Headers = Mapping[str, list[tuple[str, str]]]

PATH = "/dashboard/stats"
STATUS = "204 NO CONTENT"
# Of longer requests nothing is remembered: a cookie of ours and its page make some 350 letters.
MAX_KEY_LENGTH = 1024


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
    """WSGI middleware. It keeps `size` answers at most, and the oldest one goes first.

    `headers` are those of its answers by the scheme of the request.
    """

    def __init__(
        self, wsgi_app: "WSGIApplication", runtime: Runtime, size: int, headers: Headers
    ) -> None:
        self._wsgi_app, self._runtime, self._size = wsgi_app, runtime, size
        self._headers = headers
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._count_from_memory, self._count_asked = poll_counters()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and self._is_unchanged(environ):
            self._count_from_memory()
            start_response(STATUS, self._headers[environ["wsgi.url_scheme"]])
            return []
        return self._wsgi_app(environ, start_response)

    def _is_unchanged(self, environ: "WSGIEnvironment") -> bool:
        key = _key(environ)
        answer = self._answers.get(key)
        # Whether the stamps can be believed comes first, and what they say after it.
        if answer is None or not self._tracking.is_in_step():
            return False
        stands = self._tracking.stamp(answer.shard) == answer.stamp
        if stands and time.time() < answer.until:
            return True
        self._answers.pop(key, None)
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
        key = _key(environ)
        with self._lock:
            self._answers.pop(key, None)
            self._answers[key] = Answer(until, *question)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Return whether a request is a GET without a body, whose head is of a usual length.

    It names a host: without one the route's answer depends on the version of HTTP.
    """
    return (
        environ["REQUEST_METHOD"] == "GET"
        and bool(environ.get("HTTP_HOST"))
        and environ.get("CONTENT_LENGTH", "") in ("", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
        and len(_key(environ)) <= MAX_KEY_LENGTH
    )


def _key(environ: "WSGIEnvironment") -> str:
    """Return all of a request on which the answer to a poll depends; no header has a line break."""
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
