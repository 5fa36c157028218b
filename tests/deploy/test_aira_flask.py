"""The shipped script that runs operators' commands under systemd."""

import os
import subprocess
from pathlib import Path

from tests.deploy.helpers import DEPLOY, install_script

# What makes it the same program: user, folder of its data, settings and rights.
SHARED = (
    *("DynamicUser", "User", "StateDirectory", "StateDirectoryMode", "UMask"),
    *("EnvironmentFile", "WorkingDirectory"),
)


def test_it_runs_a_command_as_the_unit_runs_the_program(tmp_path: Path) -> None:
    install_script(tmp_path / "bin", "systemd-run", 'printf "%s\\n" "$@"\nexit 41')
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    command = [str(DEPLOY / "aira-flask"), "users", "show", "a b"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 41
    words = done.stdout.splitlines()
    assert words[-4:] == ["/srv/aira-stats/current/.venv/bin/flask", "users", "show", "a b"]
    unit = (DEPLOY / "aira-stats@.service").read_text().splitlines()
    given = [words[place + 1] for place, word in enumerate(words) if word == "-p"]
    assert [line for line in given if not line.startswith("Environment=")] == [
        line for name in SHARED for line in unit if line.startswith(f"{name}=")
    ]
    (data,) = (line for line in given if line.startswith("Environment="))
    assert data == "Environment=DATA_DIR=/var/lib/aira-stats/data"
    assert any(line.endswith(data.removeprefix("Environment=")) for line in unit)
