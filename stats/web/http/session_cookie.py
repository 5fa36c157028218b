"""The session cookie: over HTTPS it is Secure and bound to this host by its name.

https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
"""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from stats.web.http.static_files import STATIC_ENDPOINTS


class HostCookieSessionInterface(SecureCookieSessionInterface):
    """Flask's own, with name and Secure by the scheme of the request, and not on static files."""

    def get_cookie_name(self, app: Flask) -> str:
        return "__Host-session" if request.is_secure else "session"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        # No Vary is needed from here: all other responses get it from set_cache_headers.
        if session.modified and request.endpoint not in STATIC_ENDPOINTS:
            super().save_session(app, session, response)
