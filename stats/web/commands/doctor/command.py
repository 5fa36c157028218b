"""`flask doctor`: is all as it should be? It looks, and changes nothing."""

import sys
from collections.abc import Iterator

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from stats.errors import StoreUnavailable
from stats.web.commands.doctor.check_mail import check_mail
from stats.web.commands.doctor.check_settings import check_files, check_settings, what_is_set
from stats.web.commands.doctor.check_store import check_store
from stats.web.commands.doctor.check_stripe import check_stripe
from stats.web.commands.doctor.check_webhook import check_webhook
from stats.web.commands.doctor.findings import Code, Finding
from stats.web.runtime import Runtime, current_runtime


@click.command()
@click.option("--strict", is_flag=True, help="Let advice count, too.")
@with_appcontext
def doctor(strict: bool) -> None:
    """Look whether all is set up well. The exit code is that of the worst finding, 0 for none."""
    held = current_runtime()
    click.echo(f"set: {', '.join(what_is_set(held.base_settings)) or 'nothing'}")
    # One cause, such as Stripe away, is told once.
    found: dict[Finding, None] = {}
    for one in examine(current_app._get_current_object(), held):  # type: ignore[attr-defined]
        if one not in found:
            click.echo(one.line())
        found[one] = None
    worst = min((one.code for one in found if strict or not one.code.is_advice), default=0)
    if not worst:
        click.echo("All is well.")
    sys.exit(worst)


def examine(app: Flask, held: Runtime) -> Iterator[Finding]:
    """Yield all that is found, as it is found. Files come before the store, which mends some."""
    given = held.base_settings
    yield from check_settings(given)
    files = list(check_files(given))
    yield from files
    if any(finding.code == Code.FILE_EMPTY for finding in files):
        return  # Without its keys the program does not start.
    stored = list(_check_store(held))
    yield from stored
    yield from check_stripe(given)
    if not any(finding.code in (Code.STORE_AWAY, Code.STORE_REFUSES) for finding in stored):
        yield from check_webhook(app, given)
    yield from check_mail(given)


def _check_store(held: Runtime) -> Iterator[Finding]:
    try:
        db = held.db
    except StoreUnavailable as error:
        yield Finding(Code.STORE_AWAY, str(error).rstrip("."), "mend what it says")
        return
    yield from check_store(db)
