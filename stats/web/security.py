"""Doors: who may pass, CSRF, cookies, and the headers of every answer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from htmx_flask import make_response
from htmx_flask import request as htmx_request
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Response as AnyResponse

from stats.web import patience
from stats.web.cookies import FILES, SessionCookie

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

csrf = CSRFProtect()

STRIPE_FORMS = "https://checkout.stripe.com https://billing.stripe.com https://buy.stripe.com"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        f"form-action 'self' {STRIPE_FORMS}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What answers depend on, by the page's own choice, its compression and its session.
VARY = "HX-Request, Accept-Encoding, Cookie"
HSTS = "max-age=63072000; includeSubDomains"

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
    patience.expect(request.environ, length)


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


def unauthorised() -> AnyResponse:
    """Send a visitor to the log-in page; htmx gets 401, or it would swap that page in."""
    if not htmx_request.htmx:
        return redirect(_login_url(request.full_path.rstrip("?") if _readable() else ""))
    target = _login_url(_path_of(htmx_request.htmx.current_url or ""))
    response: AnyResponse = make_response("", redirect=target)
    response.status_code = 401
    return response


def _path_of(url: str) -> str:
    try:
        seen = urlsplit(url)
    except ValueError:
        return ""
    return seen.path + (f"?{seen.query}" if seen.query else "")


def _readable() -> bool:
    return request.method in ("GET", "HEAD")


def _login_url(path: str) -> str:
    return "/login?" + urlencode({"next": local_path(path)})


def local_path(path: str | None) -> str:
    """Return `path` if it is a plain path on this site, else the dashboard's.

    Browsers read a backslash as a slash and drop tabs and newlines (WHATWG URL, section 4.4), so
    only printable ASCII without backslashes passes.
    """
    path = path or ""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/dashboard"


def keep_private(response: Response) -> Response:
    """Keep private pages out of every cache; end a connection on which nothing is clear."""
    if response.status_code == 400 and _unclear():
        response.headers["Connection"] = "close"
    if request.endpoint not in FILES:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = VARY
    return response


def security_headers(scheme: str) -> list[tuple[str, str]]:
    """Return the headers of every answer that is sent over `http` or `https`."""
    hsts = [("Strict-Transport-Security", HSTS)] if scheme == "https" else []
    return [*HEADERS.items(), *hsts]


class SecurityHeaders:
    """WSGI middleware that puts the security headers on every answer, whoever gives it."""

    def __init__(self, wsgi_app: "WSGIApplication") -> None:
        self._next = wsgi_app
        self._headers = {scheme: security_headers(scheme) for scheme in ("http", "https")}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        more = self._headers[environ["wsgi.url_scheme"]]

        def start(status: str, headers: list[tuple[str, str]], *wrong: Any) -> Any:
            return start_response(status, headers + more, *wrong)

        return self._next(environ, start)
