"""What operators type after `flask`: one module for each group of commands."""

from flask import Flask

from stats.commands.backup import backup
from stats.commands.doctor import doctor
from stats.commands.keys import keys
from stats.commands.stats import stats
from stats.commands.users import users


def init_app(app: Flask) -> None:
    """Put all groups, `flask backup` and `flask doctor` under `flask`."""
    for command in (users, stats, keys, backup, doctor):
        app.cli.add_command(command)
