"""CSRF tokens: each is a signature of the secret that the session cookie of its browser holds."""

from flask import g, session
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

protection = CSRFProtect()


def check_token() -> None:
    """Raise CSRFError (400) unless the request changes nothing or has a token of its session."""
    try:
        protection.protect()
    except ValueError as error:
        raise CSRFError("The referrer is no address.") from error


def has_valid_token() -> bool:
    """Return whether `check_token` raises nothing."""
    try:
        check_token()
    except CSRFError:
        return False
    return True


def browser_secret() -> str:
    """Return the secret behind this browser's tokens, "" where its cookie holds none."""
    secret: str = session.get("csrf_token", "")
    return secret


def ensure_secret() -> None:
    """Give the session a secret if it has none, as after a log-in."""
    if not browser_secret():
        g.pop("csrf_token", None)  # the token of the session before
        generate_csrf()
