"""What all commands share: what they stand on, and how they speak to a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import redis
from redis.exceptions import RedisClusterException

from stats.errors import StatsError
from stats.web.monitoring import log_setup
from stats.web.runtime import Runtime, current_runtime

OPERATOR = "operator"


@contextmanager
def operator_context() -> Iterator[Runtime]:
    """Run a command: yield the app's runtime, and log to standard error as a server does.

    A command that changes something records it with `event(..., by=OPERATOR)` in here. Errors of
    this program and of Redis become a ClickException: one line without a traceback, exit code 1.
    """
    current = current_runtime()
    log_setup.set_up(current.base_settings)
    try:
        yield current
    except StatsError as error:
        raise click.ClickException(str(error)) from None
    except (redis.RedisError, RedisClusterException):
        raise click.ClickException("Redis does not answer.") from None


def told(text: str) -> str:
    """Return what a person wrote as a terminal may show it: nothing in it moves the cursor."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
