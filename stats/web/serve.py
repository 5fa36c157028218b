"""The server: Granian's parent process, its workers, and the app of each worker."""

import gc
import logging
import os
import socket
import sys
from functools import cache

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from stats.embedded.generated_keys import complete
from stats.errors import ConfigError, StatsError
from stats.settings import Settings
from stats.web.flask_app import create_app
from stats.web.monitoring import counters, log_setup
from stats.web.preload import preload
from stats.web.worker_processes import (
    THREADS,
    die_with_parent,
    exit_on_signal,
    raise_file_limit,
    reset_signals_after_fork,
    stop_server_on_sigterm,
)

# How long Granian waits for the last requests of a worker before it kills it (s).
WORKER_KILL_TIMEOUT = 7
# How many new connections may wait to be accepted; Linux allows 4,096 (net.core.somaxconn).
BACKLOG = 4096


def main() -> None:
    """Serve until interrupted."""
    exit_on_signal()
    try:
        settings = Settings.from_env(os.environ)
        _check_port(settings)
        settings = complete(settings)
    except StatsError as error:
        sys.exit(f"aira-stats: {error}")
    _announce(settings)
    with counters.share_metrics(settings.workers):
        _serve(settings)


def _serve(settings: Settings) -> None:
    """Serve until interrupted; running requests are answered before it returns."""
    reset_signals_after_fork()
    Granian(
        "stats.web.serve:worker",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=settings.workers,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        # Granian accepts no further connection at this number; its default is 1,024 in all.
        backpressure=raise_file_limit(),
        workers_kill_timeout=WORKER_KILL_TIMEOUT,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
        log_dictconfig=log_setup.server_config(settings),
    ).serve()


def _check_port(settings: Settings) -> None:
    # Granian sets SO_REUSEPORT: a second instance would take half of the requests.
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise ConfigError(f"PORT: cannot listen on {settings.port}: {error.strerror}.") from None


def _announce(settings: Settings) -> None:
    """Say where it is: to the person at the terminal when embedded, in the log when deployed."""
    line = f"Aira Stats is at http://{settings.host}:{settings.port}"
    if Settings.from_env(os.environ).embedded:
        print(f"{line}   service key: {settings.api_keys[0]}", flush=True)
        return
    log_setup.set_up(settings)
    logging.getLogger("aira").info(line)


@cache
def application() -> Flask:
    """Return the app of this process, made once; exits on a ConfigError."""
    try:
        app = create_app()
    except ConfigError as error:
        sys.exit(f"aira-stats: {error}")
    log_setup.set_up(app.extensions["aira"].base_settings)
    return app


def worker() -> Flask:
    """Return the app of a worker process, which ends with its parent."""
    app = application()
    stop_server_on_sigterm()
    die_with_parent()
    preload(app)
    # What was imported is never freed: exclude it from garbage collection.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app
