"""The audit trail: one line for each request, and one for each event that security is about.

Lines say who, what, when and from where, and never a password, token, body or e-mail address
(https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html). An embedded instance
writes them to be read by a person, a deployed one as JSON.
"""

import logging
import random
import time

from flask import Flask, Response, g, has_request_context, request

from stats.web.monitoring.audit_log import shown_id
from stats.web.monitoring.counters import count_request

requests = logging.getLogger("aira.requests")
# Asked all day by every open page; counted and not written down.
UNCHANGED_POLL = ("/dashboard/stats", 204)


def init_app(app: Flask) -> None:
    """Give each request an id and, once it is answered, a line."""
    app.before_request(_begin)
    app.after_request(_end)


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
