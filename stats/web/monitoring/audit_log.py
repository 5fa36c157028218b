"""The audit log: one line for each security event."""

import hashlib
import logging

from flask import has_request_context, request

from stats.web.monitoring.counters import count_event

security = logging.getLogger("aira.security")


def record_event(name: str, user_id: str | None = None, **fields: str | int) -> None:
    """Log and count an event such as `login.failed`, about a user or an unknown one (None).

    `fields` are short values: a plan, a reason, a number. The request's id and address are added.
    """
    user = {} if user_id is None else {"user": loggable_id(user_id)}
    client = {"address": request.remote_addr or ""} if has_request_context() else {}
    security.info(name, extra={"facts": {**user, **fields, **client}})
    count_event(name, fields)


def loggable_id(user_id: str) -> str:
    """Return a user id for the log: a digest of one that may be an e-mail address."""
    if "@" not in user_id:
        return user_id
    return "#" + hashlib.blake2s(user_id.encode(), digest_size=8).hexdigest()
