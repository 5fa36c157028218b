"""A declined upgrade: its grace is given once in a paid period, and what was paid for stays."""

import re
import time

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_portal_visit import come_back, visit_portal
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    forget_what_was_paid,
    format_day,
    plan_card_text,
    run_billing_command,
    visible_text,
)
from tests.billing.plans.test_past_due import GRACE, decline_upgrade, paid_until, pay_for
from tests.billing.plans.test_payer import of_plan
from tests.web.helpers import Browser, displayed_stats


def go_back(shop: Shop, subscription: str, ago: int) -> None:
    """Take a declined upgrade back, so many seconds ago."""
    shop.stripe.now = int(time.time()) - ago
    shop.stripe.go_back(subscription, shop.prices[Plan.PLUS])
    shop.deliver_pending()


def assert_plan(shop: Shop, browser: Browser, plan: str) -> None:
    """The plan is shown, and reconcile agrees with it."""
    assert displayed_stats(browser.get("/dashboard"))["plan"] == plan
    assert shop.plan(browser.user_id) == plan
    result = run_billing_command(shop.app, "reconcile")
    assert (result.exit_code, "without" in result.output) == (0, False), result.output


def test_a_paid_year_outlives_the_grace(shop: Shop, alice: Browser) -> None:
    decline_upgrade(shop, pay_for(shop, alice, 200, "year"), 15 * DAY)
    assert_plan(shop, alice, "Plus")


def test_what_was_paid_ends_with_its_period(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 364, "year")
    decline_upgrade(shop, subscription, 300 * DAY)
    assert_plan(shop, alice, "Plus")
    rows = shop.db.hget(alice.key("billing"), "subscriptions")
    until = int(re.search(r'"until":(\d+)', rows)[1])
    assert until == paid_until(shop, subscription)
    # Two days later the year is over.
    shop.db.hset(
        alice.key("billing"), "subscriptions", rows.replace(str(until), str(until - GRACE))
    )
    shop.db.hset(alice.key("stats"), "paid", f"Plus:{until - GRACE}")
    shop.db.hset(alice.key("stats"), "fresh_until", 0)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert f"Plus ended on {format_day(until - GRACE)}." in text
        assert "You have Premium as soon as the payment goes through." in text


def test_the_grace_is_given_once_in_a_paid_period(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    first = decline_upgrade(shop, subscription, 20 * DAY)
    go_back(shop, subscription, 7 * DAY)
    assert_plan(shop, alice, "Plus")
    decline_upgrade(shop, subscription, 2 * DAY)
    assert first < time.time()
    assert_plan(shop, alice, "Plus")


def test_what_is_left_of_the_grace_is_given(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    first = decline_upgrade(shop, subscription, 5 * DAY)
    go_back(shop, subscription, 3 * DAY)
    decline_upgrade(shop, subscription, DAY)
    assert_plan(shop, alice, "Premium")
    assert f"Premium:{first}" in shop.db.hget(alice.key("stats"), "paid")


def test_the_next_period_has_a_grace_of_its_own(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 45)
    decline_upgrade(shop, subscription, 40 * DAY)
    go_back(shop, subscription, 38 * DAY)
    shop.stripe.advance(36 * DAY)
    shop.deliver_pending()
    until = decline_upgrade(shop, subscription, DAY)
    assert_plan(shop, alice, "Premium")
    assert f"Premium:{until}" in shop.db.hget(alice.key("stats"), "paid")


def test_a_payment_earns_another_grace(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    decline_upgrade(shop, subscription, 40 * DAY)
    shop.stripe.now += DAY
    shop.stripe.recover_payment(subscription)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    decline_upgrade(shop, subscription, DAY)
    assert_plan(shop, alice, "Premium")


def test_a_change_down_that_is_declined_keeps_the_lower_plan(shop: Shop, alice: Browser) -> None:
    """Stripe credits the rest of the higher one."""
    subscription = pay_for(shop, alice, 20)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.decline_upgrade(subscription, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    assert_plan(shop, alice, "Plus")


def test_what_was_paid_ends_where_it_was_cancelled(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 200, "year")
    decline_upgrade(shop, subscription, 15 * DAY)
    ends = int(time.time()) + 9 * DAY
    shop.stripe.cancel(subscription, cancel_at=ends)
    shop.deliver_pending()
    assert f"Plus:{ends}" in shop.db.hget(alice.key("stats"), "paid")
    assert f"Plus stays until {format_day(ends)}" in plan_card_text(alice)


@pytest.mark.parametrize("seen", ["paid", "declined"])
def test_what_an_older_release_stored_is_read(shop: Shop, alice: Browser, seen: str) -> None:
    subscription = pay_for(shop, alice, 200, "year")
    if seen == "paid":
        forget_what_was_paid(shop.db, alice.user_id)
    decline_upgrade(shop, subscription, 15 * DAY)
    if seen == "declined":
        forget_what_was_paid(shop.db, alice.user_id)
        shop.stripe.update("subscription", subscription, description="again")
        shop.deliver_pending()
    assert_plan(shop, alice, "Plus")


def test_it_tells_what_comes_after_the_grace(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 200, "year")
    until = decline_upgrade(shop, subscription, DAY)
    end = format_day(paid_until(shop, subscription))
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert f"Premium stays until {format_day(until)}." in text
        assert f"After that you are on Plus, which is paid until {end}." in text


def test_it_tells_what_is_paid_for_after_the_grace(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 200, "year")
    decline_upgrade(shop, subscription, 15 * DAY)
    end = format_day(paid_until(shop, subscription))
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert f"Plus stays until {end}: that is paid for." in text
        assert "You have Premium as soon as the payment goes through." in text
        assert "ended" not in text
    # What the declined plan costs is not what Plus cost.
    assert "£12" not in plan_card_text(alice)
    assert "£12" not in of_plan(alice, "Plus")
    assert f"Paid until {end}" in of_plan(alice, "Plus")
    assert f"Paid until {end}" in plan_card_text(alice)
    assert "Change to" not in of_plan(alice, "Premium")
    assert "Manage at Stripe" in of_plan(alice, "Premium")


def test_it_promises_no_grace_that_was_used(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    decline_upgrade(shop, subscription, 20 * DAY)
    go_back(shop, subscription, 7 * DAY)
    decline_upgrade(shop, subscription, 2 * DAY)
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert "Premium stays" not in text
        assert "Premium ended" not in text
        assert "You have Premium as soon as the payment goes through." in text


def test_going_back_is_no_payment(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    decline_upgrade(shop, subscription, 20 * DAY)
    address = visit_portal(shop, alice)
    shop.stripe.now = int(time.time())
    shop.stripe.go_back(subscription, shop.prices[Plan.PLUS])
    said = come_back(alice, address)
    assert said.startswith("You have Plus now. It costs £54 a year")
    assert "payment went through" not in said


@pytest.mark.parametrize("event", ["before", "after"])
def test_a_voided_invoice_is_not_told_as_paid(shop: Shop, alice: Browser, event: str) -> None:
    subscription = pay_for(shop, alice, 10)
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.fail_payment(subscription)
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    shop.stripe.void_invoices(subscription)
    if event == "before":
        shop.deliver_pending()
    said = come_back(alice, address)
    assert said.startswith("Plus goes on. It costs £6 a month")
