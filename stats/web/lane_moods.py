"""The small lane's moods: one that is saved by the page's form or as JSON, by a login session.

As in the lane, every doubt goes on to the routes `dashboard.mood` and `api.record_mood`. What was
recorded here, or failed to be, is left for them in the environment, so that nothing is done twice.
"""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Flask

from stats import moods
from stats.snapshot import Snapshot
from stats.strict import parse
from stats.web import patience
from stats.web.api import mood_reply
from stats.web.bodies import MoodBody, convert
from stats.web.csrf import FIELD, HEADER
from stats.web.drawing import Drawing
from stats.web.forms import form_operation, read_score
from stats.web.json_text import encode
from stats.web.limits import Minute
from stats.web.members import RECORDED
from stats.web.mood_form import REFRESH, saved_form
from stats.web.runtime import Runtime
from stats.web.security import csrf

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HTML, JSON = "text/html; charset=utf-8", "application/json"
FORM = "application/x-www-form-urlencoded"
FIELDS = {FIELD, "op", "score", "note", "day"}
# What says that a request is about more than its body tells.
BESIDE = ("HTTP_AUTHORIZATION", "HTTP_IDEMPOTENCY_KEY")
LONGEST = 4096


class Answer(NamedTuple):
    """What is answered with 200, and to whom."""

    kind: str
    body: bytes
    user_id: str
    more: tuple[tuple[str, str], ...] = ()


class Moods:
    """Saves moods by what a session's cookie holds."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self._app, self._runtime = app, runtime
        self._drawing: Drawing = app.extensions["aira.drawing"]
        self._minute: Minute = app.extensions["aira.minute"]

    def by_json(self, environ: "WSGIEnvironment", content: dict[str, Any]) -> Answer | None:
        """Answer `PATCH /api/mood`."""
        beside = environ["QUERY_STRING"] or any(name in environ for name in BESIDE)
        if beside or not self._may(environ, content, environ.get(HEADER, "")):
            return None
        body = convert(parse(_body(environ, JSON)), MoodBody)
        limited = self._runtime.given.ratelimit_enabled
        if limited and self._minute.of_session(content["sid"]):
            return None
        found = self._record(environ, content, body.score, note=body.note, at=body.at)
        if found is None:
            return None
        return Answer(JSON, encode(mood_reply(found)), content["_user_id"])

    def by_form(self, environ: "WSGIEnvironment", content: dict[str, Any]) -> Answer | None:
        """Answer htmx's `POST /dashboard/mood` about today."""
        if environ["QUERY_STRING"] or environ.get("HTTP_HX_REQUEST") != "true":
            return None
        pairs = parse_qsl(_body(environ, FORM).decode(), keep_blank_values=True, errors="strict")
        fields = dict(pairs)
        token = environ.get(HEADER) or fields.get(FIELD, "")
        plain = len(pairs) == len(fields) and fields.keys() <= FIELDS
        if not plain or fields["day"] != "today" or not self._may(environ, content, token):
            return None
        score, note = read_score(fields["score"]), fields["note"].strip()
        op = form_operation("mood", fields["op"], "today", score, note)
        found = self._record(environ, content, score, note=note, op=op)
        if found is None:
            return None
        form = saved_form(self._drawing, score, "today", found.clock, token)
        return Answer(HTML, form, content["_user_id"], (("HX-Trigger", REFRESH),))

    def _may(self, environ: "WSGIEnvironment", content: dict[str, Any], token: str) -> bool:
        """Return whether a cookie names a session, to whose pages a CSRF token was given."""
        named = "_user_id" in content and "sid" in content
        return named and csrf.fits(self._app, token, content.get(FIELD), environ)

    def _record(
        self, environ: "WSGIEnvironment", content: dict[str, Any], score: float, **how: Any
    ) -> Snapshot | None:
        user_id, session_id = content["_user_id"], content["sid"]
        # From here on the route would do it a second time.
        try:
            found = moods.record_own_mood(self._runtime.db, user_id, session_id, score, **how)
        except Exception as error:
            environ[RECORDED] = error
            raise
        environ[RECORDED] = found
        return found


def _body(environ: "WSGIEnvironment", kind: str) -> bytes:
    """Return a body of this kind that is not too long, and otherwise nothing."""
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("CONTENT_TYPE") != kind or not (length.isdecimal() and length.isascii()):
        return b""
    if not 0 < int(length) <= LONGEST:
        return b""
    patience.expect(environ, int(length))
    return patience.whole(environ)
