"""Limits of routes, and who is counted: far more than any honest person needs, and no more.

A limit stands at its route: `@limited(100, HOUR, by=by_address)`. What writes, mails or costs is
counted in Redis, before it is done, by the same script as the attempts to log in: exactly, and for
all workers together. The JSON API is counted in the memory of each worker, where it costs no round
trip. Flask-Limiter would take 37 µs of every request, polls included, where reading what stands at
the view takes less than one.

Never counted are polls, the dashboard, health and files, which are cheap and asked for all day, and
the webhook: its signature is checked before anything else, and a refusal would only delay a plan.
"""

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from flask import Flask, current_app, request, session
from flask_login import current_user

from stats import rate_limit
from stats.accounts.email_address import canonical_email
from stats.errors import TooManyTries
from stats.rate_limit import Attempt, MinuteCounter, count_hit
from stats.web.http.service_key import is_service
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db, runtime

HOUR = 3600
# Calls of the JSON API in a minute, in each worker.
SERVICE_KEY_LIMIT, SESSION_LIMIT = 6_000, 300

View = TypeVar("View", bound=Callable[..., Any])


class Limit(NamedTuple):
    """At most `max_hits` requests with `method` in `seconds`, for each one that `by` names."""

    max_hits: int
    seconds: int
    by: Callable[[], str]
    method: str


def limited(
    max_hits: int, seconds: int, *, by: Callable[[], str], method: str = "POST"
) -> Callable[[View], View]:
    """Limit a view to `max_hits` requests in `seconds` for each one that `by` names.

    Counts requests with `method`, HEAD as GET. Of several limits the upper counts first.
    """

    def mark(view: View) -> View:
        view.limits = (Limit(max_hits, seconds, by, method), *limits_of(view))  # type: ignore[attr-defined]
        return view

    return mark


def limits_of(view: Callable[..., Any] | None) -> tuple[Limit, ...]:
    """Return the limits that stand at a view."""
    limits: tuple[Limit, ...] = getattr(view, "limits", ())
    return limits


def by_address() -> str:
    """Return who asks, by address; a network of IPv6 is given to one customer as a whole.

    https://www.rfc-editor.org/rfc/rfc6177#section-2
    """
    address = _parse(request.remote_addr or "")
    if address is None:
        return f"address {request.remote_addr}"
    if isinstance(address, ipaddress.IPv4Address):
        return f"address {address}"
    mapped = address.ipv4_mapped
    return f"address {mapped or ipaddress.ip_network((int(address), 64), strict=False)}"


def _parse(forwarded: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # Some proxies forward an address together with its port, which is another one each time.
    host = forwarded.rpartition(":")[0].strip("[]")
    for text in (forwarded, host):
        with suppress(ValueError):
            return ipaddress.ip_address(text)
    return None


def by_email() -> str:
    """Return whom a form is about, by the e-mail address typed."""
    return f"email {canonical_email(request.form.get('email', ''))}"


def by_user() -> str:
    """Return who asks, by user id."""
    return f"user {current_user.id}"


def count_attempt(*names: str) -> Attempt:
    """Count an attempt for each of `names`, for none where limits are switched off.

    Raises TooManyTries.
    """
    return rate_limit.count_attempt(db(), *(names if runtime().given.ratelimit_enabled else ()))


def init_app(app: Flask) -> None:
    """Count from now on. Doors come first: who may not ask at all is not counted."""
    app.extensions["aira.api_calls"] = MinuteCounter()
    app.before_request(check_limits)


def check_limits() -> None:
    """Count the request where it is limited; raises TooManyTries."""
    view = current_app.view_functions.get(request.endpoint or "")
    limits, in_api = _limits_now(view), _is_api_call(view)
    if not (limits or in_api) or not runtime().given.ratelimit_enabled:
        return
    wait = _count_api_call() if in_api else 0
    for limit in limits:
        wait = wait or _count(limit)
    if wait:
        event("limit.reached", route=request.endpoint or "")
        raise TooManyTries(wait)


def _count(limit: Limit) -> int:
    return count_hit(db(), f"{request.endpoint} {limit.by()}", limit.max_hits, limit.seconds)


def _limits_now(view: Callable[..., Any] | None) -> list[Limit]:
    method = "GET" if request.method == "HEAD" else request.method
    return [limit for limit in limits_of(view) if limit.method == method]


def _is_api_call(view: Callable[..., Any] | None) -> bool:
    return request.blueprint == "api" and not getattr(view, "is_public", False)


def _count_api_call() -> int:
    calls: MinuteCounter = current_app.extensions["aira.api_calls"]
    if is_service():
        return calls.count_hit(request.headers["Authorization"], SERVICE_KEY_LIMIT)
    # The cookie is signed, so that this is a session that was begun here, if perhaps a dead one.
    session_id = session.get("sid")
    return calls.count_hit(session_id, SESSION_LIMIT) if session_id else 0
