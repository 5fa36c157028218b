"""A key of the other mode (live or test) on the data of a shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tests.billing.checkout.test_payment_links import LINKS
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    app_with_settings,
    buy_plan,
    in_shop,
    open_sessions,
    run_billing_command,
    start_checkout,
)
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.helpers import Browser, sign_up

PORTAL = "https://billing.stripe.com/"
LINK = "https://buy.stripe.com/"


@pytest.fixture
def real(valkey: redis.Redis) -> Iterator[Shop]:
    """The shop with a live key."""
    stripe = Stripe(livemode=True)
    with StripeServer(stripe) as server:
        yield Shop(stripe, server, valkey)


@contextmanager
def with_test_key(real: Shop, **settings: Any) -> Iterator[Shop]:
    """The same data for a while under a test key, which knows nothing of what is paid."""
    stripe = Stripe(seed=7)
    with StripeServer(stripe) as server:
        shop = Shop(stripe, server, real.db)
        shop.app = app_with_settings(shop, **settings)
        yield shop


def test_nobody_is_sold_to_again_after_an_hour_of_the_test_key(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    with with_test_key(real) as test:
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
    assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_no_plan_is_lost_by_an_hour_of_the_test_key(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    with with_test_key(real) as test:
        there = in_shop(test, alice)
        there.post("/billing/checkout", {"plan": "Premium"})
        there.get("/billing/return?plan=Premium")
    assert real.plan(alice.user_id) == "Plus"


def test_no_link_is_sold_while_the_test_key_is_set(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    with with_test_key(real, stripe_payment_links=LINKS) as test:
        answer = in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
        assert not (answer.location or "").startswith(LINK)


def test_reconcile_takes_nothing_with_the_test_key(real: Shop) -> None:
    ids = [real.user(f"user{number}") for number in range(7)]
    for user_id in ids:
        real.subscribe(user_id)
    real.deliver_pending()
    with with_test_key(real) as test:
        customer = test.subscribe(ids[0], status="canceled")["customer"]
        # Who tried the shop before it opened.
        real.db.sadd(f"user:{{{ids[0]}}}:customers", customer)
        real.db.set(f"stripe:customer:{{{customer}}}", ids[0])
        run_billing_command(test.app, "reconcile", "--fix")
    assert [real.plan(user_id) for user_id in ids] == ["Plus"] * 7


def test_no_account_goes_under_the_test_key_and_is_billed_on(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    with with_test_key(real) as test:
        in_shop(test, alice).post("/settings/delete", {"confirm": "alice@example.com"})
        gone = not test.db.exists(alice.key("stats"))
    [subscription] = real.stripe.all("subscription")
    assert not (gone and subscription["status"] == "active")


def test_a_test_card_pays_nothing_once_the_shop_is_live(valkey: redis.Redis) -> None:
    test_stripe, live_stripe = Stripe(), Stripe(livemode=True, seed=1)
    with StripeServer(test_stripe) as a, StripeServer(live_stripe) as b:
        test, live = Shop(test_stripe, a, valkey), Shop(live_stripe, b, valkey)
        alice = sign_up(test.app, "Alice")
        buy_plan(test, alice, "Premium")
        run_billing_command(live.app, "reconcile", "--fix", "--yes")
        assert live.plan(alice.user_id) == "Free"


def test_rows_of_an_older_release_are_not_taken_for_those_of_test_mode(real: Shop) -> None:
    """They do not say of which mode they are."""
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    rows = real.db.hget(alice.key("billing"), "subscriptions")
    unmarked = rows.replace('"livemode":true', '"livemode":null')
    assert unmarked != rows
    real.db.hset(alice.key("billing"), "subscriptions", unmarked)
    with with_test_key(real) as test:
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
    real.server.forget_idempotency()
    assert start_checkout(alice, "Premium").startswith(PORTAL)
    assert real.plan(alice.user_id) == "Plus"


def press_under_the_test_key(real: Shop, browser: Browser) -> None:
    with with_test_key(real) as test:
        in_shop(test, browser).post("/billing/checkout", {"plan": "Premium"})
    real.server.forget_idempotency()


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_the_test_key_forgets_nobody_whose_plan_may_come_back(real: Shop, status: str) -> None:
    alice = sign_up(real.app, "Alice")
    buy_plan(real, alice)
    subscription = real.stripe.all("subscription")[0]["id"]
    real.stripe.update("subscription", subscription, status=status)
    real.deliver_pending()
    press_under_the_test_key(real, alice)
    real.stripe.update("subscription", subscription, status="active")
    assert start_checkout(alice).startswith(PORTAL)


def test_the_test_key_forgets_no_payment_on_its_way(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    start_checkout(alice)
    real.stripe.pay(open_sessions(real)[0]["id"], asynchronous=True)
    real.deliver_pending()
    press_under_the_test_key(real, alice)
    assert alice.post("/billing/checkout", {"plan": "Plus"}).status_code == 503


def test_the_test_key_forgets_no_open_session(real: Shop) -> None:
    alice = sign_up(real.app, "Alice")
    start_checkout(alice)
    press_under_the_test_key(real, alice)
    real.stripe.pay(open_sessions(real)[0]["id"])
    assert start_checkout(alice).startswith(PORTAL)
