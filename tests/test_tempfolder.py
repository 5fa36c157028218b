"""Temporary folders of a process that was killed go when the next one starts."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stats.tempfolder import temporary_folder
from tests.browser.serving import ROOT

PREFIX = "aira-try-"
HOLDER = f"""
import os, time
from stats.tempfolder import temporary_folder

with temporary_folder({PREFIX!r}) as folder:
    if os.fork():
        print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary ones."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with a child, and the folder that both hold; it looks like an old one."""
    command = [sys.executable, "-c", HOLDER]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    os.utime(folder / "lock", (0, 0))
    yield process, folder
    end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process and its child, and return when both have gone: then their pipe ends."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout
    if not process.stdout.closed:
        process.communicate()


def test_it_goes_at_the_end(temporary: Path) -> None:
    with temporary_folder(PREFIX) as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_that_of_a_killed_process_goes_when_its_children_have_gone(
    holder: tuple[subprocess.Popen[str], Path],
) -> None:
    process, left = holder
    process.kill()
    process.wait()
    with temporary_folder(PREFIX):
        assert left.exists(), "its child lives"
    end(process)
    with temporary_folder(PREFIX) as mine:
        assert not left.exists()
        assert mine.exists()


def test_it_takes_nothing_that_is_held_or_new_or_not_its_own(
    temporary: Path, holder: tuple[subprocess.Popen[str], Path]
) -> None:
    _, held = holder
    new, other, elsewhere = (temporary / name for name in (f"{PREFIX}new", f"{PREFIX}x", "else"))
    for folder in (new, other, elsewhere):
        folder.mkdir()
    (new / "lock").touch()
    (elsewhere / "lock").touch()
    os.utime(elsewhere / "lock", (0, 0))
    link = temporary / f"{PREFIX}link"
    link.symlink_to(elsewhere)
    with temporary_folder(PREFIX):
        pass
    assert all(path.exists() for path in (held, new, other, elsewhere / "lock", link))
