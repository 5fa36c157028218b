"""`flask billing`: compare the stored plans with the subscriptions at Stripe, and repair them."""

import sys

import click
from flask.cli import AppGroup

from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.billing.orphans import read_orphans
from stats.billing.reconcile import Comparison, Discrepancy, compare, mend
from stats.billing.webhook import ACTED_ON, handle
from stats.lib.timestamps import iso
from stats.web.commands.operator_context import OPERATOR, escape_unprintable, operator_context
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import Runtime

billing = AppGroup("billing", help="Compare and repair what is paid and what is given.")


@billing.command()
@click.option("--user", "user_id", help="Only this user id.")
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
@click.option("--yes", is_flag=True, help="Even if more than a fifth of the payers lose a plan.")
def reconcile(user_id: str | None, fix: bool, yes: bool) -> None:
    """Compare Redis with Stripe and Stripe with Redis; exits 1 if they differ."""
    with operator_context() as runtime:
        stripe = _stripe(runtime)
        comparison = compare(runtime.db, stripe, grace=runtime.grace, user_id=user_id)
        for discrepancy in comparison.findings:
            click.echo(f"{discrepancy.what}: {discrepancy.user_id} ({discrepancy.detail})")
        remaining = _mend(runtime, comparison, sure=yes) if fix else list(comparison.findings)
    click.echo(
        f"{len(comparison.findings)} found, {len(comparison.findings) - len(remaining)} mended"
    )
    sys.exit(1 if remaining else 0)


def _mend(runtime: Runtime, comparison: Comparison, *, sure: bool) -> list[Discrepancy]:
    return mend(
        runtime.db,
        _stripe(runtime),
        comparison,
        grace=runtime.grace,
        sure=sure,
        on_mended=_record_mended,
    )


def _record_mended(discrepancy: Discrepancy) -> None:
    record_event("plan.reconciled", discrepancy.user_id, finding=discrepancy.what, by=OPERATOR)


def _stripe(runtime: Runtime) -> StripeGateway:
    if not isinstance(runtime.gateway, StripeGateway):
        raise click.ClickException("STRIPE_SECRET_KEY is not set.")
    return runtime.gateway


@billing.command()
def replay() -> None:
    """Act on the events of the last 30 days whose delivery failed; safe to repeat."""
    with operator_context() as runtime:
        stripe, keys = _stripe(runtime), runtime.settings.secret_keys
        for stripe_event in stripe.undelivered_events(list(ACTED_ON)):
            result = handle(runtime.db, stripe, stripe_event, keys, grace=runtime.grace)
            event_id, event_type = str(stripe_event["id"]), str(stripe_event["type"])
            record_event(
                "stripe.event", None, id=event_id, type=event_type, result=result, by=OPERATOR
            )
            click.echo(f"{event_id} {event_type}: {result}")


@billing.command()
def orphans() -> None:
    """Show the latest events about our products that fit no user, oldest first."""
    with operator_context() as runtime:
        kept = read_orphans(runtime.db)
    for orphan in kept:
        fields = (orphan.event_id, orphan.type, orphan.customer or "-", orphan.why)
        click.echo(escape_unprintable("  ".join((iso(orphan.at), *fields))))
    click.echo(f"{len(kept)} found")
