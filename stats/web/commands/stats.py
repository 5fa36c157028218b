"""`flask stats`: see a user's stats, grant a plan by hand, count users by plan."""

import json
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from stats import operators
from stats.billing.plan_census import take_census
from stats.plans.plan import check_plan
from stats.user_stats import grant_plan, open_stats
from stats.web.commands.operator_context import OPERATOR, operator_context
from stats.web.monitoring.audit_log import record_event

stats = AppGroup("stats", help="See a user's stats, grant a plan by hand, count users by plan.")


@stats.command()
@click.argument("id_or_email", metavar="ID")
def show(id_or_email: str) -> None:
    """Write a user's stats as JSON, as the API answers them."""
    with operator_context() as runtime:
        result = open_stats(
            runtime.db, operators.find(runtime.db, id_or_email), create=False
        ).stats()
    click.echo(json.dumps(result.to_dict(), indent=2))


@stats.command("set-plan")
@click.argument("id_or_email", metavar="ID")
@click.argument("plan")
@click.option("--reason", required=True, help="Why, in 3 to 200 characters; it goes into the log.")
def set_plan(id_or_email: str, plan: str, reason: str) -> None:
    """Grant Plus or Premium; Free takes the grant away. What is paid for stays."""
    with operator_context() as runtime:
        granted, checked_reason = check_plan(plan), operators.check_reason(reason)
        user_id = operators.find(runtime.db, id_or_email)
        effective = grant_plan(runtime.db, user_id, granted, create=False).stats().plan
        record_event("plan.granted", user_id, plan=granted, by=OPERATOR, reason=checked_reason)
    click.echo(f"{user_id} has {effective}.")


@stats.command()
def census() -> None:
    """Count all users by plan, for /metrics; a timer should run it."""
    with operator_context() as runtime:
        result = take_census(runtime.db, datetime.now(UTC))
    users = ", ".join(f"{plan} {number}" for plan, number in result.users.items())
    click.echo(f"{users}; counted in {result.took_ms} ms.")
