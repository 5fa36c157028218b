"""A period that has begun is not a period that is paid: Stripe charges for it an hour later.

Until then it is active, its invoice a draft (https://docs.stripe.com/billing/subscriptions/webhooks).
"""

import re
import time

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import DAY, format_day, plan_card_text, run_billing_command
from tests.billing.plans.test_past_due import GRACE, paid_until, pay_for
from tests.web.helpers import Browser, displayed_stats

HOUR = 3600
LENGTHS = {"month": 31, "year": 366}


def begin_renewal(shop: Shop, browser: Browser, ago: int, every: str = "month") -> str:
    """Let a period begin at least so many days ago, and be heard of before it is charged for."""
    name = pay_for(shop, browser, LENGTHS[every] + ago, every)
    shop.stripe.advance(paid_until(shop, name) - shop.stripe.now + 60)
    shop.deliver_pending()
    assert shop.stripe.get("subscription", name)["status"] == "active"
    assert shop.plan(browser.user_id) == "Plus"
    return name


def charge(shop: Shop, name: str, *, declined: bool) -> None:
    """Charge for the period that has begun."""
    if declined:
        shop.stripe.declining.add(shop.stripe.get("subscription", name)["customer"])
    shop.stripe.advance(HOUR)
    shop.deliver_pending()
    status = shop.stripe.get("subscription", name)["status"]
    assert status == ("past_due" if declined else "active")


@pytest.mark.parametrize("every", ["month", "year"])
def test_an_unpaid_period_gives_a_grace_and_no_more(shop: Shop, alice: Browser, every: str) -> None:
    charge(shop, begin_renewal(shop, alice, 5, every), declined=True)
    until = shop.stripe.now + GRACE
    assert shop.plan(alice.user_id) == "Plus"
    [(_, end)] = re.findall(r"(\w+):(\d+)", shop.db.hget(alice.key("stats"), "paid"))
    assert until - HOUR <= int(end) <= until
    text = plan_card_text(alice)
    assert f"Plus stays until {format_day(int(end))}." in text
    assert "paid until" not in text


@pytest.mark.parametrize("every", ["month", "year"])
def test_nothing_is_left_of_an_unpaid_period_after_the_grace(
    shop: Shop, alice: Browser, every: str
) -> None:
    charge(shop, begin_renewal(shop, alice, 20, every), declined=True)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    assert "that is paid for" not in plan_card_text(alice)


def test_a_period_that_is_paid_an_hour_later_goes_on(shop: Shop, alice: Browser) -> None:
    charge(shop, begin_renewal(shop, alice, 5), declined=False)
    assert shop.plan(alice.user_id) == "Plus"
    assert "did not go through" not in plan_card_text(alice)


def test_no_unpaid_month_after_the_first_gives_anything(shop: Shop, alice: Browser) -> None:
    charge(shop, begin_renewal(shop, alice, 95), declined=True)
    for _ in range(3):
        shop.stripe.advance(31 * DAY)
        shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


@pytest.mark.parametrize("last", ["canceled", "unpaid"])
def test_an_unpaid_period_ends_with_the_last_try(shop: Shop, alice: Browser, last: str) -> None:
    name = begin_renewal(shop, alice, 5, "year")
    charge(shop, name, declined=True)
    shop.stripe.fail_payment(name, to=last)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"


def test_a_trial_that_ends_unpaid_gives_nothing_after_the_grace(shop: Shop, alice: Browser) -> None:
    shop.stripe.now = int(time.time()) - 30 * DAY
    name = shop.subscribe(alice.user_id, trial_days=10)["id"]
    shop.stripe.advance(10 * DAY + 60)
    shop.deliver_pending()
    charge(shop, name, declined=True)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


@pytest.mark.parametrize("days", [3, 10, 15])
def test_a_bank_that_refuses_after_days_leaves_a_whole_grace(
    shop: Shop, alice: Browser, days: int
) -> None:
    name = begin_renewal(shop, alice, days)
    shop.stripe.leave_to_bank(name)
    shop.stripe.now = int(time.time())
    shop.stripe.refuse_invoice(name)
    shop.deliver_pending()
    until = int(re.search(r"Plus:(\d+)", shop.db.hget(alice.key("stats"), "paid"))[1])
    assert abs(until - time.time() - GRACE) < HOUR


def test_going_back_from_a_declined_upgrade_keeps_a_paid_renewal(
    shop: Shop, alice: Browser
) -> None:
    name = begin_renewal(shop, alice, 9)
    charge(shop, name, declined=False)
    shop.stripe.now = int(time.time()) - 2 * DAY
    shop.stripe.decline_upgrade(name, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    shop.stripe.now = int(time.time())
    shop.stripe.go_back(name, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert "did not go through" not in plan_card_text(alice)


@pytest.mark.parametrize("mended_by", ["events", "replay", "reconcile"])
def test_a_paid_year_of_which_no_event_came_outlives_a_declined_upgrade(
    shop: Shop, alice: Browser, mended_by: str
) -> None:
    name = pay_for(shop, alice, 365 + 100, "year")
    shop.stripe.advance(366 * DAY)
    shop.stripe.mark_delivered(*[event["id"] for event in shop.stripe.undelivered()])
    shop.stripe.now = int(time.time()) - 20 * DAY
    shop.stripe.decline_upgrade(name, shop.prices[Plan.PREMIUM])
    if mended_by == "replay":
        run_billing_command(shop.app, "replay")
    elif mended_by == "reconcile":
        run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    else:
        shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


def change_by_bank(shop: Shop, browser: Browser, begun: int, refused: int) -> None:
    """Change to Premium so many days ago, and be refused by the bank some days later."""
    name = pay_for(shop, browser, 100, "year")
    shop.stripe.now = int(time.time()) - begun * DAY
    shop.stripe.change_plan_by_bank(name, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    assert shop.plan(browser.user_id) == "Premium"
    shop.stripe.now = int(time.time()) - refused * DAY
    shop.stripe.refuse_invoice(name)
    shop.deliver_pending()


def test_an_upgrade_that_a_bank_refuses_leaves_what_was_paid(shop: Shop, alice: Browser) -> None:
    change_by_bank(shop, alice, 30, 20)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"
    assert "Premium stays until" not in plan_card_text(alice)


def test_an_upgrade_that_a_bank_refuses_is_not_told_as_paid(shop: Shop, alice: Browser) -> None:
    change_by_bank(shop, alice, 10, 5)
    text = plan_card_text(alice)
    assert "After that you are on Plus, which is paid until" in text
    assert "Premium, which is paid until" not in text


def test_a_change_down_is_not_undone_by_a_declined_upgrade(shop: Shop, alice: Browser) -> None:
    """The rest of Premium was credited when it was changed to Plus."""
    name = pay_for(shop, alice, 100, "year")
    yearly = shop.stripe.get("subscription", name)["items"]["data"][0]["price"]["id"]
    product = shop.stripe.get("price", shop.prices[Plan.PREMIUM])["product"]
    premium = shop.stripe.add_price(product, 10800, currency="gbp", interval="year")["id"]
    shop.stripe.change_plan(name, premium)
    shop.stripe.change_plan(name, yearly)
    shop.deliver_pending()
    shop.stripe.now = int(time.time()) - 20 * DAY
    shop.stripe.decline_upgrade(name, premium)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"
