"""Who may import whom: every import is read from the sources and compared with the layers.

The picture in docs/architecture.md is these tables, and cannot become untrue.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.live_server import ROOT

# Lowest first; each room imports only what stands in a line before its own, or itself.
LAYERS = (
    "errors",
    "lib plans",
    "store settings",
    "activity embedded mail rate_limit",
    "snapshot",
    "billing",
    "accounts",
    "moods service_keys",
    "user_stats dashboard",
    "conversations operators daily_login",
    "export conversation_search conversation_pages insights",
    "sample legacy_import",
    "web",
)
WEB_LAYERS = (
    "runtime json_provider worker_processes templating",
    "monitoring",
    "poll_cache",
    "http",
    "commands accounts",
    "billing",
    "dashboard pages api",
    "flask_app preload",
    "serve",
    "command_line",
)
# What only the web half may import.
FLASK = {"flask", "flask_login", "flask_wtf", "flask_compress", "htmx_flask", "werkzeug", "jinja2"}
FLASK |= {"click", "granian", "wtforms", "prometheus_client", "markupsafe"}


def ranks() -> dict[str, int]:
    """How high each room stands."""
    lines = [(number, "stats.", line) for number, line in enumerate(LAYERS)]
    lines += [(100 + number, "stats.web.", line) for number, line in enumerate(WEB_LAYERS)]
    return {prefix + room: rank for rank, prefix, line in lines for room in line.split()}


def room(module: str) -> str:
    """The room that a module belongs to: `stats.moods`, `stats.web.http`."""
    parts = module.split(".")
    return ".".join(parts[: 3 if parts[:2] == ["stats", "web"] else 2])


def modules(folder: str = "stats") -> Iterator[tuple[str, ast.Module]]:
    """All modules below a folder with what is written in them."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                path = ROOT.joinpath(*f"{node.module}.{alias.name}".split("."))
                is_module = path.with_suffix(".py").exists() or path.is_dir()
                yield f"{node.module}.{alias.name}" if is_module else str(node.module)


def breaks(module: str, target: str) -> bool:
    """Whether an import goes sideways or up."""
    own, other, rank = room(module), room(target), ranks()
    return own != other and rank[other] >= rank[own]


def test_every_room_has_its_layer() -> None:
    rooms = {room(module) for module, _ in modules() if module not in ("stats", "stats.web")}
    assert rooms == ranks().keys() - {"stats.web"}


def test_nobody_imports_sideways_or_up() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, tree in modules()
        if module != "stats"
        for target in imported(tree)
        if target.startswith("stats.") and breaks(module, target)
    ]
    assert wrong == []


def test_the_domain_knows_no_flask_and_nobody_the_application() -> None:
    for module, tree in modules():
        names = {target.partition(".")[0] for target in imported(tree)}
        assert "app" not in names, module
        if not module.startswith("stats.web"):
            assert not names & FLASK, module


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("stats.moods.entries", "stats.web.runtime"),
        ("stats.store.keys", "stats.accounts.sessions"),
        ("stats.web.http.access", "stats.web.dashboard.routes"),
        ("stats.web.api.routes", "stats.web.pages.history"),
    ],
)
def test_an_import_up_or_sideways_is_seen(module: str, target: str) -> None:
    assert breaks(module, target)
    assert not breaks(target, module) or room(module).rpartition(".")[0] == "stats.web"


def test_the_page_on_architecture_shows_these_layers() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    shown = [" ".join(line.split()) for line in re.findall(r"```layers\n(.*?)```", page, re.S)]
    assert shown == [" < ".join(LAYERS), " < ".join(WEB_LAYERS)]


def test_every_folder_says_in_a_line_what_belongs_there() -> None:
    for folder in ("stats", "tests"):
        for path in (ROOT / folder).rglob("__init__.py"):
            assert ast.get_docstring(ast.parse(path.read_text())), path
