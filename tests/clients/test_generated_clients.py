"""What two well-known generators make of the description works against a real process.

Every operation is asked for, so that an answer of which a generator made nothing is missed.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live_server import ROOT, LiveServer, serve

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
PYTHON_TOOLS = ROOT / "build" / "clients" / "bin"
NODE_MODULES = ROOT / "build" / "npm" / "node_modules"
TYPESCRIPT, TSC = "openapi-typescript/bin/cli.js", "typescript/bin/tsc"
# What a project with the types of Node.js has.
NODE = "declare const process: { env: Record<string, string | undefined> };\n"
STRICT = {
    "compilerOptions": {
        "strict": True,
        "exactOptionalPropertyTypes": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2022",
        "module": "es2022",
        "moduleResolution": "bundler",
        "moduleDetection": "force",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
    }
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running application, as `make run` starts it."""
    site = serve(tmp_path_factory.mktemp("site") / "data")
    yield site
    site.destroy()


@pytest.fixture
def described(site: LiveServer, tmp_path: Path) -> Path:
    """A folder with the description as it is served."""
    described = site.api("GET", "/api/openapi.json")
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    return tmp_path


def run(site: LiveServer, folder: Path, *command: str | Path) -> str:
    """Run a command in the folder; return what it prints, errors too."""
    path = f"{PYTHON_TOOLS}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "AIRA_URL": site.url, "AIRA_KEY": site.key}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=50)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def operation_names(folder: Path) -> list[str]:
    """The names of the operations as a Python module spells them."""
    paths = json.loads((folder / "openapi.json").read_text())["paths"]
    names = [one["operationId"] for methods in paths.values() for one in methods.values()]
    return sorted(re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", name) for name in names)


def test_a_python_client_knows_and_calls_every_operation(site: LiveServer, described: Path) -> None:
    tool = PYTHON_TOOLS / "openapi-python-client"
    assert tool.is_file(), "run make build/clients/installed"
    options = ("--path", "openapi.json", "--output-path", "aira_client", "--meta", "none")
    run(site, described, tool, "generate", *options, "--fail-on-warning")
    made = {path.stem for path in (described / "aira_client" / "api" / "default").glob("*.py")}
    assert sorted(made - {"__init__"}) == operation_names(described)
    shutil.copy(HERE / "call_api.py", described)
    assert run(site, described, PYTHON_TOOLS / "python", "call_api.py") == "done\n"


def test_a_typescript_client_compiles_and_calls_every_operation(
    site: LiveServer, described: Path
) -> None:
    tool = NODE_MODULES / TYPESCRIPT
    assert tool.is_file(), "run make build/npm/node_modules"
    run(site, described, "node", tool, "openapi.json", "--output", "api.ts")
    shutil.copy(HERE / "call_api.ts", described)
    (described / "node_modules").symlink_to(NODE_MODULES)
    (described / "node.d.ts").write_text(NODE)
    (described / "tsconfig.json").write_text(json.dumps(STRICT))
    (described / "package.json").write_text('{"type": "module"}')
    run(site, described, "node", NODE_MODULES / TSC)
    assert run(site, described, "node", "call_api.js") == "done\n"
