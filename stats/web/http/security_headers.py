"""The security headers of every response."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stats.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
    # What lacks this comes from somebody in between, and app.js shows nothing of it.
    "X-Aira": "1",
}
# Responses depend on htmx, the encoding and the session.
VARY = "HX-Request, Accept-Encoding, Cookie"


def security_headers(settings: Settings) -> dict[str, list[tuple[str, str]]]:
    """Return the security headers of a response by its scheme: `http` or `https`.

    Browsers ignore Strict-Transport-Security over http (RFC 6797, section 8.1).
    """
    span = f"max-age={settings.hsts_max_age}"
    hsts = f"{span}; includeSubDomains" if settings.hsts_subdomains else span
    plain = list(HEADERS.items())
    return {"http": plain, "https": [*plain, ("Strict-Transport-Security", hsts)]}


def unchanged_poll_headers(settings: Settings) -> dict[str, list[tuple[str, str]]]:
    """Return the headers of a poll that is answered 204 from memory, by scheme.

    They are the route's, without X-Request-ID: such a poll is not in the access log.
    """
    private = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Vary", VARY),
    ]
    return {scheme: [*private, *headers] for scheme, headers in security_headers(settings).items()}


class SecurityHeadersMiddleware:
    """WSGI middleware that adds the security headers to every response."""

    def __init__(self, wsgi_app: "WSGIApplication", settings: Settings) -> None:
        self._wsgi_app = wsgi_app
        self._headers = security_headers(settings)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        security = self._headers[environ["wsgi.url_scheme"]]

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            return start_response(status, headers + security, *exc_info)

        return self._wsgi_app(environ, start)
