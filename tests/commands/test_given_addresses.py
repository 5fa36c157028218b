"""An address that an operator gives away while somebody signs up with it: one of them has it."""

from typing import Any

import pytest
import redis

from stats import operators
from stats.accounts import log_in, sign_in_links
from stats.accounts import sign_up as accounts
from stats.accounts.sessions import Login
from stats.activity.clock import Clock
from stats.errors import EmailTaken
from stats.user_stats import create_user_stats
from tests.support.store_checks import run_concurrently

PASSWORD = "a sentence nobody knows"
NEW = "quite another sentence"

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def sign_up(db: redis.Redis, email: str) -> Login:
    return accounts.sign_up(db, name="Alice", email=email, password=PASSWORD, clock=Clock())


def by_link(db: redis.Redis, user_id: str) -> dict[str, str]:
    """An account that a sign-in link made, and the change of address that it is about to make."""
    create_user_stats(db, user_id)
    sign_in_links.make_link(db, user_id, "Dana")
    db.hset(f"user:{{{user_id}}}:account", "change", "1 9999999999 0 0 dana@example.com")
    return account_of(db, user_id)


def account_of(db: redis.Redis, user_id: str) -> dict[str, str]:
    """An account but for the number of its last change, which only grows."""
    stored = db.hgetall(f"user:{{{user_id}}}:account")
    return {name: value for name, value in stored.items() if name != "changes"}


@pytest.mark.parametrize("made", [by_link, create_user_stats])
def test_an_address_that_is_taken_first_changes_nothing(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    made(valkey, "42")
    before, claim = account_of(valkey, "42"), operators.claim

    def overtaken(*args: Any) -> None:
        sign_up(valkey, "alice@example.com")
        claim(*args)

    monkeypatch.setattr(operators, "claim", overtaken)
    with pytest.raises(EmailTaken, match="There is an account with this e-mail address"):
        operators.create(valkey, email="alice@example.com", name="A", password=NEW, user_id="42")
    assert account_of(valkey, "42") == before
    assert isinstance(log_in.log_in(valkey, "alice@example.com", PASSWORD), Login)


@pytest.mark.parametrize("made", [by_link, create_user_stats])
def test_an_address_that_is_being_given_is_taken_by_nobody(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    made(valkey, "42")
    claim = operators.claim

    def late(*args: Any) -> None:
        claim(*args)
        with pytest.raises(EmailTaken):
            sign_up(valkey, "alice@example.com")

    monkeypatch.setattr(operators, "claim", late)
    operators.create(valkey, email="alice@example.com", name="A", password=NEW, user_id="42")
    login = log_in.log_in(valkey, "alice@example.com", NEW)
    assert isinstance(login, Login)
    assert login.user_id == "42"
    assert "change" not in account_of(valkey, "42")


def test_stats_that_appear_meanwhile_are_kept_with_the_address(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = operators.claim

    def late(*args: Any) -> None:
        claim(*args)
        create_user_stats(valkey, "42")
        tries.append(args)

    tries: list[Any] = []
    monkeypatch.setattr(operators, "claim", late)
    operators.create(valkey, email="dan@example.com", name="Dan", user_id="42")
    assert log_in.find_user(valkey, "dan@example.com") == "42"
    assert account_of(valkey, "42")["email"] == "dan@example.com"
    assert len(tries) == 2


def test_one_of_an_operator_and_sign_ups_gets_the_address(concurrent_db: redis.Redis) -> None:
    for number in range(20):
        user_id, address = f"user-{number}", f"u{number}@example.com"
        before = by_link(concurrent_db, user_id)
        kwargs = {"email": address, "name": "A", "user_id": user_id}
        acts = [lambda asked=kwargs: operators.create(concurrent_db, **asked)]
        acts += [lambda address=address: sign_up(concurrent_db, address)] * 3
        created, *signed_up = run_concurrently(4, lambda n, acts=acts: acts[n]())
        winners = [one for one in (created, *signed_up) if not isinstance(one, Exception)]
        assert len(winners) == 1
        if isinstance(created, Exception):
            assert account_of(concurrent_db, user_id) == before
            assert log_in.find_user(concurrent_db, address) == winners[0].user_id
        else:
            assert account_of(concurrent_db, user_id)["email"] == address
            assert log_in.find_user(concurrent_db, address) == user_id
