"""Fixtures: an operator at a terminal, in front of the application."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

RunFlask = Callable[..., Result]


def invoke(app: Flask, *args: str, typed: str = "") -> Result:
    """Type a command after `flask`; whatever it does not catch fails the test."""
    result = app.test_cli_runner().invoke(args=args, input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def run_flask(app: Flask, fast_password_hashing: None) -> RunFlask:
    """What types a command after `flask`."""
    return lambda *args, typed="": invoke(app, *args, typed=typed)
