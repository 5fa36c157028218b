"""Operator commands under `flask`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import redis
from flask.cli import AppGroup
from redis.exceptions import RedisClusterException

from stats.billing.reconcile import compare, mend
from stats.billing.stripe_gateway import StripeGateway
from stats.billing.webhook import ACTED_ON, handle
from stats.errors import StatsError
from stats.web.runtime import Runtime, runtime

billing = AppGroup("billing", help="Compare and repair what is paid and what is given.")


def _stripe(held: Runtime) -> StripeGateway:
    if not isinstance(held.gateway, StripeGateway):
        raise click.ClickException("STRIPE_SECRET_KEY is not set.")
    return held.gateway


@contextmanager
def in_one_line() -> Iterator[None]:
    """Tell what went wrong without a traceback, and exit with 1."""
    try:
        yield
    except StatsError as error:
        raise click.ClickException(str(error)) from None
    except (redis.RedisError, RedisClusterException):
        raise click.ClickException("Redis does not answer.") from None


@billing.command()
@click.option("--user", "user_id", help="Only this user id.")
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
@click.option("--yes", is_flag=True, help="Even if more than a fifth of the payers lose a plan.")
def reconcile(user_id: str | None, fix: bool, yes: bool) -> None:
    """Compare Redis with Stripe and Stripe with Redis; exits 1 if they differ."""
    held = runtime()
    with in_one_line():
        report = compare(held.db, _stripe(held), grace=held.grace, user_id=user_id)
        for found in report.findings:
            click.echo(f"{found.what}: {found.user_id} ({found.detail})")
        left = list(report.findings)
        if fix:
            left = mend(held.db, _stripe(held), report, grace=held.grace, sure=yes)
    click.echo(f"{len(report.findings)} found, {len(report.findings) - len(left)} mended")
    sys.exit(1 if left else 0)


@billing.command()
def replay() -> None:
    """Act on the events of the last 30 days whose delivery failed; safe to repeat."""
    held = runtime()
    keys = held.settings.secret_keys
    with in_one_line():
        for event in _stripe(held).undelivered_events(list(ACTED_ON)):
            done = handle(held.db, _stripe(held), event, keys, grace=held.grace)
            click.echo(f"{event['id']} {event['type']}: {done}")
