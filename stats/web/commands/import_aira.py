"""`flask import-aira`: import the users of the deployment that this one replaces."""

import sys
from collections import Counter
from collections.abc import Mapping

import click
from flask.cli import with_appcontext

from stats.legacy_import.importer import (
    ImportedUser,
    ImportReport,
    Outcome,
    import_users,
)
from stats.legacy_import.source import find_users
from stats.lib.urls import store_url
from stats.store.client import Db, connect
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

EXIT_VALUES_LOST = 3
GRANT_REASON = "import-aira"


def _address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else store_url(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


@click.command("import-aira")
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would become of whom.")
@click.option(
    *("--from", "address"),
    metavar="URL",
    callback=_address,
    help="The old store, if it is not the one that this app uses.",
)
@click.option("--without-plans", is_flag=True, help="Grant nobody the plan they had.")
@with_appcontext
def import_aira(dry_run: bool, address: str | None, without_plans: bool) -> None:
    """Move everybody in from the old layout; safe to repeat. Exits 3 if a value was lost."""
    with operator_context() as runtime:
        source = runtime.db if address is None else connect(address)
        report = _import(runtime.db, source, dry_run=dry_run, plans=not without_plans)
    _print_report(report, dry_run=dry_run, plans=not without_plans)
    sys.exit(EXIT_VALUES_LOST if report.count(lost=True) else 0)


def _import(db: Db, source: Db, *, dry_run: bool, plans: bool) -> ImportReport:
    report, user_ids = ImportReport(), find_users(source)
    results = import_users(db, source, user_ids, dry_run=dry_run, plans=plans)
    with click.progressbar(
        results,
        length=len(user_ids),
        label="Looking" if dry_run else "Moving in",
        show_pos=True,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as progress:
        for imported in progress:
            report.add(imported)
            if not dry_run:
                _record_grant(imported)
    return report


def _record_grant(imported: ImportedUser) -> None:
    """Log the plan that a user was granted by the import, unless an earlier run did."""
    if imported.plan is not None and not imported.before:
        record_event(
            "plan.granted", imported.user_id, plan=imported.plan, by=OPERATOR, reason=GRANT_REASON
        )


def _print_report(report: ImportReport, *, dry_run: bool, plans: bool) -> None:
    for finding in report.findings:
        click.echo(f"{finding.key}: {finding.kind} {finding.reason}")
    outcomes = report.outcomes
    if dry_run:
        click.echo("Nothing was written. This is what would happen:")
    click.echo(f"users seen: {outcomes.total()}")
    click.echo(f"new here: {outcomes[Outcome.NEW]}")
    click.echo(f"merged with what was here: {outcomes[Outcome.MERGED]}")
    click.echo(f"skipped: {outcomes[Outcome.SKIPPED]}")
    click.echo(f"deleted here since: {outcomes[Outcome.GONE]}")
    click.echo(f"of these, moved in by an earlier run: {report.before}")
    click.echo(f"plans granted, which the old system let anybody set: {_total(report.plans)}")
    click.echo(f"values put where they may belong: {_total(report.count(lost=False))}")
    click.echo(f"values lost: {_total(report.count(lost=True))}")


def _total(counts: Mapping[str, int]) -> str:
    """Return a total with its parts: `3 (a 1, b 2)`."""
    parts = ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))
    total = Counter(counts).total()
    return f"{total} ({parts})" if parts else str(total)
