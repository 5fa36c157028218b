"""The application: the only module that knows both halves. `python app.py` serves it."""

import gc
import os
import socket
import sys
from datetime import timedelta

from flask import Flask, Response
from flask_compress import Compress
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from stats.embedded.instance import complete
from stats.errors import ConfigError, StatsError
from stats.settings import Settings
from stats.store.client import Db
from stats.web import commands
from stats.web.accounts import (
    auth,
    email_address,
    password_reset,
    personal_data,
    sign_in_links,
    two_factor,
)
from stats.web.accounts import settings as account
from stats.web.api import conversations as api_conversations
from stats.web.api import dashboard as api_dashboard
from stats.web.api import description, moods, plans, users
from stats.web.billing import routes as billing
from stats.web.billing import webhook
from stats.web.commands import billing as cli
from stats.web.commands import import_aira
from stats.web.dashboard import routes as dashboard
from stats.web.http import access, current_user, error_pages, rate_limits, security_headers
from stats.web.json_provider import Provider
from stats.web.monitoring import access_log, counters, log_setup
from stats.web.pages import conversations, health, history, metrics, public
from stats.web.poll_cache import PollCache
from stats.web.runtime import FirstUse, Runtime, configure_secrets
from stats.web.templating import environment
from stats.web.worker_processes import (
    end_at_once_until_ready,
    end_when_told,
    exit_when_told,
    parent_death_signal,
)

BODY_LIMIT = 256 * 1024
THREADS = 4
LAST_REQUESTS = 7
# Shorter answers go out as they are: they would fill a packet or two less, and cost ten times that.
COMPRESSED_FROM = 4096
COMPRESSED = [
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
]
# The modules that have routes; some share a blueprint.
ROUTES = (
    public,
    health,
    auth,
    two_factor,
    password_reset,
    email_address,
    sign_in_links,
    dashboard,
    history,
    conversations,
    billing,
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

    Does no I/O: what embedded mode makes by itself is made, and Redis connected, on first use.
    Raises ConfigError.
    """
    settings = settings or Settings.from_env(os.environ)
    app = Flask(__name__)
    app.json = Provider(app)
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
        COMPRESS_BR_LEVEL=2,
        COMPRESS_MIN_SIZE=COMPRESSED_FROM,
        COMPRESS_MIMETYPES=COMPRESSED,
        COMPRESS_REGISTER=False,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["help_url"] = settings.help_url
    Htmx(app)
    _compress_long(app)
    for module in (
        access_log,
        environment,
        error_pages,
        access,
        rate_limits,
        current_user,
        public,
        metrics,
    ):
        module.init_app(app)
    for blueprint in dict.fromkeys(module.bp for module in ROUTES):
        app.register_blueprint(blueprint)
    if settings.embedded:
        public.offer_sample(app)
    app.cli.add_command(cli.billing)
    app.cli.add_command(import_aira.import_aira)
    commands.init_app(app)
    _stand(app, settings, db)
    return app


def _compress_long(app: Flask) -> None:
    """Compress answers that are worth it; the others need not be looked at for it."""
    compress = Compress(app)

    @app.after_request
    def long_ones(response: Response) -> Response:
        length = response.content_length
        short = length is not None and length < COMPRESSED_FROM
        # A part has the Vary of the whole (RFC 9110, section 15.3.7).
        is_plain = short and response.status_code != 206
        return response if is_plain else compress.after_request(response)


def _stand(app: Flask, settings: Settings, db: Db | None) -> None:
    """Put the app on its runtime and behind the proxies it is to believe."""
    runtime = app.extensions["aira"] = Runtime(settings, db)
    app.wsgi_app = security_headers.SecurityHeaders(app.wsgi_app)  # type: ignore[method-assign]
    headers = security_headers.unchanged_poll_headers()
    poll_cache = PollCache(app.wsgi_app, runtime, settings.poll_cache_size, headers)
    app.wsgi_app = app.extensions["aira.poll_cache"] = poll_cache  # type: ignore[method-assign]
    if settings.secret_keys:
        configure_secrets(app, settings)
    else:
        app.wsgi_app = FirstUse(app, runtime)  # type: ignore[method-assign]
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops)  # type: ignore[method-assign]


def main() -> None:
    """Serve until interrupted."""
    exit_when_told()
    try:
        settings = Settings.from_env(os.environ)
        _check_port(settings)
        settings = complete(settings)
    except StatsError as error:
        sys.exit(f"aira-stats: {error}")
    print(_greeting(settings), flush=True)
    with counters.shared(settings.workers):
        _serve(settings)


def _serve(settings: Settings) -> None:
    """Serve until interrupted; requests under way then are answered before it returns."""
    end_at_once_until_ready()
    Granian(
        "app:worker",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=settings.workers,
        blocking_threads=THREADS,
        # The last resort for a worker that does not stop by itself.
        workers_kill_timeout=LAST_REQUESTS,
        log_enabled=False,
    ).serve()


def _check_port(settings: Settings) -> None:
    # The server shares its port with any other of its kind, which would split the users.
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise ConfigError(f"PORT: cannot listen on {settings.port}: {error.strerror}.") from None


def worker() -> Flask:
    """Return the application of one worker process, which ends with its parent."""
    end_when_told()
    parent_death_signal()
    # All that was imported stays: the collector need not walk through it again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app


def _greeting(settings: Settings) -> str:
    line = f"Aira Stats is at http://{settings.host}:{settings.port}"
    if not Settings.from_env(os.environ).embedded:
        return line
    return f"{line}   service key: {settings.api_keys[0]}"


if __name__ == "__main__":
    main()
else:
    try:
        app = create_app()
    except ConfigError as error:
        sys.exit(f"aira-stats: {error}")
    log_setup.set_up(app.extensions["aira"].given)
