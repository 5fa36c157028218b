"""`flask billing`: what is paid and what is given, compared and repaired."""

import sys

import click
from flask.cli import AppGroup

from stats.billing.reconcile import Comparison, Discrepancy, compare, mend
from stats.billing.stripe_gateway import StripeGateway
from stats.billing.webhook import ACTED_ON, handle
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import Runtime

billing = AppGroup("billing", help="Compare and repair what is paid and what is given.")


@billing.command()
@click.option("--user", "user_id", help="Only this user id.")
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
@click.option("--yes", is_flag=True, help="Even if more than a fifth of the payers lose a plan.")
def reconcile(user_id: str | None, fix: bool, yes: bool) -> None:
    """Compare Redis with Stripe and Stripe with Redis; exits 1 if they differ."""
    with operator_context() as current:
        stripe = _stripe(current)
        report = compare(current.db, stripe, grace=current.grace, user_id=user_id)
        for finding in report.findings:
            click.echo(f"{finding.what}: {finding.user_id} ({finding.detail})")
        left = _mend(current, report, sure=yes) if fix else list(report.findings)
    click.echo(f"{len(report.findings)} found, {len(report.findings) - len(left)} mended")
    sys.exit(1 if left else 0)


def _mend(current: Runtime, report: Comparison, *, sure: bool) -> list[Discrepancy]:
    return mend(
        current.db,
        _stripe(current),
        report,
        grace=current.grace,
        sure=sure,
        on_mended=_record_mended,
    )


def _record_mended(finding: Discrepancy) -> None:
    record_event("plan.reconciled", finding.user_id, finding=finding.what, by=OPERATOR)


def _stripe(current: Runtime) -> StripeGateway:
    if not isinstance(current.gateway, StripeGateway):
        raise click.ClickException("STRIPE_SECRET_KEY is not set.")
    return current.gateway


@billing.command()
def replay() -> None:
    """Act on the events of the last 30 days whose delivery failed; safe to repeat."""
    with operator_context() as current:
        stripe, keys = _stripe(current), current.settings.secret_keys
        for delivery in stripe.undelivered_events(list(ACTED_ON)):
            result = handle(current.db, stripe, delivery, keys, grace=current.grace)
            event_id, kind = str(delivery["id"]), str(delivery["type"])
            record_event("stripe.event", None, id=event_id, type=kind, result=result, by=OPERATOR)
            click.echo(f"{event_id} {kind}: {result}")
