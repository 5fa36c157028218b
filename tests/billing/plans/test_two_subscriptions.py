"""Who pays for two subscriptions is told of both, and of the one that has ended."""

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_portal_visit import come_back, visit_portal
from tests.billing.conftest import Shop
from tests.billing.helpers import format_day, plan_card_text
from tests.billing.plans.test_past_due import paid_until
from tests.billing.plans.test_payer import add_price, plans_text
from tests.web.helpers import Browser

ALSO = "You also pay for another subscription, to Plus: £6 a month."


def subscribe_beside(shop: Shop, browser: Browser, first: str, price: str) -> str:
    """Start a second subscription at the same customer; return its id."""
    customer = shop.stripe.get("subscription", first)["customer"]
    named = {"user_id": browser.user_id}
    second = shop.stripe.create_subscription(customer, [price], metadata=named)["id"]
    shop.deliver_pending()
    return str(second)


@pytest.mark.parametrize("second", [Plan.PLUS, Plan.PREMIUM])
def test_a_second_subscription_is_told_to_who_pays_for_it(
    shop: Shop, alice: Browser, second: Plan
) -> None:
    plus = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    assert ALSO not in plan_card_text(alice)
    subscribe_beside(shop, alice, plus, shop.prices[second])
    day = format_day(paid_until(shop, plus))
    for text in (plan_card_text(alice), plans_text(alice)):
        assert f"{ALSO} The next payment is on {day}." in text


def test_the_next_payment_of_a_month_is_told_beside_a_year(shop: Shop, alice: Browser) -> None:
    monthly = shop.subscribe(alice.user_id)["id"]
    yearly = add_price(shop, Plan.PREMIUM, 10800, interval="year")
    subscribe_beside(shop, alice, monthly, yearly)
    assert format_day(paid_until(shop, monthly)) in plan_card_text(alice)


def test_one_that_ends_already_is_not_told_as_paid_for(shop: Shop, alice: Browser) -> None:
    plus = shop.subscribe(alice.user_id)["id"]
    subscribe_beside(shop, alice, plus, shop.prices[Plan.PREMIUM])
    shop.stripe.cancel(plus, at_period_end=True)
    shop.deliver_pending()
    assert "another subscription" not in plan_card_text(alice)


@pytest.mark.parametrize("ended", ["month", "year"])
def test_one_of_two_of_the_same_plan_is_told_to_have_ended(
    shop: Shop, alice: Browser, ended: str
) -> None:
    monthly = shop.subscribe(alice.user_id)["id"]
    price = add_price(shop, Plan.PLUS, 5400, interval="year")
    yearly = subscribe_beside(shop, alice, monthly, price)
    address = visit_portal(shop, alice)
    shop.stripe.cancel(monthly if ended == "month" else yearly)
    said = come_back(alice, address)
    assert said.startswith("One of your subscriptions has ended. Plus goes on. It costs £")
