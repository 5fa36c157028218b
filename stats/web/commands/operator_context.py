"""What all commands share: the runtime, logging, error messages, safe output."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click
import redis

from stats.errors import StatsError
from stats.store.circuit_breaker import REDIS_ERRORS
from stats.web.monitoring import log_setup
from stats.web.runtime import Runtime, current_runtime

OPERATOR = "operator"
# NOAUTH, WRONGPASS, and NOPERM for what the user may not do.
ACCESS_ERRORS = (redis.AuthenticationError, redis.exceptions.NoPermissionError)

# A command says by itself, in one line, that Redis is away.
OUTAGES = logging.getLogger("stats.store.circuit_breaker")


@contextmanager
def operator_context() -> Iterator[Runtime]:
    """Run a command: yield the app's runtime, and log to standard error as the server does.

    Within it a command logs each change with `record_event(..., by=OPERATOR)`. StatsError and the
    errors of Redis become a ClickException: one line without a traceback, exit code 1.
    """
    runtime = current_runtime()
    log_setup.set_up(runtime.base_settings)
    OUTAGES.disabled = True
    try:
        yield runtime
    except StatsError as error:
        raise click.ClickException(str(error)) from None
    except ACCESS_ERRORS:
        raise click.ClickException("Redis refuses the user or password of the address.") from None
    except REDIS_ERRORS:
        raise click.ClickException("Redis does not answer.") from None
    finally:
        OUTAGES.disabled = False


def escape_unprintable(text: str) -> str:
    """Return user input with control characters escaped, safe to print to a terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
