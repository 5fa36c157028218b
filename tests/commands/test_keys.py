"""`flask keys`: made once, listed without their secret, revoked."""

import redis

from stats.service_keys import check, list_keys
from tests.commands.conftest import RunFlask
from tests.support.store_checks import contents


def test_a_key_is_printed_once_and_alone(valkey: redis.Redis, run_flask: RunFlask) -> None:
    made = run_flask("keys", "create", "Chat backend")
    key = made.stdout.strip()
    assert (made.exit_code, made.stdout) == (0, f"{key}\n")
    assert check(valkey, key) == "Chat backend"
    listed = run_flask("keys", "list")
    for output in (made.stderr, listed.output, repr(contents(valkey))):
        assert key[13:] not in output
    assert key[5:13] in listed.stdout
    assert "Chat backend" in listed.stdout
    assert '"key.made"' in made.stderr


def test_the_list_tells_the_last_use(valkey: redis.Redis, run_flask: RunFlask) -> None:
    key = run_flask("keys", "create", "Chat").stdout.strip()
    assert "never used" in run_flask("keys", "list").stdout
    check(valkey, key)
    (line,) = run_flask("keys", "list").stdout.splitlines()
    assert "never used" not in line
    assert line.endswith("UTC  Chat")


def test_a_revoked_key_is_gone_from_the_list(valkey: redis.Redis, run_flask: RunFlask) -> None:
    kept, gone = (run_flask("keys", "create", name).stdout.strip() for name in ("kept", "gone"))
    result = run_flask("keys", "revoke", gone[5:13])
    assert result.exit_code == 0
    assert '"key.revoked"' in result.stderr
    assert [key.name for key in list_keys(valkey)] == ["kept"]
    assert check(valkey, gone) is None
    assert check(valkey, kept) == "kept"
    again = run_flask("keys", "revoke", gone[5:13])
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: There is no service key with this prefix.\n",
    )


def test_a_bad_name_makes_no_key(valkey: redis.Redis, run_flask: RunFlask) -> None:
    for name in ("", "x" * 81, "a\x1b[2J"):
        assert run_flask("keys", "create", name).exit_code == 1
    assert contents(valkey) == {}
    assert run_flask("keys", "list").stderr == "There are none.\n"
