"""`flask import-aira`: what an operator types, reads and gets as exit code."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import Result
from flask import Flask

from stats.accounts.deletion import handle_account_deletion
from stats.store.client import connect
from stats.store.keys import user_key
from stats.user_stats import get_user_stats
from stats.web.commands.import_aira import import_aira
from tests.cluster.nodes import assert_eventually
from tests.conftest import SECRET_KEY
from tests.legacy_import.store import FIELDS, LegacyUser, mood, thousand_users
from tests.support.live_server import ROOT
from tests.support.store_checks import contents

WHOLE = [
    LegacyUser("alice", {**FIELDS, "plan": "Premium"}, "2024-10-24"),
    LegacyUser("bob", {**FIELDS, "plan": "pro"}, moods={mood(5): 0}),
    LegacyUser("carol", {**FIELDS, "mood_score": "6"}, "Thu Oct 24 2024"),
]
BROKEN = LegacyUser("dave", {**FIELDS, "conversations": "secret"}, "2024-10-24")
TOLD = """\
user:carol:stats: mood_score has no entry, and is put at noon (UTC) of the last login
users seen: 3
new here: 3
merged with what was here: 0
skipped: 0
deleted here since: 0
of these, moved in by an earlier run: 0
plans granted, which the old system let anybody set: 2 (Plus 1, Premium 1)
values put where they may belong: 1 (mood_score 1)
values lost: 0
"""


def run(app: Flask, *args: str) -> Result:
    """Run the command; whatever it does not catch fails the test."""
    result = app.test_cli_runner().invoke(import_aira, args)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def old(valkey: Any) -> Any:
    for user in WHOLE:
        user.write(valkey)
    return valkey


def test_it_tells_what_became_of_everybody(app: Flask, old: Any) -> None:
    result = run(app)
    assert (result.exit_code, result.stdout) == (0, TOLD)
    stats = get_user_stats(old, "alice")
    assert stats is not None
    assert (stats.conversations, stats.plan) == (7, "Premium")


def test_it_writes_a_line_for_each_plan_that_it_grants(app: Flask, old: Any) -> None:
    first = run(app)
    lines = [json.loads(line) for line in first.stderr.splitlines()]
    assert [(line["logger"], line["event"], line["by"]) for line in lines] == [
        ("aira.security", "plan.granted", "operator")
    ] * 2
    granted = {line["user"]: (line["plan"], line["reason"]) for line in lines}
    assert granted == {"alice": ("Premium", "import-aira"), "bob": ("Plus", "import-aira")}
    for again in (run(app), run(app, "--dry-run"), run(app, "--without-plans")):
        assert again.stderr == ""


@pytest.mark.parametrize("args", [("--dry-run",), ("--without-plans",)])
def test_it_writes_no_line_where_it_grants_nothing(
    app: Flask, old: Any, args: tuple[str, ...]
) -> None:
    assert run(app, *args).stderr == ""


def test_twice_it_changes_nothing_and_tells_the_same(app: Flask, old: Any) -> None:
    run(app)
    before = contents(old)
    again = run(app)
    assert again.output == TOLD.replace("earlier run: 0", "earlier run: 3")
    assert again.exit_code == 0
    assert contents(old) == before


def test_a_dry_run_writes_nothing_and_tells_the_same(app: Flask, old: Any) -> None:
    before = contents(old)
    result = run(app, "--dry-run")
    first, rest = result.output.split("Nothing was written. This is what would happen:\n")
    assert (result.exit_code, first + rest) == (0, TOLD)
    assert contents(old) == before


def test_a_lost_value_is_named_without_its_content(app: Flask, old: Any) -> None:
    BROKEN.write(old)
    for _ in range(2):
        result = run(app)
        assert result.exit_code == 3
        assert "user:dave:stats: conversations is no whole number from 0\n" in result.output
        assert result.output.endswith("values lost: 1 (conversations 1)\n")
        assert "secret" not in result.output
    assert run(app, "--dry-run").exit_code == 3


@pytest.mark.parametrize("args", [(), ("--dry-run",)])
def test_who_was_deleted_since_does_not_come_back(
    app: Flask, old: Any, args: tuple[str, ...]
) -> None:
    run(app)
    handle_account_deletion(old, "carol")
    before = contents(old)
    result = run(app, *args)
    assert "users seen: 3\nnew here: 2\n" in result.output
    assert "deleted here since: 1\nof these, moved in by an earlier run: 3\n" in (result.output)
    assert "carol" not in result.output
    assert contents(old) == before


def test_without_plans(app: Flask, old: Any) -> None:
    result = run(app, "--without-plans")
    assert "plans granted, which the old system let anybody set: 0\n" in result.output
    assert old.hget(user_key("alice", "stats"), "plan") == "Free"


@pytest.mark.one_server
def test_from_another_store(app: Flask, server_url: str, valkey: Any) -> None:
    with redis.Redis.from_url(f"{server_url}?db=1") as source:
        WHOLE[0].write(source)
    result = run(app, "--from", f"{server_url}?db=1")
    assert "users seen: 1\n" in result.output
    assert valkey.exists(user_key("alice", "stats"))


@pytest.mark.parametrize("address", ["http://host", "redis://", "old.example", "redis://:pw@h/x"])
def test_an_address_that_is_none(app: Flask, old: Any, address: str) -> None:
    result = run(app, "--from", address)
    assert result.exit_code == 2
    assert "Invalid value for '--from'" in result.output
    assert "pw" not in result.output


def test_a_store_that_is_away(app: Flask, old: Any, tmp_path: Path) -> None:
    result = run(app, "--from", f"unix://{tmp_path}/nobody.sock")
    assert (result.exit_code, result.output) == (1, "Error: Redis does not answer.\n")


def test_a_store_that_refuses_the_password(app: Flask, server_url: str) -> None:
    result = run(app, "--from", f"{server_url}?username=nobody&password=wrong")
    refused = "Error: Redis refuses the user or password of the address.\n"
    assert (result.exit_code, result.output) == (1, refused)


def process(server_url: str, **streams: Any) -> subprocess.Popen[bytes]:
    env = {"PATH": os.environ["PATH"], "REDIS_URL": server_url, "SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "flask", "--app", "app", "import-aira"]
    return subprocess.Popen(command, cwd=ROOT, env=env, **streams)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.one_server
def test_a_process_on_a_terminal_shows_how_far_it_is(
    server_url: str, old: Any, terminal: tuple[int, int]
) -> None:
    screen, inside = terminal
    with process(server_url, stdout=subprocess.PIPE, stderr=inside) as running:
        output, _ = running.communicate(timeout=30)
    assert (running.returncode, output.decode()) == (0, TOLD)
    assert "Moving in" in os.read(screen, 65536).decode()


@pytest.mark.one_server
def test_a_killed_process_is_finished_by_the_next(server_url: str, valkey: Any) -> None:
    """Killed with -9 as soon as somebody has moved in."""
    for user in thousand_users():
        if user.id.startswith("user-"):
            user.write(valkey)
    with process(server_url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert_eventually(lambda: valkey.keys("user:{*}:stats"), "somebody moves in")
        first.kill()
    half = len(valkey.keys("user:{*}:stats"))
    with process(server_url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as second:
        output, errors = second.communicate(timeout=50)
    assert second.returncode == 0
    assert {json.loads(line)["event"] for line in errors.splitlines()} <= {"plan.granted"}
    seen = int(output.decode().split("users seen: ")[1].split()[0])
    assert f"moved in by an earlier run: {half}\n" in output.decode()
    with connect(server_url) as db:
        assert len(db.keys("user:{*}:stats")) == seen >= half > 0
