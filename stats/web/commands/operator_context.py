"""What all commands share: what they stand on, and how they speak to a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
import redis
from redis.exceptions import RedisClusterException

from stats.errors import StatsError
from stats.web.monitoring import log_setup
from stats.web.runtime import Runtime, runtime

OPERATOR = "operator"


@contextmanager
def at_work() -> Iterator[Runtime]:
    """Give a command what it stands on; what goes wrong is one line without a traceback.

    What it does is written to standard error, as a server would.
    """
    held = runtime()
    log_setup.set_up(held.given)
    try:
        yield held
    except StatsError as error:
        raise click.ClickException(str(error)) from None
    except (redis.RedisError, RedisClusterException):
        raise click.ClickException("Redis does not answer.") from None


def told(text: str) -> str:
    """Return what a person wrote as a terminal may show it: nothing in it moves the cursor."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
