"""`flask keys`: made once, listed without their secret, revoked."""

import redis

from stats.service_keys import check, list_keys
from tests.commands.conftest import Flask_
from tests.support.store_checks import contents


def test_a_key_is_printed_once_and_alone(valkey: redis.Redis, flask: Flask_) -> None:
    made = flask("keys", "create", "Chat backend")
    key = made.stdout.strip()
    assert (made.exit_code, made.stdout) == (0, f"{key}\n")
    assert check(valkey, key) == "Chat backend"
    listed = flask("keys", "list")
    for output in (made.stderr, listed.output, repr(contents(valkey))):
        assert key[13:] not in output
    assert key[5:13] in listed.stdout
    assert "Chat backend" in listed.stdout
    assert '"key.made"' in made.stderr


def test_the_list_tells_the_last_use(valkey: redis.Redis, flask: Flask_) -> None:
    key = flask("keys", "create", "Chat").stdout.strip()
    assert "never used" in flask("keys", "list").stdout
    check(valkey, key)
    (line,) = flask("keys", "list").stdout.splitlines()
    assert "never used" not in line
    assert line.endswith("UTC  Chat")


def test_a_revoked_key_is_gone_from_the_list(valkey: redis.Redis, flask: Flask_) -> None:
    kept, gone = (flask("keys", "create", name).stdout.strip() for name in ("kept", "gone"))
    result = flask("keys", "revoke", gone[5:13])
    assert result.exit_code == 0
    assert '"key.revoked"' in result.stderr
    assert [key.name for key in list_keys(valkey)] == ["kept"]
    assert check(valkey, gone) is None
    assert check(valkey, kept) == "kept"
    again = flask("keys", "revoke", gone[5:13])
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: There is no service key with this prefix.\n",
    )


def test_a_bad_name_makes_no_key(valkey: redis.Redis, flask: Flask_) -> None:
    for name in ("", "x" * 81, "a\x1b[2J"):
        assert flask("keys", "create", name).exit_code == 1
    assert contents(valkey) == {}
    assert flask("keys", "list").stderr == "There are none.\n"
