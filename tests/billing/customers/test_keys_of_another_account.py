"""A key of another account, or the first one after practice, on the data of a shop."""

from collections.abc import Iterator

import pytest
import redis

from tests.billing.conftest import Shop
from tests.billing.helpers import (
    EMBEDDED_SETTINGS,
    buy_plan,
    create_test_app,
    in_shop,
    open_sessions,
    run_billing_command,
    start_checkout,
)
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.helpers import Browser, sign_up

PORTAL = "https://billing.stripe.com/"
CHECKOUT = "https://checkout.stripe.com/"


@pytest.fixture
def ours(valkey: redis.Redis) -> Iterator[Shop]:
    """The shop with its live key."""
    with StripeServer(Stripe(livemode=True)) as server:
        yield Shop(server.stripe, server, valkey)


@pytest.fixture
def elsewhere(ours: Shop) -> Iterator[Shop]:
    """The same data under the live key of another account."""
    with StripeServer(Stripe(livemode=True, seed=9)) as server:
        yield Shop(server.stripe, server, ours.db)


def test_nothing_is_sold_to_a_payer_of_another_account(ours: Shop, elsewhere: Shop) -> None:
    alice = sign_up(ours.app, "Alice")
    buy_plan(ours, alice)
    answer = in_shop(elsewhere, alice).post("/billing/checkout", {"plan": "Premium"})
    assert answer.status_code == 503
    assert not elsewhere.stripe.all("checkout.session")


def test_a_payer_is_known_again_once_the_right_key_is_back(ours: Shop, elsewhere: Shop) -> None:
    alice = sign_up(ours.app, "Alice")
    buy_plan(ours, alice)
    in_shop(elsewhere, alice).post("/billing/checkout", {"plan": "Premium"})
    ours.server.forget_idempotency()
    assert start_checkout(alice, "Premium").startswith(PORTAL)


@pytest.fixture
def practised(valkey: redis.Redis) -> Browser:
    """Somebody who has practised to buy Premium, before there was a key."""
    alice = sign_up(create_test_app(EMBEDDED_SETTINGS, valkey), "Alice")
    alice.post("/billing/practice", {"action": "pay", "plan": "Premium"})
    return alice


@pytest.fixture(params=["live", "test"])
def first(
    request: pytest.FixtureRequest, practised: Browser, valkey: redis.Redis
) -> Iterator[Shop]:
    """The shop with its first key."""
    with StripeServer(Stripe(livemode=request.param == "live")) as server:
        yield Shop(server.stripe, server, valkey)


def test_practice_gives_nothing_once_stripe_is_set(first: Shop, practised: Browser) -> None:
    assert first.plan(practised.user_id) == "Premium"
    run_billing_command(first.app, "reconcile", "--fix", "--yes")
    assert first.plan(practised.user_id) == "Free"


def test_who_practised_can_buy_once_stripe_is_set(first: Shop, practised: Browser) -> None:
    alice = in_shop(first, practised)
    assert start_checkout(alice).startswith(CHECKOUT)
    first.stripe.pay(open_sessions(first)[0]["id"])
    first.deliver_pending()
    assert first.plan(alice.user_id) == "Plus"
    assert start_checkout(alice).startswith(PORTAL)
