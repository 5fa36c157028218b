"""Sample accounts that nobody logs out of: so many at most, and a command that removes them."""

import time

import pytest
from click.testing import Result
from flask import Flask
from redis import Redis

from stats.accounts.sessions import IDLE_TIMEOUT, Session
from stats.activity.clock import Clock
from stats.billing.customers import bind_customer
from stats.errors import BillingUnavailable
from stats.sample import cleanup
from stats.sample.account import make_sample
from stats.store.keys import SAMPLES
from tests.commands.conftest import invoke
from tests.web.helpers import Browser, remaining_keys, sign_up
from tests.web.personal_data import test_sample

embedded = test_sample.embedded
HOUR = 3600


def visit(app: Flask) -> Browser:
    """Look around, and never log out."""
    browser = Browser(app)
    assert browser.post("/sample").location == "/dashboard"
    browser.forget_token()
    browser.user_id = browser.get("/settings/export.json").json["account"]["id"]
    return browser


def unused_for(valkey: Redis, browser: Browser, seconds: int) -> None:
    """Let a sample have been made, and last looked at, so long ago."""
    then = int(time.time()) - seconds
    [session_id] = valkey.hkeys(browser.key("sessions"))
    valkey.hset(browser.key("sessions"), session_id, Session(then, then, "").store())
    valkey.zadd(SAMPLES, {browser.user_id: then})


def remove_samples(app: Flask) -> Result:
    return invoke(app, "users", "remove-samples")


def is_there(valkey: Redis, browser: Browser) -> bool:
    return bool(valkey.exists(browser.key("stats")))


def test_there_are_so_many_and_the_oldest_go(
    embedded: Flask, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cleanup.MAX_SAMPLES == 100
    monkeypatch.setattr(cleanup, "MAX_SAMPLES", 3)
    alice = sign_up(embedded, "Alice")
    visitors = [visit(embedded) for _ in range(3)]
    for age, browser in enumerate(reversed(visitors)):
        valkey.zadd(SAMPLES, {browser.user_id: int(time.time()) - age - 1})
    visitors += [visit(embedded), visit(embedded)]
    there = [is_there(valkey, browser) for browser in visitors]
    assert there == [False, False, True, True, True]
    assert visitors[0].get("/dashboard").status_code == 302
    assert visitors[2].get("/dashboard").status_code == 200
    assert is_there(valkey, alice)


def test_the_command_removes_those_whose_session_has_ended(embedded: Flask, valkey: Redis) -> None:
    alice = sign_up(embedded, "Alice")
    over, open_still = visit(embedded), visit(embedded)
    unused_for(valkey, over, IDLE_TIMEOUT + HOUR)
    unused_for(valkey, open_still, IDLE_TIMEOUT - HOUR)
    assert remove_samples(embedded).output.endswith("1 removed.\n")
    assert not [key for key in valkey.scan_iter() if over.user_id in key]
    assert is_there(valkey, open_still)
    assert is_there(valkey, alice)
    assert remove_samples(embedded).output.endswith("0 removed.\n")


def test_the_command_removes_the_oldest_beyond_the_number(
    embedded: Flask, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors = [visit(embedded) for _ in range(3)]
    for age, browser in enumerate(visitors):
        unused_for(valkey, browser, age * HOUR)
    monkeypatch.setattr(cleanup, "MAX_SAMPLES", 1)
    assert remove_samples(embedded).output.endswith("2 removed.\n")
    assert [is_there(valkey, browser) for browser in visitors] == [True, False, False]


def test_the_command_finds_those_of_before(embedded: Flask, valkey: Redis) -> None:
    over = visit(embedded)
    unused_for(valkey, over, IDLE_TIMEOUT + HOUR)
    valkey.delete(SAMPLES)
    assert remove_samples(embedded).output.endswith("0 removed.\n"), "it may be in the making"
    unused_for(valkey, over, IDLE_TIMEOUT + HOUR)
    assert remove_samples(embedded).output.endswith("1 removed.\n")
    assert remaining_keys(valkey) == []


def test_one_that_is_being_made_stays(valkey: Redis) -> None:
    cleanup.note_sample(valkey, "robin")
    assert cleanup.remove_samples(valkey, None, ()) == 0
    assert valkey.zcard(SAMPLES) == 1
    valkey.zadd(SAMPLES, {"robin": int(time.time()) - 2 * HOUR})
    assert cleanup.remove_samples(valkey, None, ()) == 1
    assert valkey.zcard(SAMPLES) == 0


def test_one_that_pays_stays_while_stripe_is_away(valkey: Redis) -> None:
    class Away:
        livemode = False

        def expire_sessions(self, customer: str, user_id: str) -> None:
            raise BillingUnavailable("Stripe is busy.")

    login = make_sample(valkey, Clock())
    bind_customer(valkey, login.user_id, "cus_robin")
    valkey.delete(f"user:{{{login.user_id}}}:sessions")
    valkey.zadd(SAMPLES, {login.user_id: 0})
    assert cleanup.remove_samples(valkey, Away(), ()) == 0
    assert valkey.exists(f"user:{{{login.user_id}}}:stats")


def test_a_deployed_one_has_none_to_remove(app: Flask) -> None:
    result = remove_samples(app)
    assert result.exit_code == 1
    assert result.output.endswith("Error: Only an embedded store has sample accounts.\n")


def test_a_log_out_forgets_it(embedded: Flask, valkey: Redis) -> None:
    robin = visit(embedded)
    assert valkey.zcard(SAMPLES) == 1
    robin.post("/logout")
    assert remaining_keys(valkey) == []
