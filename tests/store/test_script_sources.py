"""Scripts that are said to read write nothing, in their own text and by what they call."""

import re
from importlib.resources import files

import pytest
import redis

from stats.store.script_sources import READ_SCRIPTS, SHARED

LUA = files("stats") / "lua"
CALL = re.compile(r"redis\.p?call\('(\w+)'")
FUNCTION = re.compile(r"^local function (\w+)\(.*?^end", re.MULTILINE | re.DOTALL)


def shared_functions() -> dict[str, str]:
    """The bodies of the shared functions by name."""
    text = "".join((LUA / f"shared/{part}.lua").read_text() for part in SHARED)
    return {found[1]: found[0] for found in FUNCTION.finditer(text)}


def commands_of(text: str, functions: dict[str, str]) -> set[str]:
    """The commands that a script calls, itself or by a shared function."""
    found, todo, done = set(), [text], set()
    while todo:
        body = todo.pop()
        found |= set(CALL.findall(body))
        called = {name for name in functions if re.search(rf"\b{name}\(", body)} - done
        done |= called
        todo += [functions[name] for name in called]
    return found


def all_scripts() -> dict[str, str]:
    """The scripts of all callers, by name."""
    return {
        f"{folder.name}/{path.name.removesuffix('.lua')}": path.read_text()
        for folder in LUA.iterdir()
        if folder.name != "shared"
        for path in folder.iterdir()
    }


@pytest.mark.one_server
def test_what_is_said_to_read_writes_nothing(valkey: redis.Redis) -> None:
    functions, known = shared_functions(), valkey.command()
    writes = {name for name, command in known.items() if "write" in command["flags"]}
    reading = {
        name
        for name, text in all_scripts().items()
        if not writes & {command.lower() for command in commands_of(text, functions)}
    }
    assert reading == READ_SCRIPTS
