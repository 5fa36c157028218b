"""Stats that are deleted and made anew, of somebody who pays."""

import pytest
import redis

from stats.user_stats import create_user_stats, handle_user_logout
from tests.billing.checkout.test_payment_links import LINKS
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    app_with_settings,
    buy_plan,
    in_shop,
    open_sessions,
    run_billing_command,
    start_checkout,
)
from tests.billing.plans.test_past_due import decline_upgrade, pay_for
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.helpers import Browser, displayed_stats, sign_up

PORTAL = "https://billing.stripe.com/"
LINK = "https://buy.stripe.com/"


def make_stats_anew(shop: Shop, browser: Browser, *, hear: bool = False) -> None:
    """Delete somebody's stats, as a log-out may, and make new ones; `hear` events between."""
    handle_user_logout(shop.db, browser.user_id, delete_stats=True)
    if hear:
        shop.deliver_pending()
    create_user_stats(shop.db, browser.user_id)


def pay(shop: Shop, browser: Browser, sold_by: str) -> str:
    """Pay for Plus; return the subscription's id."""
    location = start_checkout(browser)
    if sold_by == "link":
        token = location.partition("client_reference_id=")[2]
        session = shop.stripe.open_payment_link(shop.prices["Plus"], token)
    else:
        [session] = open_sessions(shop)
    return str(shop.stripe.pay(session["id"])["subscription"])


@pytest.fixture(params=["checkout", "link"])
def sold_by(request: pytest.FixtureRequest, shop: Shop) -> str:
    """How the shop sells."""
    by: str = request.param
    shop.app = app_with_settings(shop, stripe_payment_links=LINKS if by == "link" else {})
    return by


def test_a_payer_keeps_the_plan_when_stats_are_made_anew(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    make_stats_anew(shop, alice)
    shop.stripe.update("subscription", subscription, metadata={"any": "event"})
    shop.deliver_pending()
    run_billing_command(shop.app, "reconcile", "--fix")
    assert shop.plan(alice.user_id) == "Plus"


def test_a_payer_is_not_sold_a_second_one(shop: Shop, sold_by: str) -> None:
    alice = sign_up(shop.app, "Alice")
    pay(shop, alice, sold_by)
    make_stats_anew(shop, alice, hear=True)
    assert start_checkout(alice).startswith(PORTAL)


def test_what_was_paid_while_there_were_no_stats_is_found(shop: Shop, alice: Browser) -> None:
    pay(shop, alice, "checkout")
    make_stats_anew(shop, alice, hear=True)
    run_billing_command(shop.app, "reconcile", "--fix")
    assert shop.plan(alice.user_id) == "Plus"


@pytest.mark.parametrize("how", ["event", "press", "deletion"])
def test_a_subscription_of_a_renamed_product_is_still_known(shop: Shop, how: str) -> None:
    shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
    alice = sign_up(shop.app, "Alice")
    subscription = pay(shop, alice, "link")
    shop.deliver_pending()
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(subscription, renamed)
    shop.deliver_pending()
    make_stats_anew(shop, alice)
    if how == "event":
        shop.stripe.update("subscription", subscription, description="again")
        shop.deliver_pending()
        assert shop.plan(alice.user_id) == "Plus"
    elif how == "press":
        assert not start_checkout(alice).startswith(LINK)
    else:
        answer = alice.post("/settings/delete", {"confirm": "alice@example.com"})
        assert answer.status_code == 303
        assert shop.stripe.get("subscription", subscription)["status"] == "canceled"


def test_the_test_key_still_takes_nothing(valkey: redis.Redis) -> None:
    with (
        StripeServer(Stripe(livemode=True)) as real,
        StripeServer(Stripe(seed=9)) as other,
    ):
        shop, test = Shop(real.stripe, real, valkey), Shop(other.stripe, other, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        make_stats_anew(shop, alice)
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
        assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_a_paid_rest_outlives_a_declined_upgrade(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 200, "year")
    decline_upgrade(shop, subscription, 15 * DAY)
    make_stats_anew(shop, alice)
    shop.stripe.update("subscription", subscription, description="again")
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


def test_an_account_that_is_deleted_then_is_not_billed_on(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    make_stats_anew(shop, alice)
    answer = alice.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 303
    assert [one["status"] for one in shop.stripe.all("subscription")] == ["canceled"]
