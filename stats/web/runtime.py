"""What one app stands on: complete settings and a Redis client, both made on first use."""

import errno
import threading
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import redis
from flask import Flask, current_app

from stats.billing.practice_gateway import PracticeGateway, practice_secret
from stats.billing.prices import Prices
from stats.billing.stripe_gateway import StripeGateway
from stats.embedded import server
from stats.embedded.instance import complete
from stats.settings import Settings
from stats.store.client import Db, connect

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# How redis-py begins to say that nobody listens: no socket, or one that nobody serves.
GONE = (f"Error {errno.ENOENT} ", f"Error {errno.ECONNREFUSED} ")


class Runtime:
    """The settings and the store of one app. Making it does no I/O."""

    def __init__(self, settings: Settings, db: Db | None = None) -> None:
        self.given = settings
        self._db = db
        self._lock = threading.Lock()

    @cached_property
    def settings(self) -> Settings:
        """The settings with everything that embedded mode makes by itself."""
        return self.given if self._db is not None else complete(self.given)

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
        """Stripe, its practice stand-in (embedded mode without a key), or None."""
        if self.given.stripe_secret_key:
            return StripeGateway(self.given)
        return PracticeGateway(self.db) if self.given.embedded else None

    @cached_property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that sign events."""
        if isinstance(self.gateway, PracticeGateway):
            return (practice_secret(self.settings.secret_keys[0]),)
        return self.given.stripe_webhook_secrets

    @cached_property
    def prices(self) -> Prices:
        """What the plans cost."""
        stripe = self.gateway if isinstance(self.gateway, StripeGateway) else None
        return Prices(stripe, self.given.plan_prices)

    @property
    def grace(self) -> int:
        """The patience with unpaid subscriptions in seconds."""
        return self.given.past_due_days * 86_400

    def revive(self, error: Exception) -> None:
        """Start the embedded server anew if an error says that it has gone."""
        gone = isinstance(error, redis.ConnectionError) and str(error).startswith(GONE)
        if gone and self.given.embedded:
            server.start(self.given.data_dir)

    def open(self, app: Flask) -> None:
        """Give the app its secrets, which embedded mode keeps in a file."""
        with self._lock:
            configure_secrets(app, self.settings)


def configure_secrets(app: Flask, settings: Settings) -> None:
    """Let the first secret key sign and all of them verify, cookies and CSRF tokens alike."""
    first, *others = settings.secret_keys
    app.config["SECRET_KEY"] = first
    app.config["SECRET_KEY_FALLBACKS"] = others[::-1]
    app.config["WTF_CSRF_SECRET_KEY"] = [*others[::-1], first]


class FirstUse:
    """WSGI middleware that opens the runtime before the first request."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self.app, self.wsgi_app, self.runtime = app, app.wsgi_app, runtime
        self.opened = False

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not self.opened:
            self.runtime.open(self.app)
            self.opened = True
        return self.wsgi_app(environ, start_response)


def runtime() -> Runtime:
    """Return the runtime of the current app."""
    found: Runtime = current_app.extensions["aira"]
    return found


def db() -> Db:
    """Return the Redis client of the current app."""
    return runtime().db
