"""Rate limits of routes, well above what any user needs.

A route declares its limit: `@limited(100, HOUR, by=by_address)`. Requests that write, mail or cost
are counted in Redis beforehand, by the same script as the attempts to log in: exactly, and for all
workers together. The JSON API is counted in the memory of each worker, which costs no round trip.
Flask-Limiter would take 37 µs of every request, polls included; an attribute of the view takes less
than one.

Never counted are polls, the dashboard, health and static files, which are cheap and frequent, and
the webhook: its signature is checked before anything else, and a refusal would only delay a plan.
"""

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from flask import Flask, Response, current_app, g, request, session
from flask_login import current_user

from stats import rate_limit
from stats.accounts.email_address import canonical_email
from stats.errors import TooManyTries, WritesRefused
from stats.rate_limit import MINUTE, Attempt, MinuteCounter, Quota, count_hit
from stats.web.http.service_key import has_service_key
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db

HOUR = 3600
# Calls of the JSON API in a minute, in each worker.
SERVICE_KEY_LIMIT, SESSION_LIMIT = 6_000, 300

View = TypeVar("View", bound=Callable[..., Any])


class Limit(NamedTuple):
    """At most `max_hits` requests with `method` in `seconds` for each key that `by` returns."""

    max_hits: int
    seconds: int
    by: Callable[[], str]
    method: str


def limited(
    max_hits: int, seconds: int, *, by: Callable[[], str], method: str = "POST"
) -> Callable[[View], View]:
    """Limit a view to `max_hits` requests in `seconds` for each key that `by` returns.

    Counts requests with `method`, HEAD as GET. Of several limits the upper one counts first.
    """

    def decorator(view: View) -> View:
        view.limits = (Limit(max_hits, seconds, by, method), *limits_of(view))  # type: ignore[attr-defined]
        return view

    return decorator


def limits_of(view: Callable[..., Any] | None) -> tuple[Limit, ...]:
    """Return the limits of a view."""
    limits: tuple[Limit, ...] = getattr(view, "limits", ())
    return limits


def by_address() -> str:
    """Return the key of the client's address; of an IPv6 address its /64, which is one customer.

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
    # Some proxies forward the address with the port of the client, which changes.
    host = forwarded.rpartition(":")[0].strip("[]")
    for text in (forwarded, host):
        with suppress(ValueError):
            return ipaddress.ip_address(text)
    return None


def by_email() -> str:
    """Return the key of the e-mail address in the form."""
    return f"email {canonical_email(request.form.get('email', ''))}"


def by_user() -> str:
    """Return the key of the current user."""
    return f"user {current_user.id}"


def count_attempt(*names: str) -> Attempt:
    """Count an attempt for each of `names`; for none if RATELIMIT_ENABLED is off.

    Raises TooManyTries.
    """
    return rate_limit.count_attempt(
        db(), *(names if current_runtime().base_settings.ratelimit_enabled else ())
    )


def init_app(app: Flask) -> None:
    """Check the limits before each request, after access: a refused request is not counted."""
    app.extensions["aira.api_calls"] = MinuteCounter()
    app.before_request(check_limits)
    app.after_request(set_quota_headers)


def check_limits() -> None:
    """Count the request against the limits of its view; raises TooManyTries."""
    view = current_app.view_functions.get(request.endpoint or "")
    limits, in_api = _limits_of_method(view), _is_api_call(view)
    if not (limits or in_api) or not current_runtime().base_settings.ratelimit_enabled:
        return
    retry_after = _count_api_call() if in_api else 0
    for limit in limits:
        retry_after = retry_after or _count(limit)
    if retry_after:
        record_event("limit.reached", route=request.endpoint or "")
        raise TooManyTries(retry_after)


def _count(limit: Limit) -> int:
    try:
        return count_hit(db(), f"{request.endpoint} {limit.by()}", limit.max_hits, limit.seconds)
    except WritesRefused:
        # While Redis takes no writes nothing can be counted, and what only reads is answered.
        if limit.method != "GET":
            raise
        return 0


def _limits_of_method(view: Callable[..., Any] | None) -> list[Limit]:
    method = "GET" if request.method == "HEAD" else request.method
    return [limit for limit in limits_of(view) if limit.method == method]


def _is_api_call(view: Callable[..., Any] | None) -> bool:
    return request.blueprint == "api" and not getattr(view, "is_public", False)


def _count_api_call() -> int:
    calls: MinuteCounter = current_app.extensions["aira.api_calls"]
    if has_service_key():
        quota = calls.count_hit(request.headers["Authorization"], SERVICE_KEY_LIMIT)
    elif session_id := session.get("sid"):
        # The cookie is signed: its session was made here, though it may have ended.
        quota = calls.count_hit(session_id, SESSION_LIMIT)
    else:
        return 0
    g.quota = quota
    return quota.retry_after


def set_quota_headers(response: Response) -> Response:
    """Say on answers of the JSON API how many calls are left.

    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10
    """
    quota: Quota | None = g.get("quota")
    if quota is not None:
        response.headers["RateLimit-Policy"] = f'"minute";q={quota.limit};w={MINUTE}'
        response.headers["RateLimit"] = f'"minute";r={max(0, quota.remaining)};t={quota.reset}'
    return response
