"""What paying by the year saves is said of one product's prices, to whom pays one of them."""

from typing import Any

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings
from tests.billing.plans.test_payer import add_price, pay, plans_text, sell_by_the_year
from tests.web.helpers import Browser, sign_up

SAID = "By the year you pay for 9 months of twelve."


@pytest.fixture
def payer(shop: Shop) -> Browser:
    """Somebody in a shop that sells by the year, too."""
    sell_by_the_year(shop)
    return sign_up(shop.app, "Alice")


@pytest.mark.parametrize(
    "price", [{"amount": 450}, {"amount": 5000, "interval": "year"}, {"amount": 1500, "count": 3}]
)
def test_a_payer_of_an_older_price_is_told_nothing(
    shop: Shop, payer: Browser, price: dict[str, Any]
) -> None:
    more = {"interval": price.get("interval", "month"), "interval_count": price.get("count", 1)}
    pay(shop, payer, price=add_price(shop, Plan.PLUS, price["amount"], **more))
    for query in ("", "?by=month", "?by=year"):
        assert "you pay" not in plans_text(payer, query)


@pytest.mark.parametrize("by", ["month", "year"])
def test_a_payer_of_what_is_sold_is_told(shop: Shop, by: str) -> None:
    prices = sell_by_the_year(shop)
    payer = sign_up(shop.app, "Alice")
    pay(shop, payer, price=prices[Plan.PLUS] if by == "year" else shop.prices[Plan.PLUS])
    assert SAID in plans_text(payer)


def test_a_payer_with_a_discount_is_told_nothing(shop: Shop, payer: Browser) -> None:
    subscription = pay(shop, payer)
    shop.stripe.update("subscription", subscription["id"], discounts=["di_1"])
    shop.deliver_pending()
    assert "you pay" not in plans_text(payer)


def test_prices_of_two_products_are_not_compared(shop: Shop) -> None:
    other = shop.stripe.add_product("Plus, as a gift", 5400, currency="gbp", interval="year")
    yearly = {Plan.PLUS: other["default_price"]}
    shop.app = app_with_settings(shop, stripe_yearly_prices=yearly)
    text = plans_text(sign_up(shop.app, "Alice"))
    assert "By the year" in text
    assert "you pay" not in text
