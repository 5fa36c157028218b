"""The documents say what is so, and the files of docs/deploy are what they are meant to be."""

import ast
import configparser
import html
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stats.web.http.error_pages import API_MESSAGES, HTTP_CODES, PAGE_MESSAGES
from tests.support.live_server import ROOT, environment, eventually, free_port, start_process

DOCS = ROOT / "docs"
DEPLOY = DOCS / "deploy"
PAGES = [*DOCS.glob("*.md"), *ROOT.glob("*.md")]
VARIABLE = re.compile(r"[A-Z]+(_[A-Z]+)+|HOST|PORT|WORKERS")


def variables_read() -> set[str]:
    """The names that settings.py asks the environment for."""
    names, prefixes = set(), set()
    for node in ast.walk(ast.parse((ROOT / "stats" / "settings.py").read_text())):
        if isinstance(node, ast.Constant) and VARIABLE.fullmatch(str(node.value)):
            names.add(str(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_of_plans":
            prefix, *suffix = map(ast.literal_eval, node.args[1:])
            prefixes.add((prefix, "".join(suffix)))
    return (
        names - {prefix for prefix, _ in prefixes}
        | {f"{start}_{plan}{end}" for start, end in prefixes for plan in ("PLUS", "PREMIUM")}
        | {"KV_REST_API_URL", "KV_REST_API_TOKEN"}
    )


def variables_in(page: Path) -> list[str]:
    """The names in the first column of a page's tables."""
    firsts = re.findall(r"^\| ([^|]+) \|", page.read_text(), re.MULTILINE)
    return [name for first in firsts for name in re.findall(r"`([A-Z_]+)`", first)]


def test_the_page_on_configuration_has_every_variable_once() -> None:
    documented = variables_in(DOCS / "configuration.md")
    assert sorted(documented) == sorted(variables_read())


def test_the_page_on_operations_has_every_event() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "stats").rglob("*.py"))
    written = set(re.findall(r'\brecord_event\(\s*"([a-z._]+)"', sources))
    page = (DOCS / "operations.md").read_text()
    section = page.partition("- `aira.security`")[2].partition("\n- `")[0]
    assert set(re.findall(r"`([a-z_.]+)`", section)) == written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        file, _, place = target.partition("#")
        where = page.parent / file if file else page
        assert where.exists(), target
        if place:
            assert place in {anchor(line) for line in where.read_text().splitlines()}, target


def anchor(line: str) -> str:
    """What a heading is called in an address, "" for other lines."""
    heading = re.fullmatch(r"#+ (.+)", line)
    return "" if heading is None else re.sub(r"[^\w -]", "", heading[1].lower()).replace(" ", "-")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_exist(page: str) -> None:
    named = re.findall(r"`((?:stats|templates|tests|docs)/[\w./-]+)`", (ROOT / page).read_text())
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_worked_example_names_what_is_there() -> None:
    script = (ROOT / "stats/lua/shared/streak.lua").read_text()
    _, _, counting = script.partition("local function count_day(")
    counting, _, _ = counting.partition("\nend\n")
    assert "redis.call('HSET', stats, 'forgiven', missed)" in counting
    assert "changed()" in counting
    for file, names in {
        "stats/dashboard.py": ["def next_change("],
        "templates/dashboard/_stats.html": ["stats.longest_streak"],
        "stats/snapshot.py": ["class PublicCounts", "class Counts(PublicCounts)"],
        "stats/web/api/models/response_models.py": ["class Stats("],
        "tests/web/dashboard/test_page_and_poll.py": ["NEW = {", "def days_ago("],
        "tests/support/live_server.py": ["def eventually("],
    }.items():
        text = (ROOT / file).read_text()
        assert [name for name in names if name not in text] == [], file


def test_the_error_pages_of_the_proxy_say_what_ours_say() -> None:
    for status in (413, 429, 503):
        page = (DEPLOY / "errors" / f"{status}.html").read_text()
        title, sentence = map(html.escape, PAGE_MESSAGES[status])
        assert f"<h1>{title}</h1>" in page
        assert f"<p>{sentence}</p>" in page
        answer = json.loads((DEPLOY / "errors" / f"{status}.json").read_text())
        assert answer == {"error": answer["error"], "code": HTTP_CODES[status]}
    assert API_MESSAGES[413] in (DEPLOY / "errors" / "413.json").read_text()


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "aira-stats@.service")
    return parser


def test_the_unit_is_hardened_and_stops_as_the_program_wants() -> None:
    service = unit()["Service"]
    wanted = {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "CapabilityBoundingSet": "",
        "Restart": "on-failure",
        "KillSignal": "SIGTERM",
        # The embedded store belongs to the same group, and must outlive the requests.
        "KillMode": "mixed",
        "EnvironmentFile": "/etc/aira-stats.env",
        "UMask": "0077",
    }
    assert {name: service.get(name) for name in wanted} == wanted
    assert int(service["TimeoutStopSec"]) > 7 + 10, "workers, then the embedded store"


def test_an_instance_stays_with_the_release_that_it_was_started_as(tmp_path: Path) -> None:
    """By its real path: what is imported later would come from the next release."""
    python = tmp_path / "releases" / "1" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$0 $*"\n')
    python.chmod(0o700)
    current = tmp_path / "current"
    current.symlink_to("releases/1")
    assert unit()["Service"]["WorkingDirectory"] == "/srv/aira-stats/current"
    shell, option, script = shlex.split(unit()["Service"]["ExecStart"].replace("$$", "$"))
    env = {"PWD": str(current), "PATH": "/usr/bin:/bin"}
    said = subprocess.run([shell, option, script], cwd=current, env=env, capture_output=True)
    assert said.stdout.decode().split() == [str(python.resolve()), "app.py"]


def test_the_settings_of_a_server_are_ours() -> None:
    lines = (DEPLOY / "aira-stats.env").read_text().splitlines()
    names = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    assert names <= variables_read()
    assert {"SECRET_KEY", "PUBLIC_URL", "TRUSTED_HOSTS", "TRUSTED_PROXIES"} <= names


def instructions() -> list[list[tuple[str, str]]]:
    """The container file's instructions, stage by stage."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            if name == "FROM":
                stages.append([])
            stages[-1].append((name, " ".join(rest.split())))
    return stages


def test_the_image_has_no_tools_no_root_and_no_secrets() -> None:
    build, image = instructions()
    assert any("--require-hashes" in rest for name, rest in build if name == "RUN")
    assert not any("pip" in rest for name, rest in image if name == "RUN")
    last = dict(image)
    assert last["USER"] == "10001:10001"
    assert last["ENTRYPOINT"] == '["python", "app.py"]'
    assert last["STOPSIGNAL"] == "SIGTERM"
    # OCI images have none; https://docs.podman.io/en/latest/markdown/podman-build.1.html#format
    assert "podman build --format docker" in (DOCS / "deploy.md").read_text()
    assert last["HEALTHCHECK"].endswith('CMD ["python", "/usr/local/bin/healthcheck.py"]')
    assert not any("KEY" in rest for name, rest in [*build, *image] if name in ("ENV", "ARG"))


def test_the_image_gets_what_it_copies_and_nothing_else() -> None:
    build, image = instructions()
    copies = [rest.split()[:-1] for name, rest in [*build, *image] if name == "COPY"]
    copied = {name for names in copies for name in names if not names[0].startswith("--from")}
    ignore = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == copied
    assert "*" in ignore
    assert all((ROOT / name).exists() for name in copied)
    # app.py asks for no other file of ours; its version stands in pyproject.toml.
    wanted = {"app.py", "pyproject.toml", "stats", "templates", "static", "requirements.txt"}
    assert wanted <= copied


@pytest.mark.parametrize("hosts", ["", "aira.example, other.example", ".aira.example"])
def test_the_health_check_asks_under_a_name_that_is_served(tmp_path: Path, hosts: str) -> None:
    port = free_port()
    with open(tmp_path / "said", "w") as said:
        process = start_process(
            environment(tmp_path / "data", port, TRUSTED_HOSTS=hosts), said, said
        )
    try:
        assert eventually(lambda: run_health_check(port, hosts) == 0)
        if hosts:
            assert run_health_check(port, "") == 1
    finally:
        process.terminate()
        process.wait(20)
    assert run_health_check(port, hosts) == 1


def run_health_check(port: int, hosts: str) -> int:
    env = {**environment(Path("nowhere"), port), "TRUSTED_HOSTS": hosts}
    command = [sys.executable, str(DEPLOY / "healthcheck.py")]
    return subprocess.run(command, env=env, check=False, timeout=30).returncode


def test_vercel_finds_the_application() -> None:
    config = json.loads((DEPLOY / "vercel.json").read_text())
    [name] = config["functions"]
    assert (ROOT / name).exists()
    code = f"import {name.removesuffix('.py')} as it, flask; assert isinstance(it.app, flask.Flask)"
    kv = {"KV_REST_API_URL": "https://kv.example", "KV_REST_API_TOKEN": "t", "VERCEL": "1"}
    env = environment(Path("/nowhere"), 3000, SECRET_KEY="k" * 32, **kv)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=30)
