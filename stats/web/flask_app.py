"""`create_app`: the application factory."""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response
from flask_compress import Compress
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from stats.settings import Settings
from stats.store.client import Db
from stats.web import commands
from stats.web.accounts import (
    auth,
    email_address,
    password_reset,
    personal_data,
    sign_in_links,
    sign_up,
    two_factor,
)
from stats.web.accounts import settings as account
from stats.web.api import conversations as api_conversations
from stats.web.api import dashboard as api_dashboard
from stats.web.api import moods, plans, users
from stats.web.api.description import routes as description
from stats.web.billing import checkout_return, webhook
from stats.web.billing import routes as billing
from stats.web.commands import billing as cli
from stats.web.commands import import_aira
from stats.web.dashboard import routes as dashboard
from stats.web.http import (
    access,
    current_user,
    error_pages,
    rate_limits,
    security_headers,
    static_files,
)
from stats.web.http.forms import repeated_forms
from stats.web.http.request_body import MAX_CONTENT_LENGTH
from stats.web.json_provider import MsgspecProvider
from stats.web.monitoring import access_log
from stats.web.pages import conversations, day, entries, health, history, metrics, public
from stats.web.poll_cache import PollCache
from stats.web.runtime import LoadSecretsMiddleware, Runtime, configure_secrets
from stats.web.templating import environment

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PACKAGE = Path(__file__).parent
# Shorter responses are not compressed: it would cost ten times what it saves on the wire.
COMPRESS_MIN_SIZE = 4096
COMPRESS_MIMETYPES = [
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
]
# The modules that define routes; some share a blueprint.
ROUTE_MODULES = (
    public,
    health,
    auth,
    two_factor,
    password_reset,
    email_address,
    sign_in_links,
    sign_up,
    dashboard,
    history,
    day,
    entries,
    conversations,
    billing,
    checkout_return,
    account,
    personal_data,
    api_dashboard,
    moods,
    plans,
    api_conversations,
    users,
    description,
    webhook,
)


def create_app(settings: Settings | None = None, db: Db | None = None) -> Flask:
    """Return the Flask application; `settings` come from the environment unless given.

    Does no I/O: embedded mode generates its files, and Redis is connected, on first use.
    Raises ConfigError.
    """
    settings = settings or Settings.from_env(os.environ)
    app = Flask(__name__, root_path=str(_root()))
    app.json = MsgspecProvider(app)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_CONTENT_LENGTH,
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
        COMPRESS_BR_LEVEL=2,
        COMPRESS_MIN_SIZE=COMPRESS_MIN_SIZE,
        COMPRESS_MIMETYPES=COMPRESS_MIMETYPES,
        COMPRESS_REGISTER=False,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["help_url"] = settings.help_url
    Htmx(app)
    _init_compression(app)
    for module in (
        access_log,
        environment,
        error_pages,
        access,
        rate_limits,
        repeated_forms,
        current_user,
        static_files,
        public,
        metrics,
    ):
        module.init_app(app)
    for blueprint in dict.fromkeys(module.bp for module in ROUTE_MODULES):
        app.register_blueprint(blueprint)
    if settings.embedded:
        public.offer_sample(app)
    app.cli.add_command(cli.billing)
    app.cli.add_command(import_aira.import_aira)
    commands.init_app(app)
    _wrap_wsgi_app(app, settings, db)
    return app


def _root() -> Path:
    """Return the folder of templates/ and static/: this package in a wheel, else the repository."""
    return PACKAGE if (PACKAGE / "templates").is_dir() else PACKAGE.parents[1]


def _init_compression(app: Flask) -> None:
    """Compress long responses; Flask-Compress need not inspect the others."""
    compress = Compress(app)

    @app.after_request
    def compress_response(response: Response) -> Response:
        length = response.content_length
        short = length is not None and length < COMPRESS_MIN_SIZE
        # A partial response has the Vary of the full one (RFC 9110, section 15.3.7).
        unchanged = short and response.status_code != 206
        return response if unchanged else compress.after_request(_closing(response))


def _closing(response: Response) -> Response:
    # Flask-Compress puts its own iterable in the place of a file's, and never closes the file.
    if close := getattr(response.response, "close", None):
        response.call_on_close(close)
    return response


def _wrap_wsgi_app(app: Flask, settings: Settings, db: Db | None) -> None:
    """Attach the runtime and put the WSGI middleware around the app, innermost first."""
    runtime = app.extensions["aira"] = Runtime(settings, db)
    _use(app, security_headers.SecurityHeadersMiddleware(app.wsgi_app, settings))
    headers = security_headers.unchanged_poll_headers(settings)
    poll_cache = PollCache(app.wsgi_app, runtime, settings.poll_cache_size, headers)
    app.extensions["aira.poll_cache"] = poll_cache
    _use(app, poll_cache)
    if settings.secret_keys:
        configure_secrets(app, settings)
    else:
        _use(app, LoadSecretsMiddleware(app, runtime))
    if hops := settings.trusted_proxies:
        _use(app, ProxyFix(app.wsgi_app, hops, hops, hops, hops))


def _use(app: Flask, middleware: "WSGIApplication") -> None:
    # The way of Flask's documentation; to mypy a method cannot be assigned.
    app.wsgi_app = middleware  # type: ignore[assignment, method-assign]
