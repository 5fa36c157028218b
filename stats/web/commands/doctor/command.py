"""`flask doctor`: check the whole set-up, and change nothing."""

import sys
from collections.abc import Iterator

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from stats.errors import StoreUnavailable
from stats.web.commands.doctor.check_mail import check_mail
from stats.web.commands.doctor.check_settings import changed_variables, check_files, check_settings
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
    runtime = current_runtime()
    click.echo(f"set: {', '.join(changed_variables(runtime.base_settings)) or 'nothing'}")
    # Several checks may yield the same finding, such as Stripe unavailable: print it once.
    findings: dict[Finding, None] = {}
    for finding in run_checks(current_app._get_current_object(), runtime):  # type: ignore[attr-defined]
        if finding not in findings:
            click.echo(finding.line())
        findings[finding] = None
    worst = min(
        (finding.code for finding in findings if strict or not finding.code.is_advice), default=0
    )
    if not worst:
        click.echo("All is well.")
    sys.exit(worst)


def run_checks(app: Flask, runtime: Runtime) -> Iterator[Finding]:
    """Yield the findings of all checks; files first, for opening the store repairs some of them."""
    settings = runtime.base_settings
    yield from check_settings(settings)
    file_findings = list(check_files(settings))
    yield from file_findings
    if any(finding.code == Code.FILE_EMPTY for finding in file_findings):
        return  # Without its keys the app does not start.
    store_findings = list(_check_store(runtime))
    yield from store_findings
    yield from check_stripe(settings)
    if not any(
        finding.code in (Code.STORE_UNREACHABLE, Code.STORE_ACCESS_DENIED)
        for finding in store_findings
    ):
        yield from check_webhook(app, settings)
    yield from check_mail(settings)


def _check_store(runtime: Runtime) -> Iterator[Finding]:
    try:
        db = runtime.db
    except StoreUnavailable as error:
        yield Finding(Code.STORE_UNREACHABLE, str(error).rstrip("."), "mend what it says")
        return
    yield from check_store(db)
