"""The session cookie: over HTTPS it is Secure and bound to this host by its name.

https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
"""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

# A file is the same for everybody: no cookie with it, and none in its Vary.
FILES = ("static", "pages.htmx")


class SessionCookie(SecureCookieSessionInterface):
    """Flask's own, named and secured by the scheme of the request, and kept off files."""

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-session" if request.is_secure else "session"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # What answers depend on is told with every one that is no file.
        if session.modified and request.endpoint not in FILES:
            super().save_session(app, session, response)
