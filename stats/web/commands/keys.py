"""`flask keys`: create, list and revoke service keys while the server runs."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from stats import service_keys
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

keys = AppGroup("keys", help="Make, list and revoke service keys.")


@keys.command()
@click.argument("name")
def create(name: str) -> None:
    """Make a key for a program and print it, this once."""
    with operator_context() as runtime:
        key = service_keys.create_key(runtime.db, name)
        prefix = service_keys.prefix_of(key)
        record_event("key.made", None, prefix=prefix, by=OPERATOR)
    click.echo(key)
    click.echo(f"Keep it now: it is not shown again. Revoke it as {prefix}.", err=True)


@keys.command("list")
def list_() -> None:
    """List the keys that were made here; those of STATS_API_KEYS are not among them."""
    with operator_context() as runtime:
        created = service_keys.list_keys(runtime.db)
    for key in created:
        used = "never used" if key.used_at is None else f"used {_moment(key.used_at)}"
        click.echo(f"{key.prefix}  made {_moment(key.created_at)}  {used:<25}  {key.name}")
    if not created:
        click.echo("There are none.", err=True)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


@keys.command()
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """Take a key away, by its prefix; it stops within 30 seconds."""
    with operator_context() as runtime:
        service_keys.revoke_key(runtime.db, prefix)
        record_event("key.revoked", None, prefix=prefix, by=OPERATOR)
    click.echo(f"{prefix} is revoked. Whoever holds it is refused within 30 seconds.")
