"""A folder for an embedded Valkey, and processes that use it."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stats.embedded import server
from tests.embedded.helpers import kill, server_pids
from tests.support.live_server import ROOT

PREAMBLE = """
import os, signal, sys
from pathlib import Path
import redis
from stats.embedded import server as embedded
folder = Path(sys.argv[1])
def say(*words): print(*words, flush=True)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aira-") as short:
        path = Path(short).resolve() / "data"
        yield path
        for hold in [hold for place, hold in server._handles.items() if place.is_relative_to(path)]:
            hold.close()
        for pid in server_pids(path):
            kill(pid)
        server._reap(path)


@pytest.fixture
def spawn(folder: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run a script in a process of its own, which ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PREAMBLE + script, str(folder)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()
