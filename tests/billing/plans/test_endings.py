"""Plans that end by the clock alone: no event tells of it, and every reader knows."""

import time

import pytest

from stats.plans.plan import Plan
from stats.user_stats import get_user_stats
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    SERVICE_HEADERS,
    app_with_settings,
    format_day,
    let_time_pass,
    plan_card_text,
)
from tests.web.helpers import HTMX_HEADERS, Browser, displayed_stats, poll_url, sign_up

GRACE = 14 * DAY
HOUR = 3600


def seen(shop: Shop, browser: Browser) -> set[str]:
    """Return the plan as every reader that writes nothing says it."""
    client = shop.app.test_client()
    paths = [f"/api/{name}?userId={browser.user_id}" for name in ("entitlements", "dashboard")]
    service = [client.get(path, headers=SERVICE_HEADERS).get_json() for path in paths]
    own = [browser.get(path.partition("?")[0]).json for path in paths]
    return {
        *(answer["plan"] for answer in (service[0], own[0])),
        *(answer["data"]["plan"] for answer in (service[1], own[1])),
        str(get_user_stats(shop.db, browser.user_id).plan),
    }


def assert_falls(
    shop: Shop, browser: Browser, seconds: int, said: str = "Nothing to renew"
) -> None:
    """Let the time pass in which Plus ends, and look at it with every reader."""
    url = poll_url(browser.get("/dashboard"))
    assert browser.get(url, headers=HTMX_HEADERS).status_code == 204
    let_time_pass(shop.db, browser.user_id, seconds)
    sent = len(shop.server.requests)
    assert seen(shop, browser) == {"Free"}
    page = browser.get(url, headers=HTMX_HEADERS)
    assert (page.status_code, displayed_stats(page)["plan"]) == (200, "Free")
    assert poll_url(page) != url
    assert browser.get(poll_url(page), headers=HTMX_HEADERS).status_code == 204
    assert shop.db.hget(browser.key("stats"), "plan") == "Free"
    assert shop.plan(browser.user_id) == "Free"
    assert "5 conversations today" in plan_card_text(browser)
    assert said in plan_card_text(browser)
    assert len(shop.server.requests) == sent


@pytest.mark.parametrize("how", ["cancel_at", "at_period_end"])
def test_it_ends_by_the_clock(shop: Shop, alice: Browser, how: str) -> None:
    subscription = shop.subscribe(alice.user_id)
    ends = subscription["items"]["data"][0]["current_period_end"]
    if how == "cancel_at":
        ends = shop.stripe.now + 10 * DAY
        shop.stripe.cancel(subscription["id"], cancel_at=ends)
    else:
        shop.stripe.cancel(subscription["id"], at_period_end=True)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert f"Ends {format_day(ends)}" in plan_card_text(alice)
    assert f"Ends {format_day(ends)}" in alice.get("/plans").text
    left = ends - int(time.time())
    let_time_pass(shop.db, alice.user_id, left - 60)
    assert seen(shop, alice) == {"Plus"}
    assert_falls(shop, alice, 61)


def test_it_is_there_again_when_the_cancellation_is_taken_back(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.stripe.cancel(subscription["id"], at_period_end=True)
    shop.deliver_pending()
    assert "Ends " in plan_card_text(alice)
    shop.stripe.keep(subscription["id"])
    shop.deliver_pending()
    renews = subscription["items"]["data"][0]["current_period_end"]
    assert f"Renews {format_day(renews)}" in plan_card_text(alice)


def fall_behind(shop: Shop, browser: Browser, ago: int) -> int:
    """Let a renewal fail so many seconds ago; return when patience ends."""
    product, days = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"], 40
    price = shop.stripe.add_price(product, 900, interval="day", interval_count=days)
    shop.prices[Plan.PLUS] = price["id"]
    failed = int(time.time()) - ago
    # A period is charged for an hour after it has begun.
    shop.stripe.now = failed - days * DAY - HOUR
    subscription = shop.subscribe(browser.user_id)
    shop.stripe.declining.add(subscription["customer"])
    shop.stripe.advance(days * DAY + HOUR + ago)
    assert shop.stripe.get("subscription", subscription["id"])["status"] == "past_due"
    shop.deliver_pending()
    return failed + GRACE


def test_it_keeps_an_unpaid_plan_for_a_while(shop: Shop, alice: Browser) -> None:
    until = fall_behind(shop, alice, 10 * DAY)
    assert shop.plan(alice.user_id) == "Plus"
    assert f"Plus stays until {format_day(until)}." in plan_card_text(alice)
    assert "did not go through" in alice.get("/plans").text
    assert "Renews" not in plan_card_text(alice)
    assert_falls(shop, alice, until - int(time.time()), "Plus ended on")


def test_it_is_out_of_patience_when_the_event_comes_late(shop: Shop, alice: Browser) -> None:
    fall_behind(shop, alice, 15 * DAY)
    assert shop.plan(alice.user_id) == "Free"
    assert "Plus ended on" in plan_card_text(alice)


def test_it_has_as_much_patience_as_is_set(shop: Shop) -> None:
    shop.app = app_with_settings(shop, past_due_days=0)
    alice = sign_up(shop.app, "Alice")
    fall_behind(shop, alice, 60)
    assert shop.plan(alice.user_id) == "Free"


def test_it_is_well_again_once_the_money_comes(shop: Shop, alice: Browser) -> None:
    until = fall_behind(shop, alice, 10 * DAY)
    let_time_pass(shop.db, alice.user_id, until - int(time.time()))
    assert seen(shop, alice) == {"Free"}
    shop.stripe.recover_payment(shop.stripe.all("subscription")[0]["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert "did not go through" not in plan_card_text(alice)
    assert "Renews " in plan_card_text(alice)


def test_it_falls_to_the_grant_and_to_the_lower_subscription(shop: Shop, alice: Browser) -> None:
    premium = shop.subscribe(alice.user_id, Plan.PREMIUM)
    shop.subscribe(alice.user_id)
    shop.stripe.cancel(premium["id"], cancel_at=shop.stripe.now + DAY)
    shop.deliver_pending()
    assert seen(shop, alice) == {"Premium"}
    let_time_pass(shop.db, alice.user_id, DAY + 60)
    assert seen(shop, alice) == {"Plus"}
    assert "Renews " in plan_card_text(alice)
    assert shop.plan(alice.user_id) == "Plus"


def test_it_is_not_patient_anew_with_every_unpaid_period(shop: Shop, alice: Browser) -> None:
    """Stripe goes on to the next period of a subscription that stays past_due."""
    fall_behind(shop, alice, 39 * DAY)
    assert shop.plan(alice.user_id) == "Free"
    shop.stripe.now = int(time.time())
    [subscription] = shop.stripe.all("subscription")
    # A day and a half later the second period begins that nobody has paid.
    shop.stripe.advance(DAY + DAY // 2)
    assert shop.stripe.get("subscription", subscription["id"])["status"] == "past_due"
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
