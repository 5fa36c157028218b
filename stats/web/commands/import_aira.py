"""`flask import-aira`: moving in from the deployment that this one replaces."""

import sys
from collections import Counter
from collections.abc import Mapping

import click
from flask.cli import with_appcontext

from stats.legacy_import.importer import (
    ImportedUser,
    ImportReport,
    Outcome,
    find_users,
    import_users,
)
from stats.lib.urls import store_url
from stats.store.client import Db, connect
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

VALUES_LOST = 3
MOVED_IN = "import-aira"


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
    with operator_context() as current:
        source = current.db if address is None else connect(address)
        report = _move(current.db, source, dry_run=dry_run, plans=not without_plans)
    _tell(report, dry_run=dry_run, plans=not without_plans)
    sys.exit(VALUES_LOST if report.count(lost=True) else 0)


def _move(db: Db, source: Db, *, dry_run: bool, plans: bool) -> ImportReport:
    report, user_ids = ImportReport(), find_users(source)
    moving = import_users(db, source, user_ids, dry_run=dry_run, plans=plans)
    with click.progressbar(
        moving,
        length=len(user_ids),
        label="Looking" if dry_run else "Moving in",
        show_pos=True,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as shown:
        for moved in shown:
            report.add(moved)
            if not dry_run:
                _record_grant(moved)
    return report


def _record_grant(moved: ImportedUser) -> None:
    """Record the plan that a user was granted with the move, unless an earlier run did."""
    if moved.plan is not None and not moved.before:
        record_event("plan.granted", moved.user_id, plan=moved.plan, by=OPERATOR, reason=MOVED_IN)


def _tell(report: ImportReport, *, dry_run: bool, plans: bool) -> None:
    for found in report.findings:
        click.echo(f"{found.key}: {found.kind} {found.reason}")
    outcomes = report.outcomes
    if dry_run:
        click.echo("Nothing was written. This is what would happen:")
    click.echo(f"users seen: {outcomes.total()}")
    click.echo(f"new here: {outcomes[Outcome.NEW]}")
    click.echo(f"merged with what was here: {outcomes[Outcome.MERGED]}")
    click.echo(f"skipped: {outcomes[Outcome.SKIPPED]}")
    click.echo(f"deleted here since: {outcomes[Outcome.GONE]}")
    click.echo(f"of these, moved in by an earlier run: {report.before}")
    click.echo(f"plans granted, which the old system let anybody set: {_listed(report.plans)}")
    click.echo(f"values put where they may belong: {_listed(report.count(lost=False))}")
    click.echo(f"values lost: {_listed(report.count(lost=True))}")


def _listed(counted: Mapping[str, int]) -> str:
    """Return a total and what it is made of."""
    parts = ", ".join(f"{name} {number}" for name, number in sorted(counted.items()))
    total = Counter(counted).total()
    return f"{total} ({parts})" if parts else str(total)
