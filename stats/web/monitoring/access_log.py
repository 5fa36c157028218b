"""The access log: one line for each request.

Lines of this log and of the audit log say who, what, when and from where, and never a password,
token, body or e-mail address
(https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html).
"""

import logging
import random
import re
import time

from flask import Flask, Response, g, has_request_context, request

from stats.web.monitoring.audit_log import loggable_id
from stats.web.monitoring.counters import count_request

requests = logging.getLogger("aira.requests")
# Too frequent for the log: every open page polls. These are only counted.
UNCHANGED_POLL = ("/dashboard/stats", 204)
# An id of the caller's that is taken over: one word, in a log as in a header.
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def init_app(app: Flask) -> None:
    """Give each request an id, its own if that is sane, and log it once it is answered."""
    app.before_request(_start_timer)
    app.after_request(_log_request)


def request_id() -> str:
    """Return the id of the current request, "" outside of one."""
    return g.get("request_id", "") if has_request_context() else ""


def _start_timer() -> None:
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else new_request_id()
    g.started_at = time.perf_counter()


def _log_request(response: Response) -> Response:
    if "started_at" not in g:
        _start_timer()  # no before_request runs for a host that is not trusted
    # The URL rule, not the path, which may contain a token.
    rule = request.url_rule.rule if request.url_rule else None
    seconds = time.perf_counter() - g.started_at
    fields = {"method": request.method, "route": rule, "status": response.status_code}
    fields["ms"] = round(seconds * 1000, 1)
    if "user_id" in g:
        fields["user"] = loggable_id(g.user_id)
    if (fields["route"], fields["status"]) != UNCHANGED_POLL:
        requests.info("request", extra={"facts": fields})
    count_request(request.method, rule or "none", response.status_code, seconds)
    response.headers["X-Request-ID"] = g.request_id
    return response


def new_request_id() -> str:
    """Return an id for a request: 16 hexadecimal digits."""
    # Not secret, so no os.urandom is needed. Python reseeds `random` after a fork.
    return f"{random.getrandbits(64):016x}"
