"""The session cookie: over HTTPS it is Secure and bound to this host by its name.

https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
"""

import copy
import re
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

# A file is the same for everybody: no cookie with it, and none in its Vary.
FILES = ("static", "pages.htmx")
UNUSUAL = re.compile(r'[";\s]')
# How many are remembered, of the length that they usually have: some 60 MB at most.
REMEMBERED, USUAL = 65_536, 512
# No browser keeps a longer one (RFC 6265, section 6.1).
LONGEST = 4096


class Signed(NamedTuple):
    """What stands in a cookie whose signature was verified, and until when (s) it holds."""

    content: dict[str, Any]
    until: float


class Cookies(SecureCookieSessionInterface):
    """Reads and writes it; a cookie that was verified once is remembered."""

    def __init__(self) -> None:
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)
        self._signer = cache(self.get_signing_serializer)

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-session" if request.is_secure else "session"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        name = self.get_cookie_name(app)
        value = sent(request.environ, name)
        content = self.read(app, request.cookies.get(name, "") if value is None else value)
        return self.session_class(content)

    def read(self, app: Flask, value: str) -> dict[str, Any]:
        """Return what stands in a cookie, nothing if it is forged, too old or not there."""
        if not 0 < len(value) <= LONGEST:
            return {}
        try:
            verify = self._verified if len(value) <= USUAL else self._verify
            signed = verify(app, value)
        except BadSignature:
            return {}  # An exception is not remembered: a forged cookie costs no memory.
        if time.time() >= signed.until:
            return {}
        return {name: _own(what) for name, what in signed.content.items()}

    def _verify(self, app: Flask, value: str) -> Signed:
        lifetime = app.permanent_session_lifetime.total_seconds()
        signer: Any = self._signer(app)
        content, at = signer.loads(value, max_age=int(lifetime), return_timestamp=True)
        return Signed(content, at.timestamp() + lifetime)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # What answers depend on is told with every one that is no file.
        if session.modified and request.endpoint not in FILES:
            super().save_session(app, session, response)


def sent(environ: Mapping[str, Any], name: str) -> str | None:
    """Return a cookie's value, "" without one; None where the header is not as browsers send it.

    https://datatracker.ietf.org/doc/html/rfc6265#section-5.4
    """
    for part in environ.get("HTTP_COOKIE", "").split("; "):
        found, is_pair, value = part.partition("=")
        if (part and not is_pair) or UNUSUAL.search(part):
            return None
        if found == name:
            return str(value)
    return ""


def _own(what: Any) -> Any:
    return copy.copy(what) if isinstance(what, list | dict) else what
