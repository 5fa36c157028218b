"""`flask users`: what an operator sees and does, and what users keep through it."""

import json
import re
from datetime import UTC, datetime

import pyotp
import pytest
import redis
from flask import Flask

from stats import operators
from stats.accounts import log_in, password_reset, passwords, profile
from stats.accounts import sign_up as accounts
from stats.accounts.second_factor import two_factor
from stats.accounts.sessions import Login, sessions
from stats.activity.clock import Clock
from stats.conversations import save_conversation
from stats.moods.entries import record_mood
from stats.store.client import connect
from stats.user_stats import create_user_stats, get_user_stats, grant_plan, increment_conversations
from tests.commands.conftest import RunFlask, invoke
from tests.support.store_checks import contents, keys_of_user
from tests.web.helpers import Browser

PASSWORD = "a sentence nobody knows"
NEW = "quite another sentence"
COMMANDS = [
    "users show {}",
    "users set-password {}",
    "users two-factor-off {}",
    "users delete {} --yes",
    "users export {}",
    "stats show {}",
    "stats set-plan {} Plus --reason gift",
]


@pytest.fixture
def alice(valkey: redis.Redis, fast_password_hashing: None) -> str:
    return sign_up(valkey, "Alice")


def sign_up(db: redis.Redis, name: str) -> str:
    email = f"{name.lower()}@example.com"
    login = accounts.sign_up(db, name=name, email=email, password=PASSWORD, clock=Clock())
    return login.user_id


def rows(output: str) -> list[list[str]]:
    return [re.split(r" {2,}", line) for line in output.splitlines()]


def test_it_lists_accounts_and_bare_stats(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    create_user_stats(valkey, "42")
    grant_plan(valkey, "42", "Premium", create=False)
    today = datetime.now(UTC).date().isoformat()
    result = run_flask("users", "list")
    head, *listed = rows(result.stdout)
    assert head == ["id", "kind", "name", "e-mail", "created", "plan", "last active"]
    assert sorted(listed) == sorted(
        [
            ["42", "stats only", "-", "-", "-", "Premium", today],
            [alice, "account", "Alice", "alice@example.com", today, "Free", today],
        ]
    )
    assert result.exit_code == 0


def test_it_lists_by_prefix_and_no_more_than_asked_for(
    valkey: redis.Redis, run_flask: RunFlask
) -> None:
    for number in range(30):
        create_user_stats(valkey, f"a{number:02d}")
        create_user_stats(valkey, f"b:{number:02d}")
    listed = rows(run_flask("users", "list", "--prefix", "b:").stdout)[1:]
    assert [row[0] for row in listed] == [f"b:{number:02d}" for number in range(30)]
    some = run_flask("users", "list", "--limit", "7")
    assert len(rows(some.stdout)) == 1 + 7
    assert "There are more." in some.stderr
    all_ = run_flask("users", "list", "--limit", "60")
    assert (len(rows(all_.stdout)), all_.stderr) == (61, "")


@pytest.mark.parametrize("prefix", ["*", "a*", "[ab]", "?", "a}", "{"])
def test_a_prefix_is_no_pattern(valkey: redis.Redis, run_flask: RunFlask, prefix: str) -> None:
    create_user_stats(valkey, "alice")
    result = run_flask("users", "list", "--prefix", prefix)
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+\n", result.stderr)


@pytest.mark.parametrize("name", ["\x1b[2J\x1b]0;owned\x07", "\u202eevil", "a\nb", "\x9b31m"])
def test_a_name_does_nothing_to_the_terminal(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, name: str
) -> None:
    profile.update_profile(valkey, alice, name=f"A{name}Z", clock=Clock())
    save_conversation(valkey, alice, [{"role": "user", "content": name}], summary=name)
    for args in (("users", "list"), ("users", "show"), ("users", "export"), ("stats", "show")):
        output = run_flask(*args, *([] if args[1] == "list" else [alice])).stdout
        assert output.replace("\n", "").isprintable()
        assert name not in output


def test_it_shows_a_user_by_id_and_by_address(run_flask: RunFlask, alice: str) -> None:
    by_id = run_flask("users", "show", alice)
    assert by_id.stdout == run_flask("users", "show", "Alice@Example.com").stdout
    shown = dict(re.split(r": +", line) for line in by_id.stdout.splitlines())
    assert shown["id"] == alice
    assert shown["e-mail"] == "alice@example.com"
    assert (shown["sessions"], shown["password"], shown["two-factor since"]) == ("1", "yes", "-")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("who", ["nobody", "nobody@example.com", "a{b}", "", "a\nb"])
def test_nobody_is_one_line(
    valkey: redis.Redis, run_flask: RunFlask, command: str, who: str
) -> None:
    args = (part.format(who) for part in command.split())
    result = run_flask(*args, typed=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 1
    assert result.stderr == "Error: There is no user with this id or e-mail address.\n"
    assert contents(valkey) == {}


def test_it_makes_an_account(app: Flask, valkey: redis.Redis, run_flask: RunFlask) -> None:
    made = run_flask(
        *("users", "create", "--email", "Carol@Example.com", "--name", "Carol"),
        typed=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert made.exit_code == 0
    user_id = made.stdout.strip()
    assert PASSWORD not in made.output
    login = log_in.log_in(valkey, "carol@example.com", PASSWORD)
    assert isinstance(login, Login)
    assert login.user_id == user_id
    assert '"event":"account.created"' in made.stderr
    assert "example.com" not in made.stderr.replace("Password", "")


def test_an_account_for_an_id_keeps_its_stats(valkey: redis.Redis, run_flask: RunFlask) -> None:
    create_user_stats(valkey, "42")
    record_mood(valkey, "42", 7.5, note="by the canal")
    increment_conversations(valkey, "42")
    before, version = get_user_stats(valkey, "42"), valkey.hget("user:{42}:stats", "version")
    made = run_flask(
        *("users", "create", "--id", "42", "--email", "dan@example.com", "--name", "Dan"),
        typed=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert made.stdout == "42\n"
    assert get_user_stats(valkey, "42") == before
    assert valkey.hget("user:{42}:stats", "version") > version, "the page shows a name now"
    login = log_in.log_in(valkey, "dan@example.com", PASSWORD)
    assert isinstance(login, Login)
    assert login.user_id == "42"


def test_without_a_password_only_a_link_leads_in(
    app: Flask, valkey: redis.Redis, run_flask: RunFlask
) -> None:
    made = run_flask(
        *("users", "create", "--id", "42", "--email", "dan@example.com", "--name", "Dan"),
        "--no-password",
    )
    assert (made.exit_code, made.stdout) == (0, "42\n")
    assert passwords.credentials(valkey, "42") == ("", "")
    for password in ("", PASSWORD, "None"):
        assert log_in.log_in(valkey, "dan@example.com", password) is None
    assert Browser(app).post(
        "/login", {"email": "dan@example.com", "password": ""}
    ).status_code in (401, 422)
    assert isinstance(log_in.log_in_by_link(valkey, "42"), Login)
    assert run_flask("users", "show", "42").stdout.count("none") == 1


@pytest.mark.parametrize("typed", ["short\nshort\n", f"{NEW}\nanother\n", "password1\npassword1\n"])
@pytest.mark.parametrize("args", [("create", "--email", "e@example.com", "--name", "E"), ()])
def test_a_bad_password_changes_nothing(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, typed: str, args: tuple[str, ...]
) -> None:
    before = contents(valkey)
    result = run_flask("users", *(args or ("set-password", alice)), typed=typed)
    assert result.exit_code == 1
    assert contents(valkey) == before


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"--email": "alice@example.com"}, "There is an account with this e-mail address"),
        ({"--email": "no address"}, "not an e-mail address"),
        ({"--name": " "}, "A name needs"),
        ({"--id": "a{b"}, "must be 1 to 128"),
        ({"--id": "ALICE"}, "There is an account under this id already"),
    ],
)
def test_it_makes_no_account_that_cannot_be(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, changed: dict[str, str], says: str
) -> None:
    fields = {"--email": "e@example.com", "--name": "Eve", "--id": "eve", **changed}
    if fields["--id"] == "ALICE":
        fields["--id"] = alice
    before = contents(valkey)
    args = [part for pair in fields.items() for part in pair]
    result = run_flask("users", "create", *args, "--no-password")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert contents(valkey) == before
    assert isinstance(log_in.log_in(valkey, "alice@example.com", PASSWORD), Login)


def test_an_id_that_is_barred_leaves_no_claim(valkey: redis.Redis, run_flask: RunFlask) -> None:
    valkey.set("void:{42}", 1, ex=3600)
    args = ("users", "create", "--id", "42", "--email", "e@example.com", "--name", "E")
    result = run_flask(*args, "--no-password")
    assert result.exit_code == 1
    assert set(contents(valkey)) == {"void:{42}"}


def test_a_password_by_hand_ends_all_sessions_and_resets(
    app: Flask, valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    reset = password_reset.request_reset(valkey, "alice@example.com")
    assert reset
    assert len(sessions(valkey, alice)) == 1
    result = run_flask("users", "set-password", "alice@example.com", typed=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 0
    assert NEW not in result.output
    assert sessions(valkey, alice) == {}
    assert password_reset.read_reset(valkey, reset.token) is None
    assert log_in.log_in(valkey, "alice@example.com", PASSWORD) is None
    assert isinstance(log_in.log_in(valkey, "alice@example.com", NEW), Login)


def test_a_password_by_hand_drops_a_change_of_address(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    valkey.hset(f"user:{{{alice}}}:account", "change", "1 9999999999 0 0")
    run_flask("users", "set-password", alice, typed=f"{NEW}\n{NEW}\n")
    assert valkey.hget(f"user:{{{alice}}}:account", "change") is None


def test_bare_stats_get_no_password(valkey: redis.Redis, run_flask: RunFlask) -> None:
    create_user_stats(valkey, "42")
    before = contents(valkey)
    result = run_flask("users", "set-password", "42", typed=f"{NEW}\n{NEW}\n")
    assert result.stderr.endswith("Error: There are stats under this id, but no account.\n")
    assert (result.exit_code, contents(valkey)) == (1, before)


def test_two_factor_can_be_switched_off(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    secret, [session] = two_factor.new_secret(), log_in.sessions(valkey, alice)
    shown = {"code": pyotp.TOTP(secret).now(), "password": PASSWORD, "session_id": session}
    two_factor.switch_on(valkey, alice, secret=secret, **shown)
    assert not isinstance(log_in.log_in(valkey, "alice@example.com", PASSWORD), Login)
    result = run_flask("users", "two-factor-off", alice)
    assert result.exit_code == 0
    assert '"two_factor.off"' in result.stderr
    assert isinstance(log_in.log_in(valkey, "alice@example.com", PASSWORD), Login)
    again = run_flask("users", "two-factor-off", alice)
    assert (again.exit_code, again.stderr) == (1, "Error: Two-factor is off already.\n")


@pytest.mark.parametrize("typed", ["\n\n", "bob\n", "y\n", "yes\n", "alice@example.com\n"])
def test_it_deletes_nobody_unless_the_id_is_typed(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, typed: str
) -> None:
    before = contents(valkey)
    result = run_flask("users", "delete", alice, typed=typed)
    assert (result.exit_code, contents(valkey)) == (1, before)


@pytest.mark.parametrize("yes", [True, False])
def test_it_deletes_all_of_a_user(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, yes: bool
) -> None:
    sign_up(valkey, "Bob")
    args = ("--yes",) if yes else ()
    result = run_flask("users", "delete", "alice@example.com", *args, typed=f"{alice}\n")
    assert result.exit_code == 0
    assert keys_of_user(valkey, alice) == set()
    assert valkey.get("email:{alice@example.com}") is None
    assert valkey.get("email:{bob@example.com}") is not None
    assert '"account.deleted"' in result.stderr


def test_it_exports_what_the_user_could_take_along(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    record_mood(valkey, alice, 3.5, note="Böse 👋")
    result = run_flask("users", "export", alice)
    export = json.loads(result.stdout)
    assert export["account"]["email"] == "alice@example.com"
    assert export["moods"][0]["note"] == "Böse 👋"
    assert "argon2" not in result.output
    assert '"data.exported"' in result.stderr


@pytest.mark.parametrize("command", [*COMMANDS, "users list", "keys list", "keys create Chat"])
def test_it_says_in_a_line_that_redis_is_away(app: Flask, command: str) -> None:
    app.extensions["aira"]._db = connect("redis://127.0.0.1:1")
    result = invoke(app, *command.format("alice").split(), typed=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 1
    assert result.stderr == "Error: Redis does not answer.\n"


def test_a_crash_half_way_is_mended_by_asking_again(
    valkey: redis.Redis, fast_password_hashing: None
) -> None:
    create_user_stats(valkey, "42")
    accounts.claim_email(valkey, "dan@example.com", "42")
    kwargs = {"email": "dan@example.com", "name": "Dan", "user_id": "42"}
    assert operators.create(valkey, **kwargs) == "42"
    assert log_in.find_user(valkey, "dan@example.com") == "42"
