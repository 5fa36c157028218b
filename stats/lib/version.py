"""This program's version, which stands in pyproject.toml and nowhere else."""

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

NAME = "aira-stats"
UNKNOWN = "unknown"
SOURCES = Path(__file__).parents[2] / "pyproject.toml"


@cache
def version() -> str:
    """Return the version of these very files: the source tree's, else the installed wheel's.

    A source tree is asked first, for another version may be installed beside it.
    """
    return _of_sources() or _of_installation()


def _of_sources() -> str | None:
    try:
        project = tomllib.loads(SOURCES.read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return None
    return str(project["version"]) if project.get("name") == NAME else None


def _of_installation() -> str:
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return UNKNOWN
