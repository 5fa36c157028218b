"""CSRF tokens: each is a signature of the secret that the session cookie of its browser holds."""

from flask import g, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

protection = CSRFProtect()
BAD_REFERRER = "The referrer is no address."


def check_token() -> None:
    """Raise CSRFError (400) unless the request changes nothing or has a token of its session."""
    try:
        protection.protect()
    except ValueError as error:
        raise CSRFError(BAD_REFERRER) from error


def has_valid_token() -> bool:
    """Return whether `check_token` raises nothing."""
    try:
        check_token()
    except CSRFError:
        return False
    return True


def is_about_referrer(error: CSRFError) -> bool:
    """Return whether the token is right and the referrer is not, so that a new token is no help."""
    return str(error.description).startswith("The referrer")


def is_same_origin() -> bool:
    """Return whether the browser says that a page of this very origin has sent the request.

    No other site can set these headers, see "Fetch Metadata" and "standard headers" in
    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def browser_secret() -> str:
    """Return the secret behind this browser's tokens, "" where its cookie holds none."""
    secret: str = session.get("csrf_token", "")
    return secret


def ensure_secret() -> None:
    """Give the session a secret if it has none, as after a log-in."""
    if not browser_secret():
        g.pop("csrf_token", None)  # the token of the session before
        generate_csrf()
