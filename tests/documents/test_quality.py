"""The documents name tests that exist: a protection without one is only a sentence."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"
LINES = list(range(1, 38))
NAME = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def rows() -> dict[int, str]:
    """The rows of the table by their line."""
    numbered_lines = re.findall(
        r"^\| (\d+) \|(.*)$", (DOCS / "quality.md").read_text(), re.MULTILINE
    )
    assert len(dict(numbered_lines)) == len(numbered_lines), "a line stands in the table twice"
    return {int(line): row for line, row in numbered_lines}


@cache
def names_in(path: Path) -> frozenset[str]:
    """The tests that a file defines, without importing it."""
    if not path.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(path.read_text()))
    names = (node.name for node in nodes if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


def missing(text: str) -> list[str]:
    """The tests that a text names and nobody has written."""
    return [
        f"{file}::{test}"
        for file, test in NAME.findall(text)
        if file.split("/")[-1].startswith("test_")
        and not (test in names_in(TESTS / file) if test else names_in(TESTS / file))
    ]


def test_the_table_has_every_line() -> None:
    assert list(rows()) == LINES


@pytest.mark.parametrize("line", LINES)
def test_a_line_has_a_test_and_all_that_are_named_exist(line: int) -> None:
    row = rows()[line]
    assert any(test for _, test in NAME.findall(row)), "this line has no test"
    assert missing(row) == []


def test_the_page_on_security_names_tests_that_exist() -> None:
    assert missing((DOCS / "security.md").read_text()) == []
