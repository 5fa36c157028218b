"""Doors: who may pass, CSRF, cookies, and the headers of every answer."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response as AnyResponse

from stats.web.http import request_body
from stats.web.http.login_redirect import unauthorised
from stats.web.http.security_headers import VARY
from stats.web.http.session_cookie import FILES, SessionCookie

csrf = CSRFProtect()

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Close every route to strangers but those marked `public`, and dress every answer."""
    app.session_interface = SessionCookie()
    csrf.init_app(app)
    app.before_request(guard)
    app.after_request(keep_private)


def public(view: View) -> View:
    """Mark a view that may be seen without a login session."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def acts_by_session(view: View) -> View:
    """Mark a view whose script does nothing without a live session, and tells; it is not asked for
    twice."""
    view.acts_by_session = True  # type: ignore[attr-defined]
    return view


def takes(most: int) -> Callable[[View], View]:
    """Mark a view that takes bodies of up to `most` bytes, and not of the usual size."""

    def mark(view: View) -> View:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return mark


def guard() -> AnyResponse | None:
    """Refuse strangers first, then requests whose token is missing or foreign."""
    if isinstance(request.routing_exception, SecurityError):
        return None  # this host is not served, and Flask says so
    if wrong := _unclear():
        abort(400, wrong)
    view = current_app.view_functions.get(request.endpoint or "")
    if length := request.content_length:
        _expect_body(length, view)
    if view is None or request.blueprint in ("api", "webhooks") or request.endpoint == "static":
        return None
    if not getattr(view, "is_public", False) and not _may_pass(view):
        return unauthorised()
    return None if has_token() else unauthorised()


def has_token() -> bool:
    """Return whether the request has its CSRF token; aborts with 400 if it should have one.

    A session that has ended has none, and is told that it has ended.
    """
    try:
        _check_token()
    except CSRFError:
        view = current_app.view_functions[request.endpoint or ""]
        if current_user.is_authenticated or not hasattr(view, "acts_by_session"):
            raise
        return False
    return True


def _check_token() -> None:
    try:
        csrf.protect()
    except ValueError as error:
        raise CSRFError("The referrer is no address.") from error


def _expect_body(length: int, view: Callable[..., Any] | None) -> None:
    request.max_content_length = getattr(view, "most_bytes", request.max_content_length)
    if length > (request.max_content_length or 0):
        abort(413)
    request_body.expect(request.environ, length)


def names_session() -> bool:
    """Return whether the cookie names a login session, which may have ended."""
    return "_user_id" in session and "sid" in session


def _may_pass(view: Callable[..., Any]) -> bool:
    if hasattr(view, "acts_by_session"):
        return names_session()
    return bool(current_user.is_authenticated)


def _unclear() -> str:
    """Return what is wrong with a request that a proxy might have read otherwise than we do.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2 and section-6.1
    """
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        return "Send the request with a Content-Length."
    host = request.environ.get("HTTP_HOST", "")
    if "," in host or (not host and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
        return "Send the request with one Host."
    return ""


def keep_private(response: Response) -> Response:
    """Keep private pages out of every cache; end a connection on which nothing is clear."""
    if response.status_code == 400 and _unclear():
        response.headers["Connection"] = "close"
    if request.endpoint not in FILES:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = VARY
    return response
