"""What docs/api.md tells integrators to write is run as it stands, against a real process."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live_server import ROOT, LiveServer, serve

PAGE = ROOT / "docs" / "api.md"
TSC = ROOT / "build" / "npm" / "node_modules" / "typescript" / "bin" / "tsc"
# What a project with the types of Node.js has.
NODE = "declare const process: { env: Record<string, string | undefined> };\n"
STRICT = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2022",
        "module": "es2022",
        "moduleDetection": "force",
        "lib": ["es2022", "dom"],
        "types": [],
    }
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running application, as `make run` starts it."""
    site = serve(tmp_path_factory.mktemp("site") / "data")
    yield site
    site.destroy()


def snippets(language: str) -> list[str]:
    """The pieces of code in one language, in the order of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def run(site: LiveServer, folder: Path, *command: str) -> str:
    """Run a command in the folder with the two variables; return what it prints."""
    env = {**os.environ, "AIRA_URL": site.url, "AIRA_KEY": site.key}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stats(site: LiveServer, user_id: str) -> tuple[object, ...]:
    data = site.api("GET", f"/api/dashboard?userId={user_id}")["data"]
    summaries = [one["summary"] for one in data["recent_conversations"]]
    return (data["conversations"], data["mood_score"], data["days_active"], summaries)


def test_the_page_has_one_snippet_in_each_language() -> None:
    assert [len(snippets(language)) for language in ("bash", "python", "ts")] == [1, 1, 1]
    assert set(re.findall(r"^```(\w+)$", PAGE.read_text(), re.MULTILINE)) == {
        "bash",
        "python",
        "ts",
    }


def test_the_python_runs(site: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "snippet.py").write_text(snippets("python")[0])
    for _ in range(2):  # a conversation counts once
        said = run(site, tmp_path, sys.executable, "-W", "error", "snippet.py")
        assert said.split() == ["1", "7.0", "1"]
    assert stats(site, "maya-2") == (1, 7.0, 1, ["A quiet evening"])


@pytest.mark.browser
def test_the_shell_runs(site: LiveServer, tmp_path: Path) -> None:
    assert shutil.which("curl"), "curl is not on this machine"
    (tmp_path / "snippet.sh").write_text(snippets("bash")[0])
    said = run(site, tmp_path, "bash", "-euo", "pipefail", "snippet.sh")
    answers = [json.loads(line) for line in said.splitlines() if line.strip()]
    assert [answer["success"] for answer in answers] == [True] * 4
    assert stats(site, "maya-1") == (1, 8.5, 1, ["A walk by the canal"])


@pytest.mark.browser
def test_the_typescript_runs(site: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "snippet.ts").write_text(snippets("ts")[0])
    (tmp_path / "node.d.ts").write_text(NODE)
    (tmp_path / "tsconfig.json").write_text(json.dumps(STRICT))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    assert TSC.is_file(), "run make build/npm/node_modules"
    run(site, tmp_path, "node", str(TSC))
    figures, link = run(site, tmp_path, "node", "snippet.js").splitlines()
    assert figures.split() == ["1", "6.5", "1"]
    assert link.startswith(f"{site.url}/login/link/")
    assert site.answers(link.removeprefix(site.url))
    assert stats(site, "maya-3") == (1, 6.5, 1, ["Plans for the weekend"])
