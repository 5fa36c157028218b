"""CSRF tokens: Flask-WTF's; what a good one was made of is remembered."""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, current_app, g, session
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError, same_origin
from itsdangerous import BadData, URLSafeTimedSerializer

from stats.web.runtime import asked

HEADER, FIELD = "HTTP_X_CSRFTOKEN", "csrf_token"
# Where Flask-WTF's tokens are told apart from whatever else the same keys sign.
SALT = "wtf-csrf-token"
# How many are remembered, of the length that they have: some 8 MB at most.
REMEMBERED, USUAL = 16_384, 256


class Tokens(CSRFProtect):  # type: ignore[misc]
    """Checks tokens. A page's is good for as long as its session (WTF_CSRF_TIME_LIMIT is None)."""

    def __init__(self) -> None:
        super().__init__()
        self._content = lru_cache(maxsize=REMEMBERED)(_read)

    def protect(self, apply_exemptions: bool = False) -> None:
        """Pass a request whose token goes with its session; raises CSRFError for another one."""
        seen, app = asked(), _app()
        if seen.method not in app.config["WTF_CSRF_METHODS"]:
            return
        token = self._get_csrf_token() or ""
        # The library decides about all the others, and says why.
        if not self.fits(app, token, session.get(FIELD), seen.environ):
            self._judge()
        # No form need ask again, and a page keeps the token that it has. Whoever's session is
        # cleared is sent elsewhere, so that no page is made with the token of another one.
        g.csrf_valid, g.csrf_token = True, token

    def _judge(self) -> None:
        try:
            super().protect()
        except ValueError as error:
            raise CSRFError("The referrer is no address.") from error

    def fits(self, app: Flask, token: str, kept: str | None, environ: Mapping[str, Any]) -> bool:
        """Return whether a token goes with what a session keeps, and comes from a page of ours."""
        if not kept or len(token) > USUAL or not _is_from_here(environ):
            return False
        try:
            return hmac.compare_digest(self._content(app, token), kept)
        except BadData:
            return False  # An exception is not remembered: a bad token costs no memory.

    def _get_csrf_token(self) -> str | None:
        """Return the header's token, else the form's: a body of JSON is not read as a form."""
        found: str | None = asked().environ.get(HEADER) or super()._get_csrf_token()
        return found


def _read(app: Flask, token: str) -> str:
    return str(URLSafeTimedSerializer(app.config["WTF_CSRF_SECRET_KEY"], salt=SALT).loads(token))


def _is_from_here(environ: Mapping[str, Any]) -> bool:
    # As Flask-WTF wants it: over HTTPS a page says where it comes from.
    if environ["wsgi.url_scheme"] != "https":
        return True
    page, host = environ.get("HTTP_REFERER", ""), environ.get("HTTP_HOST", "")
    try:
        return bool(host) and bool(same_origin(page, f"https://{host}/"))
    except ValueError:
        return False


def _app() -> Flask:
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return found
