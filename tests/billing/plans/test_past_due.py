"""A payment that fails in the middle of a paid period: patience counts from the unpaid invoice."""

import time
from typing import Any

import pytest

from stats.plans.invoices import overdue_since
from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    app_with_settings,
    forget_what_was_paid,
    format_day,
    let_time_pass,
    plan_card_text,
    run_billing_command,
    visible_text,
)
from tests.web.helpers import Browser, displayed_stats

GRACE = 14 * DAY


def pay_for(shop: Shop, browser: Browser, days: int, every: str = "month") -> str:
    """Let somebody pay for a period that began so many days ago; return the subscription's id."""
    if every == "year":
        product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
        yearly = shop.stripe.add_price(product, 5400, currency="gbp", interval="year")
        shop.prices[Plan.PLUS] = yearly["id"]
    shop.stripe.now = int(time.time()) - days * DAY
    subscription_id: str = shop.subscribe(browser.user_id)["id"]
    shop.deliver_pending()
    return subscription_id


def paid_until(shop: Shop, subscription_id: str) -> int:
    """Return the end of a subscription's present period."""
    [item] = shop.stripe.get("subscription", subscription_id)["items"]["data"]
    return int(item["current_period_end"])


def decline_upgrade(shop: Shop, subscription_id: str, ago: int) -> int:
    """Let an upgrade's invoice be declined so many seconds ago; return when patience ends."""
    shop.stripe.now = int(time.time()) - ago
    shop.stripe.decline_upgrade(subscription_id, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    return shop.stripe.now + GRACE


@pytest.mark.parametrize(
    ("every", "day", "left"), [("month", 20, "Free"), ("year", 200, "Plus"), ("year", 14, "Plus")]
)
def test_it_keeps_the_plan_when_an_upgrade_is_declined(
    shop: Shop, alice: Browser, every: str, day: int, left: str
) -> None:
    subscription = pay_for(shop, alice, day, every)
    until = decline_upgrade(shop, subscription, 60)
    assert shop.plan(alice.user_id) == "Premium"
    paid = f"Premium:{until}"
    if left == "Plus":
        paid = f"Plus:{paid_until(shop, subscription)} {paid}"
    assert shop.db.hget(alice.key("stats"), "paid") == paid
    let_time_pass(shop.db, alice.user_id, GRACE - 120)
    assert shop.plan(alice.user_id) == "Premium"
    let_time_pass(shop.db, alice.user_id, 180)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == left
    assert shop.plan(alice.user_id) == left


def test_it_tells_of_it_on_dashboard_and_plans_with_the_way_to_mend_it(
    shop: Shop, alice: Browser
) -> None:
    until = decline_upgrade(shop, pay_for(shop, alice, 20), 2 * DAY)
    failed = format_day(until - GRACE)
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert f"The payment of {failed} did not go through" in text
        assert f"Premium stays until {format_day(until)}." in text
        assert "Put it right at Stripe" in text
        assert "Renews" not in text
    fragment = alice.get("/dashboard/stats")
    assert len(fragment.data) < 6 * 1024
    form = fragment.text.partition('action="/billing/portal"')[2]
    assert 'name="csrf_token"' in form.partition("</form>")[0]


def test_it_still_tells_when_the_plan_has_gone(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 40)
    shop.stripe.declining.add(shop.stripe.get("subscription", subscription)["customer"])
    until = decline_upgrade(shop, subscription, 15 * DAY)
    assert shop.plan(alice.user_id) == "Free"
    for text in (plan_card_text(alice), visible_text(alice.get("/plans").text)):
        assert f"The payment of {format_day(until - GRACE)} did not go through" in text
        assert f"Premium ended on {format_day(until)}." in text
        assert "Put it right at Stripe" in text


def test_it_is_well_again_once_the_invoice_is_paid(shop: Shop, alice: Browser) -> None:
    subscription_id = pay_for(shop, alice, 20)
    decline_upgrade(shop, subscription_id, DAY)
    shop.stripe.recover_payment(subscription_id)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert "did not go through" not in plan_card_text(alice)


def test_it_is_patient_anew_after_a_recovery_of_which_no_event_came(
    shop: Shop, alice: Browser
) -> None:
    subscription_id = pay_for(shop, alice, 28)
    decline_upgrade(shop, subscription_id, 20 * DAY)
    assert shop.plan(alice.user_id) == "Plus"
    shop.stripe.now += DAY
    shop.stripe.recover_payment(subscription_id)
    until = decline_upgrade(shop, subscription_id, DAY)
    assert shop.plan(alice.user_id) == "Premium"
    assert shop.db.hget(alice.key("stats"), "paid") == f"Premium:{until}"


def test_it_counts_from_the_first_sight_where_invoices_cannot_be_read(
    shop: Shop, alice: Browser
) -> None:
    """A restricted key may lack the right to read invoices."""
    subscription_id = pay_for(shop, alice, 20)

    def refuse_invoices(request: Any) -> None:
        if request.path == "/v1/subscriptions":
            shop.server.fail_next(1, status=403)

    shop.stripe.decline_upgrade(subscription_id, shop.prices[Plan.PREMIUM])
    shop.server.on_answer = refuse_invoices
    shop.deliver_pending()
    first = int(shop.db.hget(alice.key("stats"), "paid").removeprefix("Premium:"))
    assert abs(first - GRACE - time.time()) < 60
    let_time_pass(shop.db, alice.user_id, DAY)
    shop.stripe.update("subscription", subscription_id, description="again")
    shop.deliver_pending()
    assert shop.db.hget(alice.key("stats"), "paid") == f"Premium:{first - DAY}"


def test_reconcile_sees_a_plan_that_was_taken_too_early(shop: Shop, alice: Browser) -> None:
    until = decline_upgrade(shop, pay_for(shop, alice, 20), DAY)
    # What an earlier release wrote: patience from the beginning of the period.
    let_time_pass(shop.db, alice.user_id, until - int(time.time()) + DAY)
    forget_what_was_paid(shop.db, alice.user_id)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    result = run_billing_command(shop.app, "reconcile")
    assert result.exit_code == 1
    assert f"money without plan: {alice.user_id} (has Free, pays Premium)" in result.output
    assert run_billing_command(shop.app, "reconcile", "--fix").exit_code == 0
    assert shop.plan(alice.user_id) == "Premium"
    assert shop.db.hget(alice.key("stats"), "paid") == f"Premium:{until}"


def test_it_has_as_much_patience_as_is_set(shop: Shop, alice: Browser) -> None:
    shop.app = app_with_settings(shop, past_due_days=3)
    subscription = pay_for(shop, alice, 20)
    until = decline_upgrade(shop, subscription, DAY)
    paid = f"Plus:{paid_until(shop, subscription)} Premium:{until - 11 * DAY}"
    assert shop.db.hget(alice.key("stats"), "paid") == paid


def invoice(status: str, at: int, due: int | None = None, **more: Any) -> dict[str, Any]:
    finalized = {"finalized_at": at, "paid_at": None}
    return {"status": status, "created": at - 3600, "due_date": due} | {
        "status_transitions": finalized,
        **more,
    }


@pytest.mark.parametrize(
    ("invoices", "since"),
    [
        ([], None),
        ([invoice("paid", 9)], None),
        ([invoice("open", 9)], 9),
        ([invoice("open", 9), invoice("open", 5), invoice("paid", 2), invoice("open", 1)], 5),
        ([invoice("draft", 9), invoice("void", 8), invoice("open", 5)], 5),
        ([invoice("uncollectible", 9), invoice("open", 5), invoice("paid", 2)], 5),
        # Sent by mail, it is past due from its due date on.
        ([invoice("open", 5, due=40), invoice("paid", 2)], 40),
        ([{"status": "open", "created": 3}], 3),
        ([{"status": "open"}, {}], None),
    ],
)
def test_it_knows_since_when_nothing_was_paid(
    invoices: list[dict[str, Any]], since: int | None
) -> None:
    """Newest first, as Stripe lists them; what was left unpaid before a payment is settled."""
    assert overdue_since(invoices) == since
