"""`flask stats`: a user's stats as the API answers them, plans granted by hand, users counted."""

import json
import re

import pytest
import redis
from flask import Flask

from app import create_app
from stats.billing.plan_census import read_census
from stats.plans.plan import Plan
from stats.store.client import connect
from stats.user_stats import create_user_stats, get_user_stats, grant_plan, increment_conversations
from tests.billing.conftest import Shop, shop, short_waits
from tests.commands.conftest import RunFlask, invoke
from tests.support.store_checks import contents

__all__ = ["shop", "short_waits"]


@pytest.fixture
def alice(valkey: redis.Redis) -> str:
    create_user_stats(valkey, "alice")
    return "alice"


def test_it_shows_what_the_api_answers(
    app: Flask, valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    increment_conversations(valkey, alice)
    headers = {"Authorization": f"Bearer {app.extensions['aira'].settings.api_keys[0]}"}
    answer = app.test_client().get("/api/dashboard?userId=alice", headers=headers)
    result = run_flask("stats", "show", alice)
    assert json.loads(result.stdout) == answer.get_json()["data"]
    assert json.loads(result.stdout)["conversations"] == 1


def test_it_grants_a_plan_and_takes_it_away(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    result = run_flask("stats", "set-plan", alice, "Premium", "--reason", "won the raffle")
    assert (result.exit_code, result.stdout) == (0, "alice has Premium.\n")
    (line,) = map(json.loads, result.stderr.splitlines())
    assert (line["logger"], line["event"]) == ("aira.security", "plan.granted")
    facts = {name: line[name] for name in ("user", "plan", "by", "reason")}
    assert facts == {
        "user": "alice",
        "plan": "Premium",
        "by": "operator",
        "reason": "won the raffle",
    }
    user_stats = get_user_stats(valkey, alice)
    assert user_stats
    assert user_stats.plan is Plan.PREMIUM
    run_flask("stats", "set-plan", alice, "Free", "--reason", "the raffle was void")
    user_stats = get_user_stats(valkey, alice)
    assert user_stats
    assert user_stats.plan is Plan.FREE


def test_what_is_paid_for_stays(shop: Shop) -> None:
    user_id = shop.user()
    shop.subscribe(user_id)
    shop.deliver_pending()
    result = invoke(shop.app, "stats", "set-plan", user_id, "Free", "--reason", "no gift any more")
    assert (result.exit_code, result.stdout) == (0, f"{user_id} has Plus.\n")


def test_a_deletion_ends_the_subscription_first(shop: Shop) -> None:
    user_id = shop.user()
    subscription = shop.subscribe(user_id)["id"]
    shop.deliver_pending()
    before = contents(shop.db)
    shop.server.down = True
    refused = invoke(shop.app, "users", "delete", user_id, "--yes")
    assert refused.exit_code == 1
    assert "Stripe" in refused.stderr
    assert contents(shop.db) == before
    shop.server.down = False
    assert invoke(shop.app, "users", "delete", user_id, "--yes").exit_code == 0
    assert shop.stripe.get("subscription", subscription)["status"] == "canceled"
    assert shop.db.get(f"stripe:customer:{{{shop.stripe.all('customer')[0]['id']}}}") is None


@pytest.mark.parametrize(
    "reason",
    ["", "  ", "ok", "x" * 201, "two\nlines", "\x1b[2J cleared", "asked by eve@example.com"],
)
def test_a_grant_needs_a_reason_that_may_stand_in_a_log(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, reason: str
) -> None:
    before = contents(valkey)
    result = run_flask("stats", "set-plan", alice, "Plus", "--reason", reason)
    assert (result.exit_code, contents(valkey)) == (1, before)
    assert "plan.granted" not in result.output


def test_a_grant_needs_a_reason_at_all(
    valkey: redis.Redis, run_flask: RunFlask, alice: str
) -> None:
    before = contents(valkey)
    result = run_flask("stats", "set-plan", alice, "Plus")
    assert (result.exit_code, contents(valkey)) == (2, before)


@pytest.mark.parametrize("plan", ["plus", "Pro", "", "Premium "])
def test_there_are_three_plans(
    valkey: redis.Redis, run_flask: RunFlask, alice: str, plan: str
) -> None:
    before = contents(valkey)
    result = run_flask("stats", "set-plan", alice, plan, "--reason", "a gift")
    assert (result.exit_code, contents(valkey)) == (1, before)
    assert result.stderr == "Error: plan must be Free, Plus or Premium\n"


def test_it_counts_users_by_plan(valkey: redis.Redis, run_flask: RunFlask, alice: str) -> None:
    grant_plan(valkey, "bob", "Premium", create=True)
    result = run_flask("stats", "census")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.fullmatch(r"Free 1, Plus 0, Premium 1; counted in \d+ ms\.\n", result.stdout)
    census = read_census(valkey)
    assert census
    assert list(census.users.values()) == [1, 0, 1]


def test_a_census_without_redis_fails_in_one_line(app: Flask) -> None:
    away = create_app(app.extensions["aira"].base_settings, connect("unix:///nowhere/at/all"))
    result = invoke(away, "stats", "census")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: Redis does not answer.\n"
