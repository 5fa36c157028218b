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
from stats.web.lines import Lines
from stats.web.metrics import count_event, count_request
from stats.web.runtime import asked

requests = logging.getLogger("aira.requests")
security = logging.getLogger("aira.security")
LEVELS = {"aira": logging.INFO, "stats": logging.WARNING, "app": logging.WARNING}
# The end of a trace tells where it happened.
TRACE = 3000


def init_app(app: Flask) -> None:
    """Give each request an id and, once it is answered, a line."""
    app.before_request(_begin)
    app.after_request(_end)


def set_up(settings: Settings) -> None:
    """Send this program's lines to standard error: the whole process's, so for its start alone."""
    handler = Lines(requests.name)
    handler.setFormatter(Readable() if settings.embedded else Json())
    # What no line tells is not collected: docs.python.org/3/howto/logging.html#optimization
    logging._srcfile = None
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
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
    held = g._get_current_object()
    held.request_id, held.begun = new_request_id(), time.perf_counter()


def _end(response: Response) -> Response:
    held, seen = g._get_current_object(), asked()
    if "begun" not in held:
        _begin()  # a request for another host is refused before it has begun
    # Only the rule is written, for the address itself may hold a token.
    rule = seen.url_rule.rule if seen.url_rule else None
    user_id = held.get("user_id")
    seconds = time.perf_counter() - held.begun
    answered(seen.method, rule, response.status_code, seconds, user_id, held.request_id)
    response.headers["X-Request-ID"] = held.request_id
    return response


def answered(
    method: str, rule: str | None, status: int, seconds: float, user_id: str | None, own_id: str
) -> None:
    """Write down a request that was answered, and count it."""
    facts = {"method": method, "route": rule, "status": status, "ms": round(seconds * 1000, 1)}
    if user_id is not None:
        facts["user"] = shown_id(user_id)
    if requests.isEnabledFor(logging.INFO):
        requests.handle(Answered(facts, own_id))
    count_request(method, rule or "none", status, seconds)


class Answered(logging.LogRecord):
    """A record of a request that was answered: all but its time and its facts is known before."""

    KNOWN = vars(logging.LogRecord(requests.name, logging.INFO, __file__, 0, "request", (), None))

    def __init__(self, facts: dict[str, Any], own_id: str) -> None:
        vars(self).update(self.KNOWN, created=time.time(), facts=facts, request=own_id)


def new_request_id() -> str:
    """Return an id for a request: 16 hexadecimal digits."""
    # No secret, so the system need not be called for it. Python seeds this anew after a fork.
    return f"{random.getrandbits(64):016x}"


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        about = getattr(record, "request", None) or request_id()
        told = {"time": when, "level": record.levelname.lower(), "logger": record.name}
        told |= {"event": record.getMessage(), "request": about} | _facts(record)
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
