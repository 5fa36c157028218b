"""The version stands in pyproject.toml and nowhere else."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from flask import Flask

from stats.lib.version import version
from tests.support.live_server import ROOT

SHOW = "from stats.lib.version import version; print(version())"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The package in a folder beside the record of an installation."""
    shutil.copytree(ROOT / "stats", tmp_path / "stats")
    record = tmp_path / "aira_stats-9.8.7.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: aira-stats\nVersion: 9.8.7\n")
    return tmp_path


def version_in(folder: Path) -> str:
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=50
    )
    return done.stdout.strip()


def test_a_source_tree_has_that_of_its_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version() == project["version"]


def test_the_newest_changes_are_of_this_version() -> None:
    headings = re.findall(r"^## \[(\d.*)\] - \d{4}-", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == version()


def test_health_tells_it(app: Flask) -> None:
    assert app.test_client().get("/healthz").json == {"status": "ok", "version": version()}


def test_an_installation_has_that_of_its_record(installed: Path) -> None:
    assert version_in(installed) == "9.8.7"


def test_a_source_tree_does_not_take_the_version_of_what_is_installed(installed: Path) -> None:
    project = installed / "pyproject.toml"
    project.write_text('[project]\nname = "aira-stats"\nversion = "1.2.3"\n')
    assert version_in(installed) == "1.2.3"


def test_the_project_file_of_somebody_else_says_nothing(installed: Path) -> None:
    project = installed / "pyproject.toml"
    project.write_text('[project]\nname = "someone-elses"\nversion = "1.2.3"\n')
    assert version_in(installed) == "9.8.7"
