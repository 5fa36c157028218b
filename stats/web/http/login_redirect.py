"""Redirects to the log-in page, and back to the page that was requested."""

from urllib.parse import urlencode, urlsplit

from flask import redirect, request
from htmx_flask import make_response
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response as AnyResponse


def unauthorised() -> AnyResponse:
    """Return a redirect to the log-in page; htmx gets 401 with HX-Redirect, to leave the page."""
    if not htmx_request.htmx:
        return redirect(_login_url(request.full_path.rstrip("?") if _is_safe_method() else ""))
    target = _login_url(_path_of(htmx_request.htmx.current_url or ""))
    response: AnyResponse = make_response("", redirect=target)
    response.status_code = 401
    return response


def _path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _is_safe_method() -> bool:
    return request.method in ("GET", "HEAD")


def _login_url(path: str) -> str:
    return "/login?" + urlencode({"next": local_path(path)})


def local_path(path: str | None) -> str:
    """Return `path` if it is a path on this site, else the dashboard's: no open redirects.

    Browsers read a backslash as a slash and drop tabs and newlines (WHATWG URL, section 4.4), so
    only printable ASCII without backslashes passes.
    """
    path = path or ""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/dashboard"
