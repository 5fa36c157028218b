"""Serving: the parent that listens, its workers, and the application that each of them has."""

import gc
import os
import socket
import sys
from functools import cache

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from stats.embedded.instance import complete
from stats.errors import ConfigError, StatsError
from stats.settings import Settings
from stats.web.flask_app import create_app
from stats.web.monitoring import counters, log_setup
from stats.web.worker_processes import (
    THREADS,
    end_at_once_until_ready,
    end_when_told,
    exit_when_told,
    parent_death_signal,
)

LAST_REQUESTS = 7


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
        "stats.web.serve:worker",
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


def _greeting(settings: Settings) -> str:
    line = f"Aira Stats is at http://{settings.host}:{settings.port}"
    if not Settings.from_env(os.environ).embedded:
        return line
    return f"{line}   service key: {settings.api_keys[0]}"


@cache
def application() -> Flask:
    """Return this process's application, made once; a setting that will not do ends the process."""
    try:
        app = create_app()
    except ConfigError as error:
        sys.exit(f"aira-stats: {error}")
    log_setup.set_up(app.extensions["aira"].base_settings)
    return app


def worker() -> Flask:
    """Return the application of one worker process, which ends with its parent."""
    app = application()
    end_when_told()
    parent_death_signal()
    # All that was imported stays: the collector need not walk through it again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app
