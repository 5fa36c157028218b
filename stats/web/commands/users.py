"""`flask users`: look users up, make accounts, mend what people cannot mend themselves."""

from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from stats import operators
from stats.accounts.deletion import close_account
from stats.accounts.second_factor import two_factor
from stats.accounts.sessions import sessions
from stats.billing.customers import change_customer_email
from stats.export.json_export import export_user
from stats.operators import User
from stats.sample.cleanup import remove_samples
from stats.web.commands.operator_context import OPERATOR, escape_unprintable, operator_context
from stats.web.monitoring.audit_log import record_event

users = AppGroup("users", help="Look users up, make accounts, mend what people cannot.")

COLUMNS = ("id", "kind", "name", "e-mail", "created", "plan", "last active")
EMPTY = "-"


@users.command("list")
@click.option("--prefix", default="", help="Only ids that begin with this.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
def list_(prefix: str, limit: int) -> None:
    """List users, with accounts and without."""
    with operator_context() as runtime:
        result, has_more = operators.list_users(runtime.db, prefix=prefix, limit=limit)
    _print_table([COLUMNS, *map(_row, result)])
    if has_more:
        click.echo("There are more. Ask for them with --limit or --prefix.", err=True)


def _row(user: User) -> tuple[str, ...]:
    name, email = (escape_unprintable(text) if text else EMPTY for text in (user.name, user.email))
    last = user.last_active.isoformat() if user.last_active else EMPTY
    return (user.user_id, _kind(user), name, email, _day(user.created), user.plan, last)


def _kind(user: User) -> str:
    if not user.has_account:
        return "stats only"
    return "sample" if user.is_sample else "account"


def _day(seconds: int | None) -> str:
    return EMPTY if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@users.command()
@click.argument("id_or_email", metavar="ID")
def show(id_or_email: str) -> None:
    """Show one user, by id or e-mail address."""
    with operator_context() as runtime:
        user = operators.read_user(runtime.db, operators.find(runtime.db, id_or_email))
        live = len(sessions(runtime.db, user.user_id))
    for label, value in (*zip(COLUMNS, _row(user), strict=True), *_details(user, live)):
        click.echo(f"{label + ':':<20}{value}")


def _details(user: User, live: int) -> list[tuple[str, object]]:
    return [
        ("granted", user.granted or EMPTY),
        ("password", "yes" if user.has_password else "none"),
        ("address confirmed", _day(user.confirmed)),
        ("two-factor since", _day(user.two_factor)),
        ("sessions", live),
        ("conversations", user.conversations),
        ("Stripe customers", user.customers),
    ]


@users.command()
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--id", "user_id", help="An id of your choice; stats that it has are kept.")
@click.option("--no-password", is_flag=True, help="Only a sign-in link leads in.")
def create(email: str, name: str, user_id: str | None, no_password: bool) -> None:
    """Make an account. The password is asked for, or left out for sign-in links alone."""
    password = None if no_password else _ask_password()
    with operator_context() as runtime:
        new_id = operators.create(
            runtime.db, email=email, name=name, password=password, user_id=user_id
        )
        change_customer_email(runtime.db, runtime.gateway, new_id, email)
        record_event("account.created", new_id, by=OPERATOR)
    click.echo(new_id)


def _ask_password() -> str:
    # Not an argument: every user of the machine can see those.
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@users.command("set-password")
@click.argument("id_or_email", metavar="ID")
def set_password(id_or_email: str) -> None:
    """Set a password; all sessions of the user end."""
    with operator_context() as runtime:
        user_id = operators.find(runtime.db, id_or_email)
        operators.set_password(runtime.db, user_id, _ask_password())
        record_event("password.set", user_id, by=OPERATOR)
    click.echo(f"{user_id} has a new password and is logged out everywhere.")


@users.command("two-factor-off")
@click.argument("id_or_email", metavar="ID")
def two_factor_off(id_or_email: str) -> None:
    """Ask for no code any more. Make sure first who it is that asks you to."""
    with operator_context() as runtime:
        user_id = operators.find(runtime.db, id_or_email)
        if not two_factor.forget(runtime.db, user_id):
            raise click.ClickException("Two-factor is off already.")
        record_event("two_factor.off", user_id, by=OPERATOR)
    click.echo(f"Two-factor is off for {user_id}.")


@users.command()
@click.argument("id_or_email", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(id_or_email: str, yes: bool) -> None:
    """End a user's subscriptions, then delete all that is stored."""
    with operator_context() as runtime:
        user_id = operators.find(runtime.db, id_or_email)
        if not yes and click.prompt(f"Type {user_id} to delete all of it", err=True) != user_id:
            raise click.ClickException("That is another id. Nothing was deleted.")
        close_account(runtime.db, runtime.gateway, user_id, runtime.settings.secret_keys)
        record_event("account.deleted", user_id, by=OPERATOR)
    click.echo(f"All that was stored about {user_id} is gone.")


@users.command("remove-samples")
def remove_samples_() -> None:
    """Delete sample accounts that are over, and the oldest beyond a hundred; for a timer."""
    with operator_context() as runtime:
        if not runtime.base_settings.embedded:
            raise click.ClickException("Only an embedded store has sample accounts.")
        removed = remove_samples(runtime.db, runtime.gateway, runtime.settings.secret_keys)
        if removed:
            record_event("samples.removed", None, by=OPERATOR, number=removed)
    click.echo(f"{removed} removed.")


@users.command()
@click.argument("id_or_email", metavar="ID")
def export(id_or_email: str) -> None:
    """Write all that is stored about a user as JSON."""
    with operator_context() as runtime:
        user_id = operators.find(runtime.db, id_or_email)
        # ASCII only, so that no encoding or control character of a terminal matters.
        pieces = export_user(runtime.db, user_id, ascii_only=True)
        record_event("data.exported", user_id, by=OPERATOR)
        for piece in pieces:
            click.echo(piece, nl=False)
