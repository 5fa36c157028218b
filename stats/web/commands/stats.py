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
@click.argument("who", metavar="ID")
def show(who: str) -> None:
    """Write a user's stats as JSON, as the API answers them."""
    with operator_context() as current:
        found = open_stats(current.db, operators.find(current.db, who), create=False).stats()
    click.echo(json.dumps(found.to_dict(), indent=2))


@stats.command("set-plan")
@click.argument("who", metavar="ID")
@click.argument("plan")
@click.option("--reason", required=True, help="Why, in 3 to 200 characters; it goes into the log.")
def set_plan(who: str, plan: str, reason: str) -> None:
    """Grant Plus or Premium; Free takes the grant away. What is paid for stays."""
    with operator_context() as current:
        granted, why = check_plan(plan), operators.check_reason(reason)
        user_id = operators.find(current.db, who)
        left = grant_plan(current.db, user_id, granted, create=False).stats().plan
        record_event("plan.granted", user_id, plan=granted, by=OPERATOR, reason=why)
    click.echo(f"{user_id} has {left}.")


@stats.command()
def census() -> None:
    """Count all users by plan, for /metrics; a timer should run it."""
    with operator_context() as current:
        taken = take_census(current.db, datetime.now(UTC))
    users = ", ".join(f"{plan} {number}" for plan, number in taken.users.items())
    click.echo(f"{users}; counted in {taken.took_ms} ms.")
