"""What the pages say of money is so."""

import time

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_portal_visit import come_back, visit_portal
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    app_with_settings,
    grant_plan,
    in_shop,
    plan_card_text,
    start_checkout,
)
from tests.billing.plans.test_past_due import pay_for
from tests.billing.plans.test_payer import add_price, of_plan, plans_text
from tests.web.helpers import Browser, displayed_stats


def yearly_shop(shop: Shop, alice: Browser) -> Browser:
    """Sell by the year, too; return the browser in that shop."""
    prices = {
        plan: add_price(shop, plan, amount, interval="year")
        for plan, amount in ((Plan.PLUS, 5400), (Plan.PREMIUM, 10800))
    }
    shop.app = app_with_settings(shop, stripe_yearly_prices=prices)
    return in_shop(shop, alice)


def test_an_open_session_of_an_older_price_is_not_used(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    shop.app = app_with_settings(shop, stripe_prices={Plan.PLUS: add_price(shop, Plan.PLUS, 500)})
    alice = in_shop(shop, alice)
    assert "£5 today" in of_plan(alice, "Plus")
    url = start_checkout(alice)
    assert [s["amount_total"] for s in shop.stripe.all("checkout.session") if s["url"] == url] == [
        500
    ]


@pytest.mark.parametrize("other", ["grant", "subscription"])
def test_what_is_left_after_ending(shop: Shop, alice: Browser, other: str) -> None:
    shop.subscribe(alice.user_id, Plan.PREMIUM)
    if other == "subscription":
        shop.subscribe(alice.user_id, Plan.PLUS)
    shop.deliver_pending()
    if other == "grant":
        grant_plan(shop, alice, "Plus")
    assert "then you are on Plus." in of_plan(alice, "Free")


def test_a_grant_is_not_paid_by_the_month(shop: Shop, alice: Browser) -> None:
    alice = yearly_shop(shop, alice)
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    grant_plan(shop, alice, "Premium")
    text = of_plan(alice, "Premium", "?by=year")
    assert "Yours, by the month" not in text
    assert "Pay Premium by the year" not in text


def test_every_three_months_is_not_by_the_month(shop: Shop, alice: Browser) -> None:
    alice = yearly_shop(shop, alice)
    shop.prices[Plan.PLUS] = add_price(shop, Plan.PLUS, 1500, interval_count=3)
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    assert "Yours, by the month" not in of_plan(alice, "Plus", "?by=year")


def test_a_year_is_not_in_another_currency(shop: Shop, alice: Browser) -> None:
    alice = yearly_shop(shop, alice)
    shop.prices[Plan.PLUS] = add_price(shop, Plan.PLUS, 700, currency="eur")
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    assert "£" not in of_plan(alice, "Premium")
    assert "£" not in of_plan(alice, "Premium", "?by=year")


def test_nothing_is_told_in_another_currency(shop: Shop, alice: Browser) -> None:
    shop.prices[Plan.PLUS] = add_price(shop, Plan.PLUS, 700, currency="eur")
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    assert "£" not in of_plan(alice, "Free")


def test_the_confirmation_names_a_discount(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.stripe.update("subscription", subscription, discounts=["di_1"])
    shop.deliver_pending()
    back = visit_portal(shop, alice)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PREMIUM])
    assert "discount" in come_back(alice, back)


def test_the_card_names_a_discount(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.stripe.update("subscription", subscription, discounts=["di_1"])
    shop.deliver_pending()
    text = plan_card_text(alice)
    assert "£6 a month" not in text or "discount" in text


def test_the_confirmation_before_a_planned_change(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    back = visit_portal(shop, alice)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PREMIUM])
    shop.stripe.schedule_change(subscription)
    assert "next payment" not in come_back(alice, back)


def test_the_card_before_a_planned_change(shop: Shop, alice: Browser) -> None:
    shop.stripe.schedule_change(shop.subscribe(alice.user_id)["id"])
    shop.deliver_pending()
    assert "Renews" not in plan_card_text(alice)


def test_a_subscription_that_ends_beside_a_grant(shop: Shop, alice: Browser) -> None:
    shop.stripe.cancel(shop.subscribe(alice.user_id)["id"], at_period_end=True)
    shop.deliver_pending()
    grant_plan(shop, alice, "Premium")
    assert "goes on until you end it" not in plans_text(alice)


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_what_rests_has_not_ended(shop: Shop, alice: Browser, status: str) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    back = visit_portal(shop, alice)
    shop.stripe.update("subscription", subscription, status=status)
    assert "has ended" not in come_back(alice, back)


def test_what_is_paid_is_not_what_a_grant_gives(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id, Plan.PREMIUM)["id"]
    shop.deliver_pending()
    grant_plan(shop, alice, "Premium")
    back = visit_portal(shop, alice)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PLUS])
    assert "You have Plus now" not in come_back(alice, back)


def test_a_plan_that_is_owed_is_to_be_paid_and_not_changed_to(shop: Shop, alice: Browser) -> None:
    """Past due and beyond the grace."""
    name = pay_for(shop, alice, 50)
    shop.stripe.declining.add(shop.stripe.get("subscription", name)["customer"])
    shop.stripe.advance(49 * DAY)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    text = of_plan(alice, "Plus")
    assert "Manage at Stripe You have Plus as soon as the payment goes through." in text
    assert "Change to Plus" not in text


def test_what_ends_already_is_not_offered_to_be_ended(shop: Shop, alice: Browser) -> None:
    """Its end was asked for, and a payment failed."""
    subscription = pay_for(shop, alice, 10)
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.fail_payment(subscription)
    shop.deliver_pending()
    assert "End Plus at Stripe" in plans_text(alice)
    shop.stripe.cancel(subscription, at_period_end=True)
    shop.deliver_pending()
    assert "End Plus at Stripe" not in plans_text(alice)
