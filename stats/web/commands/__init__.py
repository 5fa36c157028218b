"""The commands of `flask` for operators: one module for each group."""

from flask import Flask

from stats.web.commands.backup import backup
from stats.web.commands.doctor import command as doctor_command
from stats.web.commands.keys import keys
from stats.web.commands.stats import stats
from stats.web.commands.users import users


def init_app(app: Flask) -> None:
    """Register the commands, but for `billing` and `import-aira` (see create_app)."""
    for command in (users, stats, keys, backup, doctor_command.doctor):
        app.cli.add_command(command)
