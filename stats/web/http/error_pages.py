"""One table: what went wrong → status. JSON under /api/, a page elsewhere."""

from typing import Any

import redis
from flask import Flask, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from redis.exceptions import (
    ClusterError,
    InvalidResponse,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    TryAgainError,
)
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from stats.errors import (
    BillingUnavailable,
    EmailTaken,
    InvalidInput,
    NotFound,
    SessionEnded,
    StatsError,
    StoreUnavailable,
    TooManyTries,
    UserNotFound,
)
from stats.lib.messages import N_
from stats.web.http.login_redirect import unauthorised
from stats.web.runtime import runtime
from stats.web.templating.translation import _, reason

STATUS: dict[type[Exception], int] = {
    InvalidInput: 400,
    SessionEnded: 401,
    UserNotFound: 404,
    NotFound: 404,
    EmailTaken: 409,
    TooManyTries: 429,
    StoreUnavailable: 503,
    BillingUnavailable: 503,
}
RETRY_AFTER = "2"
# Error codes with which Redis says that it cannot serve now
# (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
OUTAGES = ("BUSY", "NOREPLICAS", "MISCONF", "OOM", "READONLY", "CLUSTERDOWN")
KNOWN_OUTAGES = (InvalidResponse, OutOfMemoryError, ReadOnlyError, ClusterError, TryAgainError)
SENTENCES = {
    400: (
        N_("Something is missing"),
        N_("This page may have been open for too long. Go back, load it again and try once more."),
    ),
    403: (
        N_("This is not yours to see"),
        N_("You are logged in, but this page belongs to somebody else."),
    ),
    404: (
        N_("Nothing here"),
        N_("There is no page at this address. It may have been deleted or mistyped."),
    ),
    405: (N_("That does not work here"), N_("This address cannot be used in that way.")),
    413: (N_("Too much at once"), N_("What you sent is larger than this page can take.")),
    429: (
        N_("A little slower, please"),
        N_("There were many tries in a short time. Wait a few minutes and try again."),
    ),
    500: (N_("Something broke"), N_("That is our fault, not yours. Nothing you saved is lost.")),
    503: (N_("We cannot reach your numbers"), N_("They are safe. Please try again in a minute.")),
}
API_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is larger than 256 KiB.",
    500: "Something went wrong here. Nothing was half written.",
    503: "The store does not answer just now. Try again in a moment.",
}

UNKNOWN_HOST = "This host is not served here."


def init_app(app: Flask) -> None:
    """Answer every exception from the table."""
    for kind in (HTTPException, StatsError, redis.RedisError, RedisClusterException, Exception):
        app.register_error_handler(kind, answer)


def answer(error: Exception) -> ResponseReturnValue:
    """Return the answer to an exception; what has no place in the table is logged and a 500."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response
    if isinstance(error, SessionEnded) and not request.path.startswith("/api/"):
        return unauthorised()
    status = status_of(error)
    if status == 503:
        runtime().revive(error)
    if status == 500:
        current_app.logger.error("request failed", exc_info=error)
    body = _json(error, status) if request.path.startswith("/api/") else _text(error, status)
    wait = str(error.seconds) if isinstance(error, TooManyTries) else RETRY_AFTER
    headers = {"Retry-After": wait} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, HTTPException):
        headers |= {
            name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")
        }
    return body, status, headers


def status_of(error: Exception) -> int:
    """Return the HTTP status that an exception stands for."""
    if isinstance(error, HTTPException):
        return error.code or 500
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    return 503 if is_outage(error) else 500


def is_outage(error: Exception) -> bool:
    """Return whether an exception says that Redis cannot serve now, and not that we erred."""
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | RedisClusterException):
        return True
    # redis-py has classes for some of these codes and leaves the others in the text.
    return isinstance(error, KNOWN_OUTAGES) or (
        isinstance(error, redis.ResponseError) and str(error).startswith(OUTAGES)
    )


def _json(error: Exception, status: int) -> Any:
    if isinstance(error, BillingUnavailable) or (isinstance(error, StatsError) and status < 500):
        return jsonify(error=str(error))
    if isinstance(error, HTTPException) and status not in API_SENTENCES:
        return jsonify(error=error.description)
    return jsonify(error=API_SENTENCES[status])


def _text(error: Exception, status: int) -> str:
    # Under a host that is not served no address can be built, and a page is full of them.
    return UNKNOWN_HOST if isinstance(error, SecurityError | BadHost) else _page(error, status)


def _page(error: Exception, status: int) -> str:
    title, sentence = SENTENCES.get(status, SENTENCES[400])
    title, sentence = _(title), _(sentence)
    if isinstance(error, InvalidInput | BillingUnavailable):
        title, sentence = _("That did not work"), reason(error)
    action = ("/dashboard", _("Try again") if status == 503 else _("Go to your dashboard"))
    return render_template(
        "layout/error.html", without_session=True, title=title, message=sentence, action=action
    )
