"""Whatever Stripe refuses: a page with a sentence and 503, and a line in the log with the code."""

import logging
from collections.abc import Callable

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, in_shop
from tests.web.helpers import Browser, sign_up

CHECKOUT, PORTAL = "/billing/checkout", "/billing/portal"
Break = Callable[[Shop, Browser], None]


def archived_price(shop: Shop, browser: Browser) -> None:
    shop.stripe._objects[shop.prices[Plan.PLUS]]["active"] = False


def archived_product(shop: Shop, browser: Browser) -> None:
    shop.stripe._objects[next(iter(shop.products))]["active"] = False


def missing_product(shop: Shop, browser: Browser) -> None:
    shop.app = app_with_settings(shop, stripe_products={"prod_gone": Plan.PLUS})


def missing_price(shop: Shop, browser: Browser) -> None:
    shop.app = app_with_settings(shop, stripe_prices={Plan.PLUS: "price_gone"})


def another_currency(shop: Shop, browser: Browser) -> None:
    browser.post(CHECKOUT, {"plan": "Premium"})
    club = shop.stripe.add_product("A book club", currency="usd")["default_price"]
    shop.stripe.create_subscription(shop.stripe.all("customer")[0]["id"], [club])


def refused_key(shop: Shop, browser: Browser) -> None:
    shop.server.key = "sk_test_rolled"


def no_portal_settings(shop: Shop, browser: Browser) -> None:
    shop.subscribe(browser.user_id)
    shop.deliver_pending()
    shop.stripe.portal_configurations.clear()


def deleted_customer(shop: Shop, browser: Browser) -> None:
    subscription = shop.subscribe(browser.user_id)
    shop.deliver_pending()
    shop.stripe.delete_customer(subscription["customer"])


REFUSED = [
    (archived_price, CHECKOUT, "The price specified is inactive."),
    (archived_product, CHECKOUT, "The price specified is inactive."),
    (missing_product, CHECKOUT, "resource_missing"),
    (missing_price, CHECKOUT, "resource_missing line_items[0][price]"),
    (another_currency, CHECKOUT, "You cannot combine currencies"),
    (refused_key, CHECKOUT, "AuthenticationError"),
    (no_portal_settings, CHECKOUT, "No configuration provided"),
    (no_portal_settings, PORTAL, "No configuration provided"),
    (deleted_customer, PORTAL, "resource_missing customer"),
]


@pytest.mark.parametrize(("refuse", "path", "code"), REFUSED)
def test_it_says_so_in_a_sentence(
    shop: Shop, caplog: pytest.LogCaptureFixture, refuse: Break, path: str, code: str
) -> None:
    alice = sign_up(shop.app, "Alice")
    refuse(shop, alice)
    browser = in_shop(shop, alice)
    assert browser.token
    caplog.clear()
    answer = browser.post(path, {"plan": "Plus"})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Stripe did not accept that. We are looking into it." in answer.text
    assert answer.headers["Retry-After"]
    lines = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert code in lines[-1]
    assert "req_" in lines[-1]
    assert not any("alice@example.com" in line or shop.server.key in line for line in lines)
