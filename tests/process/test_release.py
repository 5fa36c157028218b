"""A running server stays the release that it was started as, whatever comes into its folder."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.badday.helpers import Person, RequestSpec, send, service_request
from tests.support.live_server import ROOT, LiveServer, serve
from tests.support.samples import MESSAGES
from tests.web.helpers import Browser

PROGRAM = ("stats", "templates", "static")
# What people without an account see.
REDIRECTED = ("/", "/login", "/signup")
PAGES = (
    *REDIRECTED,
    *("/reset", "/privacy", "/api/docs", "/api/openapi.json"),
    *("/dashboard", "/dashboard/charts", "/history", "/conversations", "/plans", "/settings"),
    *("/settings/two-factor", "/settings/export.json", "/settings/export.csv"),
)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the program."""
    folder = tmp_path / "release"
    for name in PROGRAM:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def site(tmp_path: Path, release: Path) -> Iterator[LiveServer]:
    site = serve(tmp_path / "data", root=release)
    yield site
    site.destroy()


def overwrite(release: Path) -> None:
    """Put a release into the folder that has nothing in common with the old one."""
    for folder, kind in (("templates", "*"), ("stats", "*.lua"), ("stats", "*.txt")):
        files = [path for path in (release / folder).rglob(kind) if path.is_file()]
        assert files
        for file in files:
            file.write_text("{{ of_a_later_release() }} (")
    (release / "static" / "app.css").write_text("/* of a later release */")


def style_sheet(page: str) -> str:
    """The address of the style sheet."""
    match = re.search(r"/static/app\.css\?v=\w+", page)
    assert match
    return match[0]


def get(path: str) -> RequestSpec:
    return RequestSpec(path, "GET", path)


def test_a_release_that_overwrites_it_changes_nothing(site: LiveServer, release: Path) -> None:
    overwrite(release)
    person = Person(site.port, site.key)
    saved = person.ask(person.form("mood", "/dashboard/mood", score="7", note="New", op="1"))
    assert saved.status == 303
    body = {"chatId": "c", "summary": "A walk", "messages": MESSAGES}
    save = service_request("save", "POST", f"/api/chat/save?userId={person.id}", body)
    assert send(site.port, save.with_key(site.key)).status == 200
    statuses = {path: person.ask(get(path)).status for path in (*PAGES, "/conversations/c")}
    assert statuses == {path: 302 if path in REDIRECTED else 200 for path in statuses}
    assert person.ask(get("/nowhere")).status == 404
    assert Person(site.port, site.key).numbers()["conversations"] == "0"
    assert [send(site.port, get(path)).status for path in REDIRECTED] == [200] * len(REDIRECTED)


def test_the_addresses_of_static_files_stay(site: LiveServer, release: Path, app: Flask) -> None:
    overwrite(release)
    page = send(site.port, get("/privacy")).text
    assert style_sheet(page) == style_sheet(Browser(app).get("/privacy").text)
