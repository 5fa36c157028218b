"""One line for each event that security is about."""

import hashlib
import logging

from flask import has_request_context, request

from stats.web.monitoring.counters import count_event

security = logging.getLogger("aira.security")


def record_event(what: str, user_id: str | None = None, **facts: str | int) -> None:
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
