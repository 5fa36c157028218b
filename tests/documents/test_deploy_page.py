"""Who follows the commands of docs/deploy.md gets settings that the program takes."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from stats.settings import Settings
from tests.support.live_server import ROOT

DEPLOY = ROOT / "docs" / "deploy"
# What makes files; the rest is about services.
WRITES = re.compile(r"^(install -m|sed -i|password=|name=|memory=)")


def commands() -> list[str]:
    """The commands that make Redis's settings and ours, in their order."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    section = page.partition("## A server with")[2].partition("**The certificate.**")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if WRITES.match(line)]


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A folder in place of /etc after the commands have run."""
    (tmp_path / "redis").mkdir()
    script = "\n".join(commands()).replace("/etc/", f"{tmp_path}/").replace("-o redis -g redis", "")
    subprocess.run(["bash", "-eu", "-c", script], cwd=DEPLOY, check=True)
    return tmp_path


def test_the_settings_are_filled_in(etc: Path) -> None:
    lines = (etc / "aira-stats.env").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    settings = Settings.from_env(env)
    assert settings.public_url == "https://aira.example"
    redis = (etc / "redis" / "aira.conf").read_text()
    assert f"user aira on >{urlsplit(settings.redis_url).password} " in redis
    assert "\nmaxmemory 1gb\n" in redis
    assert "PASSWORD" not in redis.partition("user default")[2]
    assert len({*settings.secret_keys, *settings.api_keys}) == 2
    assert all(len(key) == 64 for key in (*settings.secret_keys, *settings.api_keys))


def test_nobody_else_can_read_them(etc: Path) -> None:
    for file in (etc / "aira-stats.env", etc / "redis" / "aira.conf"):
        assert file.stat().st_mode & 0o007 == 0
