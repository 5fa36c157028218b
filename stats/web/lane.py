"""The small lane: what open pages do all day is answered before Flask is woken.

That is the poll, the stats as JSON, and a mood, of a live session. What is unusual about such a
request, and every doubt, goes on to the routes, which stay the only ones that know what to say;
tests/web/test_lane.py and test_lane_moods.py hold both to the same answers. Unchanged polls are
most of the traffic, so they are counted with the other requests and not logged one by one.
"""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask

from stats.dashboard import PAGE_SPAN, Dashboard, Unchanged, get_dashboard
from stats.web.api import dashboard_reply
from stats.web.audit import answered, new_request_id
from stats.web.cookies import sent
from stats.web.drawing import Drawing
from stats.web.fragment import fragment
from stats.web.json_text import encode
from stats.web.lane_moods import HTML, JSON, Answer, Moods
from stats.web.limits import Minute
from stats.web.members import FOUND
from stats.web.metrics import poll_counter
from stats.web.runtime import Runtime
from stats.web.security import VARY
from stats.web.views import who_is

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

QUERY = re.compile(r"v=(\d{1,20})(?:&charts=(\d{1,20}-\d{8}))?(?:&who=([0-9a-f]{8}))?", re.ASCII)
HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*(:\d{1,5})?", re.ASCII)
# Shorter answers go out as they are: they would fill a packet or two less, and cost ten times that.
COMPRESSED_FROM = 4096
HEADERS = [("Cache-Control", "no-store"), ("Vary", VARY)]


class Lane:
    """WSGI middleware around an app. `count` is called once for each unchanged poll."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self._app, self._next, self._runtime = app, app.wsgi_app, runtime
        self._cookies: Any = app.session_interface
        self._drawing: Drawing = app.extensions["aira.drawing"]
        self._minute: Minute = app.extensions["aira.minute"]
        # Whole names alone: the others are patterns.
        self._hosts = frozenset(one for one in runtime.given.trusted_hosts if one[0] not in ".[")
        self._any_host = not runtime.given.trusted_hosts
        moods = Moods(app, runtime)
        self._asks = {
            ("GET", "/dashboard/stats"): self._poll,
            ("GET", "/api/dashboard"): self._stats,
            ("POST", "/dashboard/mood"): moods.by_form,
            ("PATCH", "/api/mood"): moods.by_json,
        }
        self.count = poll_counter()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked, begun = (environ["REQUEST_METHOD"], environ["PATH_INFO"]), time.perf_counter()
        answer = self._answer(asked, environ)
        if answer is None:
            return self._next(environ, start_response)
        own_id = new_request_id()
        headers = [*HEADERS, ("X-Request-ID", own_id)]
        if isinstance(answer, Unchanged):
            self.count()
            start_response("204 NO CONTENT", [("Content-Type", HTML), *headers])
            return []
        length = ("Content-Length", str(len(answer.body)))
        headers += answer.more
        start_response("200 OK", [("Content-Type", answer.kind), length, *headers])
        answered(*asked, 200, time.perf_counter() - begun, answer.user_id, own_id)
        return [answer.body]

    def _answer(
        self, asked: tuple[str, str], environ: "WSGIEnvironment"
    ) -> Answer | Unchanged | None:
        ask = self._asks.get(asked)
        if ask is None or not self._is_plain(environ):
            return None
        # What goes wrong here goes wrong behind it too, and is told there.
        with suppress(Exception):
            answer = ask(environ, self._session(environ))
            if not isinstance(answer, Answer) or _goes_out_as_it_is(answer, environ):
                return answer
        return None

    def _poll(
        self, environ: "WSGIEnvironment", content: dict[str, Any]
    ) -> Answer | Unchanged | None:
        """Answer a page that is up to date, or whose numbers have changed."""
        query = QUERY.fullmatch(environ["QUERY_STRING"])
        if query is None or _has_body(environ):
            return None
        shown, charts, who = query[1], query[2] or "", query[3]
        board = self._look(environ, content, span=PAGE_SPAN, shown=shown, charts=charts)
        if not isinstance(board, Dashboard):
            return board
        if not board.is_fresh or who != who_is(board.user_id):
            return None
        # Charts are long, and not to be drawn here for Flask to draw and compress them anew.
        if charts != board.charts and "HTTP_ACCEPT_ENCODING" in environ:
            return None
        known = self._runtime.prices.known()
        body = fragment(board, known, self._drawing, charts)
        return Answer(HTML, body, board.user_id)

    def _stats(self, environ: "WSGIEnvironment", content: dict[str, Any]) -> Answer | None:
        """Answer a login session its own stats."""
        if environ["QUERY_STRING"] or "HTTP_AUTHORIZATION" in environ or _has_body(environ):
            return None
        board = self._look(environ, content)
        if not isinstance(board, Dashboard) or board.session.is_to_be_touched(time.time()):
            return None
        if self._runtime.given.ratelimit_enabled and self._minute.of_session(content["sid"]):
            return None
        return Answer(JSON, encode(dashboard_reply(board.snapshot)), board.user_id)

    def _look(
        self, environ: "WSGIEnvironment", content: dict[str, Any], **how: Any
    ) -> Dashboard | Unchanged | None:
        """Return what a live session's user sees, None for every doubt."""
        user_id, session_id = content.get("_user_id"), content.get("sid")
        if user_id is None or session_id is None:
            return None
        found = get_dashboard(self._runtime.db, user_id, session_id, **how)
        # What was read is not read again.
        environ[FOUND] = (user_id, session_id, found)
        return found

    def _is_plain(self, environ: "WSGIEnvironment") -> bool:
        served = self._serves(environ.get("HTTP_HOST", ""))
        return served and "HTTP_TRANSFER_ENCODING" not in environ

    def _serves(self, host: str) -> bool:
        return bool(HOST.fullmatch(host)) if self._any_host else host in self._hosts

    def _session(self, environ: "WSGIEnvironment") -> dict[str, Any]:
        """Return what stands in the session cookie, nothing if it is not genuine."""
        name = "__Host-session" if environ["wsgi.url_scheme"] == "https" else "session"
        found: dict[str, Any] = self._cookies.read(self._app, sent(environ, name) or "")
        return found


def _has_body(environ: "WSGIEnvironment") -> bool:
    return environ.get("CONTENT_LENGTH") not in (None, "", "0")


def _goes_out_as_it_is(answer: Answer, environ: "WSGIEnvironment") -> bool:
    """Return whether an answer is one that would not be compressed."""
    return len(answer.body) < COMPRESSED_FROM or "HTTP_ACCEPT_ENCODING" not in environ
