"""What the plans cost: Stripe's prices in words, read now and then, never by a poll."""

import re
import time
from dataclasses import replace
from typing import Any

import pytest

from stats.billing.prices import PRICES_SECONDS, RETRY_SECONDS
from stats.plans.plan import Plan
from stats.plans.price import read_price
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    BASE_SETTINGS,
    EMBEDDED_SETTINGS,
    app_with_settings,
    create_test_app,
    plan_card_text,
    start_checkout,
    stripe_requests,
    visible_text,
)
from tests.web.helpers import Browser, poll_url, sign_up


def price(currency: str, amount: Any, **more: Any) -> dict[str, Any]:
    stripe_price: dict[str, Any] = {"currency": currency, "unit_amount": amount}
    every = {"interval": more.pop("interval", "month"), "interval_count": more.pop("count", 1)}
    return stripe_price | {"unit_amount_decimal": str(amount), "recurring": every} | more


@pytest.mark.parametrize(
    ("stripe_price", "words"),
    [
        (price("gbp", 600), "£6 a month"),
        (price("gbp", 0), "£0 a month"),
        (price("eur", 725), "€7.25 a month"),
        (price("usd", 123450), "$1,234.50 a month"),
        (price("usd", 1, unit_amount=None, unit_amount_decimal="0.5"), "$0.01 a month"),
        (price("jpy", 900), "JPY 900 a month"),
        (price("krw", 12000), "KRW 12,000 a month"),
        (price("kwd", 2500), "KWD 2.50 a month"),
        (price("chf", 7250, interval="year"), "CHF 72.50 a year"),
        (price("gbp", 1500, count=3), "£15 every 3 months"),
        (price("gbp", 300, interval="week", count=2), "£3 every 2 weeks"),
        (price("gbp", 600, recurring=None), "£6 a month"),
        ({"currency": "gbp", "unit_amount": 600, "recurring": {"interval": "day"}}, "£6 a day"),
        ({"currency": "gbp", "unit_amount": None, "unit_amount_decimal": None}, None),
    ],
)
def test_it_says_a_price_in_words(stripe_price: dict[str, Any], words: str | None) -> None:
    read = read_price(stripe_price)
    assert (read and read.text) == words


def offers(browser: Browser) -> str:
    """Return the words of the plans page."""
    page = browser.get("/plans")
    assert page.status_code == 200
    return visible_text(page.text)


def test_it_shows_the_prices_that_stripe_has(shop: Shop, alice: Browser) -> None:
    words = offers(alice)
    assert "£6 a month" in words
    assert "£12 a month" in words
    assert "at checkout" not in words


def test_it_shows_the_price_that_is_sold(shop: Shop) -> None:
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    yearly = shop.stripe.add_price(product, 6000, currency="eur", interval="year")["id"]
    alice = sign_up(app_with_settings(shop, stripe_prices={Plan.PLUS: yearly}), "Alice")
    words = offers(alice)
    assert "€60 a year" in words
    assert "£6 a month" not in words
    start_checkout(alice)
    [request] = stripe_requests(shop, "POST", "/v1/checkout/sessions")
    assert request.params["line_items"]["0"]["price"] == yearly


def test_it_reads_each_price_once_in_five_minutes(
    shop: Shop, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        offers(alice)
    assert len(shop.server.requests) == 2
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    new = shop.stripe.add_price(product, 700, currency="gbp")["id"]
    shop.stripe.update("product", product, default_price=new)
    assert "£6 a month" in offers(alice)
    later = shop.app.extensions["aira"].prices._read_at + PRICES_SECONDS + 1
    monkeypatch.setattr("stats.billing.prices.time.monotonic", lambda: later)
    assert "£7 a month" in offers(alice)
    assert len(shop.server.requests) == 4


def test_it_answers_without_prices_while_stripe_is_down(
    shop: Shop, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.server.down = True
    words = offers(alice)
    assert "Price shown at checkout" in words
    assert "£6" not in words
    assert "50 conversations a day" in words
    shop.server.down = False
    later = time.monotonic() + RETRY_SECONDS + 1
    monkeypatch.setattr("stats.billing.prices.time.monotonic", lambda: later)
    assert "£6 a month" in offers(alice)


def test_it_keeps_the_prices_it_knew_while_stripe_is_down(
    shop: Shop, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers(alice)
    later = shop.app.extensions["aira"].prices._read_at + PRICES_SECONDS + 1
    monkeypatch.setattr("stats.billing.prices.time.monotonic", lambda: later)
    shop.server.down = True
    assert "£6 a month" in offers(alice)


@pytest.mark.parametrize("wrong", ["no such price", "no such product", "no price", "tiers"])
def test_it_shows_the_other_price_when_one_cannot_be_read(shop: Shop, wrong: str) -> None:
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    settings: dict[str, Any] = {}
    if wrong == "no such price":
        settings = {"stripe_prices": {Plan.PLUS: "price_of_nobody"}}
    elif wrong == "no such product":
        premium = next(name for name in shop.products if name != product)
        products = {"prod_of_nobody": Plan.PLUS, premium: Plan.PREMIUM}
        settings = {"stripe_products": products}
    elif wrong == "no price":
        shop.stripe.update("product", product, default_price=None)
    else:
        blank = {"unit_amount": None, "unit_amount_decimal": None}
        shop.stripe.update("price", shop.prices[Plan.PLUS], **blank)
    alice = sign_up(app_with_settings(shop, **settings), "Alice")
    for _ in range(2):
        words = offers(alice)
        assert "Price shown at checkout" in words
        assert "£12 a month" in words
    assert len(shop.server.requests) == 2


def test_it_never_asks_stripe_for_the_dashboard(shop: Shop, alice: Browser) -> None:
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    before = len(shop.server.requests)
    url = poll_url(alice.get("/dashboard"))
    assert alice.get("/dashboard/stats").status_code == 200
    assert alice.get(url).status_code == 204
    assert len(shop.server.requests) == before
    # The list is not known yet; what the payer pays came with the subscription.
    assert "Plus £6 a month" in plan_card_text(alice)
    offers(alice)
    before = len(shop.server.requests)
    # The page, a poll that the cache answers, and one that it leaves to the route.
    old = re.sub(r"v=\d+", "v=1", url)
    for path in ("/dashboard", old, f"{old}&more="):
        assert "£6 a month" in visible_text(alice.get(path).text)
    assert len(shop.server.requests) == before


@pytest.mark.parametrize("settings", [BASE_SETTINGS, EMBEDDED_SETTINGS])
def test_it_shows_the_prices_of_the_settings_without_stripe(shop: Shop, settings: Any) -> None:
    prices = {Plan.PLUS: "€5 a month", Plan.PREMIUM: "€50 a year"}
    words = offers(
        sign_up(create_test_app(replace(settings, plan_prices=prices), shop.db), "Alice")
    )
    assert "€5 a month" in words
    assert "€50 a year" in words
