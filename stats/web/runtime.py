"""The settings, the Redis client and the Stripe client of one app, made on first use."""

import errno
import threading
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import redis
from flask import Flask, current_app

from stats.billing.gateways.practice_gateway import PracticeGateway, practice_secret
from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.billing.prices import Prices
from stats.embedded import server
from stats.embedded.generated_keys import complete
from stats.settings import Settings
from stats.store.client import Db, connect

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# The beginning of redis-py's message when no server listens: no socket, or connection refused.
NOT_LISTENING = (f"Error {errno.ENOENT} ", f"Error {errno.ECONNREFUSED} ")


class Runtime:
    """The settings and the clients of one app; making it does no I/O.

    `base_settings` are those that the app was created with; `settings` are complete.
    """

    def __init__(self, settings: Settings, db: Db | None = None) -> None:
        self.base_settings = settings
        self._db = db
        self._lock = threading.Lock()

    @cached_property
    def settings(self) -> Settings:
        """The settings with what embedded mode generates; may start the embedded server."""
        return self.base_settings if self._db is not None else complete(self.base_settings)

    @property
    def db(self) -> Db:
        """The Redis client; it connects at its first command."""
        if self._db is None:
            with self._lock:
                if self._db is None:
                    self._db = connect(str(self.settings.redis_url))
        return self._db

    @cached_property
    def gateway(self) -> StripeGateway | PracticeGateway | None:
        """The Stripe client; without a key the practice gateway (embedded mode) or None."""
        if self.base_settings.stripe_secret_key:
            return StripeGateway(self.base_settings)
        return PracticeGateway(self.db) if self.base_settings.embedded else None

    @cached_property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets with which webhook events may be signed."""
        if isinstance(self.gateway, PracticeGateway):
            return (practice_secret(self.settings.secret_keys[0]),)
        return self.base_settings.stripe_webhook_secrets

    @cached_property
    def prices(self) -> Prices:
        """The prices of the plans, cached."""
        stripe = self.gateway if isinstance(self.gateway, StripeGateway) else None
        return Prices(stripe, self.base_settings.plan_prices)

    @property
    def grace(self) -> int:
        """How long an unpaid subscription keeps its plan (s)."""
        return self.base_settings.past_due_days * 86_400

    def restart_embedded_server(self, error: Exception) -> None:
        """Start the embedded server again if `error` says that it does not listen."""
        is_down = isinstance(error, redis.ConnectionError) and str(error).startswith(NOT_LISTENING)
        if is_down and self.base_settings.embedded:
            server.start(self.base_settings.data_dir)

    def load_secrets(self, app: Flask) -> None:
        """Configure the app's secret keys, which embedded mode keeps in a file."""
        with self._lock:
            configure_secrets(app, self.settings)


def configure_secrets(app: Flask, settings: Settings) -> None:
    """Let the first secret key sign cookies and CSRF tokens, and all of them verify."""
    current, *previous = settings.secret_keys
    app.config["SECRET_KEY"] = current
    app.config["SECRET_KEY_FALLBACKS"] = previous[::-1]
    app.config["WTF_CSRF_SECRET_KEY"] = [*previous[::-1], current]


class LoadSecretsMiddleware:
    """WSGI middleware that has the app's secrets loaded before its first request."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self.app, self.wsgi_app, self.runtime = app, app.wsgi_app, runtime
        self.loaded = False

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not self.loaded:
            self.runtime.load_secrets(self.app)
            self.loaded = True
        return self.wsgi_app(environ, start_response)


def current_runtime() -> Runtime:
    """Return the runtime of the current app."""
    runtime: Runtime = current_app.extensions["aira"]
    return runtime


def db() -> Db:
    """Return the Redis client of the current app."""
    return current_runtime().db
