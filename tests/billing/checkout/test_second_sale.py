"""Nobody who pays is sold a second subscription, whatever became of the product of the first."""

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, in_shop, start_checkout, stripe_requests
from tests.web.helpers import Browser, sign_up

PORTAL = "https://billing.stripe.com/"
CHECKOUT = "https://checkout.stripe.com/"


def change_to_unknown_product(shop: Shop, subscription: str) -> None:
    """Put a product on a subscription that no setting maps."""
    shop.stripe.change_plan(subscription, shop.stripe.add_product("Renamed")["default_price"])


def assert_portal_alone(shop: Shop, browser: Browser, plan: str = "Plus") -> None:
    """The plan stays, and both buttons lead to the portal."""
    assert shop.plan(browser.user_id) == plan
    assert start_checkout(browser, "Premium").startswith(PORTAL)
    assert start_checkout(browser, "Plus").startswith(PORTAL)
    assert not stripe_requests(shop, "POST", "/v1/checkout/sessions")


def test_a_product_that_became_another_one(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    change_to_unknown_product(shop, subscription)
    assert_portal_alone(shop, alice)
    shop.deliver_pending()
    assert_portal_alone(shop, alice)


def test_a_setting_that_names_another_product(shop: Shop, alice: Browser) -> None:
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    renamed = {"prod_renamed": Plan.PLUS} | {
        product: plan for product, plan in shop.products.items() if plan != Plan.PLUS
    }
    shop.app = app_with_settings(shop, stripe_products=renamed)
    assert_portal_alone(shop, in_shop(shop, alice))


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_a_subscription_that_lapsed_and_came_back(shop: Shop, alice: Browser, status: str) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    change_to_unknown_product(shop, subscription)
    shop.stripe.update("subscription", subscription, status=status)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    shop.stripe.update("subscription", subscription, status="active")
    shop.deliver_pending()
    assert_portal_alone(shop, alice)


def test_a_purchase_whose_product_changed_before_any_event_came(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
    [subscription] = shop.stripe.all("subscription")
    change_to_unknown_product(shop, subscription["id"])
    assert start_checkout(alice, "Premium").startswith(PORTAL)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_a_payer_whose_first_customer_is_of_no_use(shop: Shop, alice: Browser) -> None:
    shop.db.sadd(alice.key("customers"), "cus_0_of_the_test_key")
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    assert_portal_alone(shop, alice)
    portals = shop.stripe.all("billing_portal.session")
    assert {portal["customer"] for portal in portals} == {subscription["customer"]}


def test_what_is_bought_of_another_product_is_no_subscription_of_ours(shop: Shop) -> None:
    alice = sign_up(shop.app, "Alice")
    start_checkout(alice)
    [customer] = shop.stripe.all("customer")
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    named = {"user_id": alice.user_id}
    shop.stripe.create_subscription(customer["id"], [club], metadata=named)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    assert start_checkout(alice, "Premium").startswith(CHECKOUT)


def test_a_second_tab_whose_session_is_still_open(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Premium")
    start_checkout(alice, "Plus")
    plus, premium = shop.stripe.all("checkout.session")
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = shop.stripe.open_session([club], customer=plus["customer"])["id"]
    shop.stripe.pay(plus["id"])
    shop.server.fail_next(1)
    shop.deliver_pending()
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert shop.stripe.get("checkout.session", premium["id"])["status"] == "expired"
    assert shop.stripe.get("checkout.session", theirs)["status"] == "open"
