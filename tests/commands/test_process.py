"""`flask` as a process of its own, as operators start it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.live_server import ROOT, environment


def flask(
    folder: Path, *args: str, typed: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder; the embedded server comes and goes with it."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *args],
        cwd=ROOT,
        env=environment(folder, 3000, **more),
        input=typed,
        text=True,
        capture_output=True,
        timeout=50,
        check=False,
        start_new_session=True,
    )


def test_an_account_is_made_shown_and_deleted(tmp_path: Path) -> None:
    """A password is typed; without a terminal it cannot be hidden, and is read all the same."""
    folder = tmp_path / "data"
    about = ("--email", "dan@example.com", "--name", "Dan", "--id", "42", "--no-password")
    made = flask(folder, "users", "create", *about)
    assert (made.returncode, made.stdout) == (0, "42\n"), made.stderr
    assert re.fullmatch(r"\d\d:\d\d:\d\d account.created user=42 by=operator\n", made.stderr)
    granted = flask(folder, "stats", "set-plan", "42", "Plus", "--reason", "a gift")
    assert "plan.granted user=42 plan=Plus by=operator reason=a gift" in granted.stderr
    shown = flask(folder, "stats", "show", "dan@example.com")
    assert json.loads(shown.stdout)["plan"] == "Plus"
    assert flask(folder, "users", "delete", "42", typed="42\n").returncode == 0
    gone = flask(folder, "users", "show", "42")
    assert gone.returncode == 1
    assert gone.stderr == "Error: There is no user with this id or e-mail address.\n"


def test_the_doctor_finds_a_fresh_instance_well(tmp_path: Path) -> None:
    process = flask(tmp_path / "data", "doctor", "--strict")
    assert (process.returncode, process.stderr) == (0, ""), process.stdout
    assert process.stdout.endswith("All is well.\n")


@pytest.mark.parametrize("command", [("doctor",), ("keys", "list")])
def test_a_setting_that_cannot_be_read_is_one_line(tmp_path: Path, command: tuple[str]) -> None:
    process = flask(tmp_path / "data", *command, TRUSTED_PROXIES="many")
    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r"aira-stats: TRUSTED_PROXIES [^\n]+\n", process.stderr)
