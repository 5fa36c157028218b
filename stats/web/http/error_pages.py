"""The error handler: every exception to a status, as JSON under /api/ and as a page elsewhere."""

from typing import Any

import redis
from flask import Flask, current_app, jsonify, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from redis.exceptions import ClusterError, InvalidResponse, TryAgainError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from stats.errors import (
    BillingUnavailable,
    Busy,
    CodesLocked,
    EmailTaken,
    InvalidInput,
    NotFound,
    OperationReused,
    SessionEnded,
    StatsError,
    StoreUnavailable,
    TooManyTries,
    UserNotFound,
)
from stats.lib.messages import N_
from stats.store.circuit_breaker import REDIS_ERRORS, UNREACHABLE_ERRORS
from stats.store.writability import refuses_writes
from stats.web.http.login_redirect import unauthorised
from stats.web.http.request_body import MAX_CONTENT_LENGTH
from stats.web.runtime import current_runtime
from stats.web.templating.translation import _, error_message

STATUS: dict[type[StatsError], int] = {
    OperationReused: 422,
    InvalidInput: 400,
    SessionEnded: 401,
    UserNotFound: 404,
    NotFound: 404,
    EmailTaken: 409,
    TooManyTries: 429,
    StoreUnavailable: 503,
    BillingUnavailable: 503,
    Busy: 503,
}
RETRY_AFTER = "2"
# Error codes of a Redis that cannot serve now
# (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
OUTAGE_CODES = ("BUSY", "CLUSTERDOWN")
OUTAGE_ERRORS = (InvalidResponse, ClusterError, TryAgainError)
PAGE_MESSAGES = {
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
        N_("The page may be gone, or the address mistyped."),
    ),
    405: (N_("That does not work here"), N_("This address cannot be used in that way.")),
    413: (N_("Too much at once"), N_("What you sent is larger than this page can take.")),
    422: (
        N_("This was sent before"),
        N_("It held something else then, and that was done. Load the page again for another go."),
    ),
    429: (
        N_("A little slower, please"),
        N_("There were many tries in a short time. Wait a few minutes and try again."),
    ),
    500: (N_("Something broke"), N_("That is our fault, not yours. Nothing you saved is lost.")),
    503: (N_("We cannot reach your numbers"), N_("They are safe. Please try again in a minute.")),
}
API_MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: f"The body is larger than {MAX_CONTENT_LENGTH // 1024} KiB.",
    500: "Something went wrong here. Nothing was half written.",
    503: "The store does not answer just now. Try again in a moment.",
}
# Where no StatsError says it. Codes are a promise to programs: more may come, none changes.
HTTP_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "content_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "store_unavailable",
}
CSRF_CODE = "csrf_token_invalid"

UNKNOWN_HOST = "This host is not served here."


def init_app(app: Flask) -> None:
    """Handle every exception here."""
    for kind in (HTTPException, StatsError, *REDIS_ERRORS, Exception):
        app.register_error_handler(kind, handle_error)


def handle_error(error: Exception) -> ResponseReturnValue:
    """Return the response to an exception; an unexpected one is logged and answered 500."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response
    if isinstance(error, SessionEnded) and not request.path.startswith("/api/"):
        return unauthorised()
    status = status_of(error)
    if status == 503:
        current_runtime().restart_embedded_server(error)
    if status == 500:
        current_app.logger.error("request failed", exc_info=error)
    body = _json(error, status) if request.path.startswith("/api/") else _text(error, status)
    retry_after = str(error.seconds) if isinstance(error, TooManyTries) else RETRY_AFTER
    headers = {"Retry-After": retry_after} if status in (429, 503) else {}
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
    """Return whether an exception means that Redis cannot serve now; others are bugs."""
    if isinstance(error, UNREACHABLE_ERRORS) or refuses_writes(error):
        return True
    # redis-py has classes for some of these codes; the others begin the message.
    return isinstance(error, OUTAGE_ERRORS) or (
        isinstance(error, redis.ResponseError) and str(error).startswith(OUTAGE_CODES)
    )


def _json(error: Exception, status: int) -> Any:
    body = {"error": _sentence(error, status), "code": code_of(error, status)}
    field = error.field if isinstance(error, InvalidInput) else None
    return jsonify(body | {"field": field} if field else body)


def _sentence(error: Exception, status: int) -> str:
    if isinstance(error, BillingUnavailable) or (isinstance(error, StatsError) and status < 500):
        return str(error)
    if isinstance(error, CSRFError):
        return f"{error.description} Send the token of the page as X-CSRFToken."
    if isinstance(error, HTTPException) and status not in API_MESSAGES:
        return error.description or API_MESSAGES[500]
    return API_MESSAGES[status]


def code_of(error: Exception, status: int) -> str:
    """Return the word by which a program knows an exception, whatever its sentence is."""
    if isinstance(error, StatsError):
        return error.code
    if isinstance(error, CSRFError):
        return CSRF_CODE
    return HTTP_CODES.get(status, HTTP_CODES[400 if status < 500 else 500])


def _text(error: Exception, status: int) -> str:
    # No URL can be built for a host that is not trusted, and every page has some.
    return UNKNOWN_HOST if isinstance(error, SecurityError | BadHost) else _page(error, status)


def _page(error: Exception, status: int) -> str:
    title, sentence = PAGE_MESSAGES.get(status, PAGE_MESSAGES[400])
    title, sentence = _(title), _(sentence)
    own_sentence = isinstance(error, InvalidInput | BillingUnavailable | Busy | CodesLocked)
    if own_sentence and not isinstance(error, OperationReused):
        title, sentence = _("That did not work"), error_message(error)
    return render_template(
        "layout/error.html",
        without_session=True,
        title=title,
        message=sentence,
        actions=_actions(status),
    )


def _actions(status: int) -> list[tuple[str, str]]:
    """Return addresses and words of an error page's links; the cookie alone says to whom."""
    if status == 503:
        return [("/dashboard", _("Try again"))]
    if "sid" in session:
        return [("/dashboard", _("Go to your dashboard"))]
    return [("/", _("To the start page")), ("/login", _("Log in"))]
