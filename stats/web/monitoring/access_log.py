"""The audit trail: one line for each request, and one for each event that security is about.

Lines say who, what, when and from where, and never a password, token, body or e-mail address
(https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html). An embedded instance
writes them to be read by a person, a deployed one as JSON.
"""

import hashlib
import logging
import random
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from stats.settings import Settings
from stats.web.json_text import encode
from stats.web.metrics import count_event, count_request

requests = logging.getLogger("aira.requests")
security = logging.getLogger("aira.security")
LEVELS = {"aira": logging.INFO, "stats": logging.WARNING, "app": logging.WARNING}
# Asked all day by every open page; counted and not written down.
UNCHANGED_POLL = ("/dashboard/stats", 204)
# The end of a trace tells where it happened.
TRACE = 3000


def init_app(app: Flask) -> None:
    """Give each request an id and, once it is answered, a line."""
    app.before_request(_begin)
    app.after_request(_end)


def set_up(settings: Settings) -> None:
    """Send this program's lines to standard error: the whole process's, so for its start alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(Readable() if settings.embedded else Json())
    for name, level in LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)


def event(what: str, user_id: str | None = None, **facts: str | int) -> None:
    """Write down an event such as `login.failed`, about a user or nobody known.

    `facts` are plain words: a plan, a reason, a number. The request's id and address are added.
    """
    whom = {} if user_id is None else {"user": shown_id(user_id)}
    where = {"address": request.remote_addr or ""} if has_request_context() else {}
    security.info(what, extra={"facts": {**whom, **facts, **where}})
    count_event(what, facts)


def shown_id(user_id: str) -> str:
    """Return a user id as it may stand in a line: a digest for one that may be an address."""
    if "@" not in user_id:
        return user_id
    return "#" + hashlib.blake2s(user_id.encode(), digest_size=8).hexdigest()


def request_id() -> str:
    """Return the id of the request that is being answered, "" outside of one."""
    return g.get("request_id", "") if has_request_context() else ""


def _begin() -> None:
    g.request_id, g.begun = new_request_id(), time.perf_counter()


def _end(response: Response) -> Response:
    if "begun" not in g:
        _begin()  # a request for another host is refused before it has begun
    # Only the rule is written, for the address itself may hold a token.
    rule = request.url_rule.rule if request.url_rule else None
    seconds = time.perf_counter() - g.begun
    facts = {"method": request.method, "route": rule, "status": response.status_code}
    facts["ms"] = round(seconds * 1000, 1)
    if "user_id" in g:
        facts["user"] = shown_id(g.user_id)
    if (facts["route"], facts["status"]) != UNCHANGED_POLL:
        requests.info("request", extra={"facts": facts})
    count_request(request.method, rule or "none", response.status_code, seconds)
    response.headers["X-Request-ID"] = g.request_id
    return response


def new_request_id() -> str:
    """Return an id for a request: 16 hexadecimal digits."""
    # No secret, so the system need not be called for it. Python seeds this anew after a fork.
    return f"{random.getrandbits(64):016x}"


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": when, "level": record.levelname.lower(), "logger": record.name}
        told |= {"event": record.getMessage(), "request": request_id()} | _facts(record)
        if record.exc_info:
            trace = self.formatException(record.exc_info)[-TRACE:]
            told["trace"] = trace.encode("ascii", "backslashreplace").decode()
        return encode(told).decode().rstrip()


class Readable(logging.Formatter):
    """A line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{when} {_in_words(record.getMessage(), _facts(record))}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _in_words(message: str, facts: dict[str, Any]) -> str:
    if "method" not in facts:
        return " ".join([message, *(f"{name}={value}" for name, value in facts.items())])
    text = "{method} {route} {status} in {ms} ms".format_map(facts)
    return f"{text} for {facts['user']}" if "user" in facts else text


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    return facts
