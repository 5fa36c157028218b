"""`aira-stats`: the command that an installation brings."""

import click
from flask.cli import FlaskGroup

from stats.lib.version import version
from stats.web.serve import application, main


@click.group(
    cls=FlaskGroup,
    create_app=application,
    add_default_commands=False,
    add_version_option=False,
    invoke_without_command=True,
)
@click.version_option(version(), prog_name="aira-stats")
@click.pass_context
def cli(context: click.Context) -> None:
    """Aira Stats: serves without a command, and looks after users, plans, keys and billing."""
    if context.invoked_subcommand is None:
        main()


@cli.command(with_appcontext=False)
def serve() -> None:
    """Serve until interrupted, as without a command."""
    main()
