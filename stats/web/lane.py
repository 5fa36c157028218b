"""The small lane: the poll of a page that is up to date is answered before Flask is woken.

It answers nothing else. What is unusual about a request, and every doubt, goes on to the route
`dashboard.stats`, which stays the only one that knows what to say; tests/web/test_lane.py holds the
two to the same answers. Unchanged polls are most of the traffic, so they are counted with the
other requests and not logged one by one.
"""

import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import redis
from flask import Flask
from redis.exceptions import RedisClusterException

from stats.dashboard import PAGE_SPAN, Unchanged, get_dashboard
from stats.errors import StatsError
from stats.web.members import FOUND
from stats.web.metrics import poll_counter
from stats.web.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/dashboard/stats"
QUERY = re.compile(r"v=(\d{1,20})(?:&charts=(\d{1,20}-\d{8}))?(?:&who=[0-9a-f]{8})?", re.ASCII)
HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Vary", "HX-Request, Accept-Encoding, Cookie"),
]


class Lane:
    """WSGI middleware around an app. `count` is called once for each answer it gives by itself."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self._app, self._next, self._runtime = app, app.wsgi_app, runtime
        self._cookies: Any = app.session_interface
        self._hosts = frozenset(runtime.given.trusted_hosts)
        self.count = poll_counter()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or not self._stands(environ):
            return self._next(environ, start_response)
        self.count()
        start_response("204 NO CONTENT", [*HEADERS, ("X-Request-ID", secrets.token_hex(8))])
        return ()

    def _stands(self, environ: "WSGIEnvironment") -> bool:
        """Return whether this is a plain poll for what still stands, in a live session."""
        query = QUERY.fullmatch(environ["QUERY_STRING"])
        if query is None or not self._is_plain(environ):
            return False
        content = self._session(environ)
        user_id, session_id = content.get("_user_id"), content.get("sid")
        if user_id is None or session_id is None:
            return False
        try:
            found = get_dashboard(
                *(self._runtime.db, user_id, session_id),
                span=PAGE_SPAN,
                shown=query[1],
                charts=query[2] or "",
            )
        except (StatsError, redis.RedisError, RedisClusterException):
            return False
        # What was read is not read again.
        environ[FOUND] = (user_id, session_id, found)
        return isinstance(found, Unchanged)

    def _is_plain(self, environ: "WSGIEnvironment") -> bool:
        return (
            environ["REQUEST_METHOD"] == "GET"
            and "HTTP_TRANSFER_ENCODING" not in environ
            and environ.get("CONTENT_LENGTH") in (None, "", "0")
            and self._serves(environ.get("HTTP_HOST", ""))
        )

    def _serves(self, host: str) -> bool:
        return host in self._hosts if self._hosts else bool(HOST.fullmatch(host))

    def _session(self, environ: "WSGIEnvironment") -> dict[str, Any]:
        """Return what stands in the session cookie, nothing if it is not genuine."""
        name = "__Host-session=" if environ["wsgi.url_scheme"] == "https" else "session="
        for part in environ.get("HTTP_COOKIE", "").split("; "):
            if part.startswith(name):
                found: dict[str, Any] = self._cookies.read(self._app, part.removeprefix(name))
                return found
        return {}
