"""What a payer is told: the own price, the next payment, the own currency, a price by the year."""

import re
from typing import Any

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    app_with_settings,
    format_day,
    plan_card_text,
    save_conversation,
    start_checkout,
    stripe_requests,
    visible_text,
)
from tests.web.helpers import Browser, sign_up


def add_price(shop: Shop, plan: Plan, amount: int, **more: Any) -> str:
    """Add another price of a plan's product; return its id."""
    product = shop.stripe.get("price", shop.prices[plan])["product"]
    price: str = shop.stripe.add_price(product, amount, **{"currency": "gbp", **more})["id"]
    return price


def pay(shop: Shop, browser: Browser, plan: Plan = Plan.PLUS, price: str = "") -> dict[str, Any]:
    """Let somebody subscribe, at another price if one is given; return the subscription."""
    sold, shop.prices[plan] = shop.prices[plan], price or shop.prices[plan]
    subscription = shop.subscribe(browser.user_id, plan)
    shop.prices[plan] = sold
    shop.deliver_pending()
    return subscription


def end_of_period(subscription: dict[str, Any]) -> str:
    """Return the day on which a subscription's period ends."""
    return format_day(subscription["items"]["data"][0]["current_period_end"])


def plans_text(browser: Browser, query: str = "") -> str:
    """Return the words of the plans page."""
    page = browser.get(f"/plans{query}")
    assert page.status_code == 200
    return visible_text(page.text)


def of_plan(browser: Browser, plan: str, query: str = "") -> str:
    """Return the words of the plans page about one plan."""
    page = browser.get(f"/plans{query}").text
    return visible_text(re.search(rf'"pricing-{plan.lower()}">(.*?)</section>', page, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("amount", "more", "said"),
    [
        (5400, {"interval": "year"}, "£54 a year"),
        (450, {}, "£4.50 a month"),
        (700, {"currency": "eur"}, "€7 a month"),
        (1500, {"interval_count": 3}, "£15 every 3 months"),
    ],
)
def test_it_says_what_the_payer_pays(
    shop: Shop, alice: Browser, amount: int, more: dict[str, Any], said: str
) -> None:
    subscription = pay(shop, alice, price=add_price(shop, Plan.PLUS, amount, **more))
    day, sum_ = end_of_period(subscription), said.partition(" ")[0]
    assert f"Plus {said}" in plan_card_text(alice)
    own = of_plan(alice, "Plus")
    assert said in own
    assert f"Renews {day} for {sum_}." in own
    assert "£6" not in own
    assert f"Plus {said}" in plan_card_text(alice)


def test_it_counts_all_items_and_says_nothing_of_what_cannot_be_added(
    shop: Shop, alice: Browser, bob: Browser
) -> None:
    book = shop.stripe.add_product("A book", 300, currency="gbp")["default_price"]
    sold, shop.prices[Plan.PLUS] = shop.prices[Plan.PLUS], book
    for browser, other in ((alice, book), (bob, add_price(shop, Plan.PLUS, 9, currency="usd"))):
        customer = shop.customer(browser.user_id)
        shop.stripe.create_subscription(customer, [sold, other])
        shop.send_all([e for e in shop.stripe.undelivered() if e["type"] != "customer.created"])
        shop.db.set(f"stripe:customer:{{{customer}}}", browser.user_id)
        shop.db.sadd(browser.key("customers"), customer)
        shop.stripe.update(
            "subscription", shop.stripe.all("subscription")[0]["id"], metadata={"a": "b"}
        )
        shop.deliver_pending()
    assert "Plus £9 a month" in plan_card_text(alice)
    assert "£" not in plan_card_text(bob)
    assert "Price shown at Stripe" in of_plan(bob, "Plus")


def test_it_does_not_promise_the_price_to_somebody_with_a_discount(
    shop: Shop, alice: Browser
) -> None:
    subscription = pay(shop, alice)
    shop.stripe.update("subscription", subscription["id"], discounts=["di_1"])
    shop.deliver_pending()
    said = f"Renews {end_of_period(subscription)} for £6, less your discount."
    assert said in plans_text(alice)


def test_it_says_nothing_of_renewal_while_collection_is_paused(shop: Shop, alice: Browser) -> None:
    subscription = pay(shop, alice)
    shop.stripe.pause(subscription["id"], collection_only=True)
    shop.deliver_pending()
    for text in (plan_card_text(alice), plans_text(alice)):
        assert "Payments are paused" in text
        assert "Renews" not in text
    resumes = shop.stripe.now + 9 * DAY
    pause = {"behavior": "void", "resumes_at": resumes}
    shop.stripe.update("subscription", subscription["id"], pause_collection=pause)
    shop.deliver_pending()
    for text in (plan_card_text(alice), plans_text(alice)):
        assert f"Payments are paused until {format_day(resumes)}" in text
    shop.stripe.resume(subscription["id"])
    shop.deliver_pending()
    assert "Renews" in plan_card_text(alice)
    assert shop.plan(alice.user_id) == "Plus"


@pytest.mark.parametrize(
    ("currency", "nothing"), [("eur", "€0"), ("chf", "CHF 0"), ("jpy", "JPY 0")]
)
def test_it_says_nothing_in_the_currency_of_the_others(
    shop: Shop, currency: str, nothing: str
) -> None:
    prices = {plan: add_price(shop, plan, 700, currency=currency) for plan in shop.prices}
    alice = sign_up(app_with_settings(shop, stripe_prices=prices), "Alice")
    assert nothing in of_plan(alice, "Free")
    assert f"Free {nothing}" in plan_card_text(alice)
    assert "£" not in plans_text(alice)


def test_it_names_no_currency_while_no_price_is_known(shop: Shop, alice: Browser) -> None:
    shop.server.down = True
    assert "Costs nothing" in of_plan(alice, "Free")
    assert "£" not in plan_card_text(alice)


def test_it_says_what_more_than_the_plan_has_means(shop: Shop, alice: Browser) -> None:
    pay(shop, alice)
    for _ in range(12):
        save_conversation(alice)
    assert "12 of 50 conversations today" in plan_card_text(alice)
    shop.stripe.cancel(shop.stripe.all("subscription")[0]["id"])
    shop.deliver_pending()
    said = "12 conversations today. Free has 5 a day; all 12 are kept."
    assert said in plan_card_text(alice)


def test_it_says_what_counts_as_a_conversation(shop: Shop, alice: Browser) -> None:
    for browser in (alice, Browser(shop.app)):
        assert "What counts as a conversation Each one counts once" in plans_text(browser)
    assert "A new day starts at midnight" in plans_text(alice)


def test_it_says_what_a_change_costs_and_when_it_takes_effect(shop: Shop, alice: Browser) -> None:
    assert "£6 today , then £6 a month." in of_plan(alice, "Plus")
    assert "£12 today , then £12 a month." in of_plan(alice, "Premium")
    day = end_of_period(pay(shop, alice))
    said = f"Nothing to pay. Plus stays until {day}, then you are on Free."
    assert said in of_plan(alice, "Free")
    assert "At once, then £12 a month." in of_plan(alice, "Premium")
    shop.stripe.cancel(shop.stripe.all("subscription")[0]["id"], at_period_end=True)
    shop.deliver_pending()
    assert f"Ends {day}, then you are on Free." in of_plan(alice, "Plus")
    assert f"Ends {day}, then Free" in plan_card_text(alice)


def sell_by_the_year(shop: Shop) -> dict[Plan, str]:
    """Offer both plans by the year as well; return the ids of the prices."""
    amounts = {Plan.PLUS: 5400, Plan.PREMIUM: 10800}
    prices = {p: add_price(shop, p, amount, interval="year") for p, amount in amounts.items()}
    shop.app = app_with_settings(shop, stripe_yearly_prices=prices)
    return prices


def test_it_offers_a_price_by_the_year_beside_the_month(shop: Shop) -> None:
    prices = sell_by_the_year(shop)
    alice = sign_up(shop.app, "Alice")
    text = plans_text(alice)
    assert "By the month By the year By the year you pay for 9 months of twelve." in text
    assert "£6 a month" in text
    assert "£54 a year, £4.50 a month" in of_plan(alice, "Plus", "?by=year")
    assert "£108 a year, £9 a month" in of_plan(alice, "Premium", "?by=year")
    assert "£54 today , then £54 a year." in of_plan(alice, "Plus", "?by=year")
    answer = alice.post("/billing/checkout", {"plan": "Plus", "by": "year"})
    assert answer.status_code == 303
    [request] = stripe_requests(shop, "POST", "/v1/checkout/sessions")
    assert request.params["line_items"]["0"]["price"] == prices[Plan.PLUS]
    # An open session is used again for the same price alone.
    assert alice.post("/billing/checkout", {"plan": "Plus", "by": "year"}).status_code == 303
    assert len(stripe_requests(shop, "POST", "/v1/checkout/sessions")) == 1
    start_checkout(alice)
    start_checkout(alice)
    sessions = stripe_requests(shop, "POST", "/v1/checkout/sessions")
    sold = [request.params["line_items"]["0"]["price"] for request in sessions]
    assert sold == [prices[Plan.PLUS], shop.prices[Plan.PLUS]]


def test_it_begins_where_the_payer_is(shop: Shop) -> None:
    prices = sell_by_the_year(shop)
    alice, bob = sign_up(shop.app, "Alice"), sign_up(shop.app, "Bob")
    pay(shop, alice, price=prices[Plan.PLUS])
    pay(shop, bob)
    assert "£108 a year" in of_plan(alice, "Premium")
    assert "£12 a month" in of_plan(bob, "Premium")
    own = of_plan(bob, "Plus", "?by=year")
    assert "Yours, by the month £54 a year" in own
    assert "Pay Plus by the year" in own
    location = bob.post("/billing/checkout", {"plan": "Plus", "by": "year"}).location
    assert location.startswith("https://billing.stripe.com/")


@pytest.mark.parametrize("by", ["year", "week", "", "Year"])
def test_it_sells_nothing_that_is_not_offered(shop: Shop, alice: Browser, by: str) -> None:
    assert alice.post("/billing/checkout", {"plan": "Plus", "by": by}).status_code == 400
    assert "By the year" not in plans_text(alice, f"?by={by}")
    assert not shop.stripe.all("checkout.session")


@pytest.mark.parametrize(
    ("yearly", "said"),
    [
        ({Plan.PLUS: 5400}, "By the year you pay for 9 months of twelve."),
        ({Plan.PLUS: 5400, Plan.PREMIUM: 12000}, "By the year you pay at least 16% less."),
        ({Plan.PLUS: 7200}, None),
        ({Plan.PLUS: 8000}, None),
    ],
)
def test_it_counts_from_the_prices_what_the_year_saves(
    shop: Shop, yearly: dict[Plan, int], said: str | None
) -> None:
    prices = {plan: add_price(shop, plan, n, interval="year") for plan, n in yearly.items()}
    shop.app = app_with_settings(shop, stripe_yearly_prices=prices)
    text = plans_text(sign_up(shop.app, "Alice"))
    assert "By the year" in text
    assert said in text if said else "you pay" not in text
