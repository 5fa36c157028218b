"""Access control: which requests need a session, CSRF protection, cache headers."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response as AnyResponse

from stats.web.http import request_body
from stats.web.http.forms import csrf, repeated_forms, stale_forms
from stats.web.http.login_redirect import unauthorised
from stats.web.http.security_headers import VARY
from stats.web.http.session_cookie import HostCookieSessionInterface
from stats.web.http.static_files import STATIC_ENDPOINTS, set_static_cache

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Require a session on every route that is not `public`; add CSRF, cookies and headers."""
    app.session_interface = HostCookieSessionInterface()
    csrf.protection.init_app(app)
    app.before_request(check_access)
    app.after_request(set_cache_headers)
    app.teardown_request(request_body.close_large)


def public(view: View) -> View:
    """Mark a view that needs no login session."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def session_checked_by_script(view: View) -> View:
    """Mark a view whose Lua script checks the session; it is not read from Redis before."""
    view.session_checked_by_script = True  # type: ignore[attr-defined]
    return view


def max_content_length(size: int) -> Callable[[View], View]:
    """Mark a view that accepts bodies of up to `size` bytes instead of MAX_CONTENT_LENGTH."""

    def decorator(view: View) -> View:
        view.max_content_length = size  # type: ignore[attr-defined]
        return view

    return decorator


def check_access() -> AnyResponse | None:
    """Refuse requests without a session first, then those without a valid CSRF token."""
    if isinstance(request.routing_exception, SecurityError):
        return None  # Flask answers a host that is not trusted
    if error := _framing_error():
        abort(400, error)
    view = current_app.view_functions.get(request.endpoint or "")
    if length := request.content_length:
        _limit_body(length, view)
    if view is None or request.blueprint in ("api", "webhooks") or request.endpoint == "static":
        return None
    if not getattr(view, "is_public", False) and not _has_session(view):
        return repeated_forms.replay(view) or unauthorised()
    return _check_token(view)


def _check_token(view: Callable[..., Any]) -> AnyResponse | None:
    try:
        return None if has_csrf_token() else unauthorised()
    except CSRFError as error:
        return stale_forms.answer(error, view)


def has_csrf_token() -> bool:
    """Return True if the request passes the CSRF check; raises CSRFError (400) if it does not.

    Returns False instead for a view that is `session_checked_by_script` if no session is live: the
    session has ended, and its token with it.
    """
    try:
        csrf.check_token()
    except CSRFError:
        view = current_app.view_functions[request.endpoint or ""]
        if current_user.is_authenticated or not hasattr(view, "session_checked_by_script"):
            raise
        return False
    return True


def _limit_body(length: int, view: Callable[..., Any] | None) -> None:
    usual = request.max_content_length or 0
    request.max_content_length = getattr(view, "max_content_length", usual)
    if length > request.max_content_length:
        abort(413)
    request_body.wrap_input(request.environ, length, is_large=length > usual)


def has_session_cookie() -> bool:
    """Return whether the cookie holds a session id; the session may have ended."""
    return "_user_id" in session and "sid" in session


def _has_session(view: Callable[..., Any]) -> bool:
    if hasattr(view, "session_checked_by_script"):
        return has_session_cookie()
    return bool(current_user.is_authenticated)


def _framing_error() -> str:
    """Return why a proxy could frame or route this request differently, "" if it could not.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2 and section-6.1
    """
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        return "Send the request with a Content-Length."
    host = request.environ.get("HTTP_HOST", "")
    if "," in host or (not host and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1"):
        return "Send the request with one Host."
    return ""


def set_cache_headers(response: Response) -> Response:
    """Forbid caching of all but static files; close a connection with ambiguous framing."""
    if response.status_code == 400 and _framing_error():
        response.headers["Connection"] = "close"
    if request.endpoint in STATIC_ENDPOINTS:
        set_static_cache(response)
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = VARY
    return response
