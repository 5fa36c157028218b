"""The wheel, built from the source distribution, does its work where no source tree is.

It is installed into an environment of its own, and used from an empty folder. What it depends on is
not installed anew: a path leads to where this test's own packages are. So this shows that the wheel
has all of ours, not that its dependencies can be had; that they are declared, shows
tests/documents/test_dependencies.py. Building asks the package index for tools, hence the mark.
"""

import os
import re
import shutil
import signal
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from zipfile import ZipFile

import pytest

from stats.lib.version import version
from tests.support.live_server import ROOT, environment, eventually, free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PLACES = {"stats": "stats", "templates": "stats/web/templates", "static": "stats/web/static"}


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """Run a command that must succeed; return what it says."""
    env = {**environment(cwd / "data", 3000), "PYTHONPATH": "", **more}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_environment(folder: Path) -> Path:
    """Make a virtual environment; return its folder of programs."""
    venv.create(folder, with_pip=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution."""
    folder = tmp_path_factory.mktemp("build")
    python = make_environment(folder / "tools") / "python"
    run(python, "-m", "pip", "install", "--quiet", "build", cwd=folder)
    run(python, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
    [built] = (folder / "dist").glob("*.whl")
    return built


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    bin: Path
    folder: Path
    packages: Path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    place = tmp_path_factory.mktemp("installed")
    programs = make_environment(place / "venv")
    paths = {"base": str(place / "venv"), "platbase": str(place / "venv")}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel, cwd=place)
    (place / "empty").mkdir()
    yield Installed(programs, place / "empty", packages)
    shutil.rmtree(place / "venv")


def test_the_wheel_has_all_files_and_nothing_on_top_but_the_package(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        f"{place}/{path.relative_to(ROOT / source)}"
        for source, place in PLACES.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert names == wanted
    assert {"stats/py.typed", "stats/lua/shared/stats.lua", "stats/sample/talks.txt"} < names


def test_a_program_can_call_all_fifteen_functions(installed: Installed) -> None:
    script = shutil.copy(Path(__file__).with_name("fifteen.py"), installed.packages.parent)
    said = run(installed.bin / "python", script, installed.folder / "data", cwd=installed.folder)
    assert Path(said.strip()).is_relative_to(installed.packages)


def test_the_command_tells_its_version_and_what_it_can(installed: Installed) -> None:
    command = installed.bin / "aira-stats"
    assert run(command, "--version", cwd=installed.folder).split()[-1] == version()
    help_text = run(command, "--help", cwd=installed.folder)
    listed = set(re.findall(r"^  ([a-z-]+) ", help_text.partition("Commands:")[2], re.MULTILINE))
    groups = {"users", "stats", "keys", "backup", "doctor", "billing", "import-aira"}
    assert listed == groups | {"serve"}
    assert run(command, "users", "list", cwd=installed.folder).startswith("id ")


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_the_command_serves_a_page_with_its_style(
    installed: Installed, arguments: list[str]
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [installed.bin / "aira-stats", *arguments],
        cwd=installed.folder,
        env=environment(installed.folder / "data", port) | {"PYTHONPATH": ""},
        start_new_session=True,
    )
    try:
        assert eventually(lambda: answers(port))
        status, page = get(port, "/")
        assert status == 200
        [style] = re.findall(r'href="(/static/app\.css[^"]*)"', page)
        assert get(port, style)[0] == get(port, "/htmx.min.js")[0] == 200
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        return get(port, "/readyz")[0] == 200
    except OSError:
        return False


def get(port: int, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer: HTTPResponse = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
