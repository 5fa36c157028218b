"""Payment Links in other tabs: what is open there is closed, what was paid there is found."""

import time

import pytest

from stats.billing.gateways import stripe_gateway
from stats.plans.plan import Plan
from tests.billing.conftest import LINKS, Shop
from tests.billing.helpers import app_with_settings, in_shop, run_billing_command, start_checkout
from tests.billing.tabs import (
    LINK,
    ONE_LINK,
    PORTAL,
    assert_sold_once,
    meanwhile,
    open_checkout,
    open_link,
    open_link_without_press,
    pay_and_deliver,
    token,
)
from tests.web.helpers import Browser, sign_up


def test_a_link_in_another_tab_is_closed(shop: Shop, buyer: Browser) -> None:
    start_checkout(buyer)
    plus = open_link_without_press(shop, buyer)
    premium = open_link_without_press(shop, buyer, Plan.PREMIUM)
    shop.stripe.pay(plus)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"
    assert_sold_once(shop, premium)


def test_a_link_is_closed_where_checkout_is_opened(shop: Shop) -> None:
    shop.app = app_with_settings(shop, stripe_payment_links=ONE_LINK)
    alice = sign_up(shop.app, "Alice")
    plus, premium = open_link(shop, alice), open_checkout(shop, alice, "Premium")
    shop.stripe.pay(premium)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert_sold_once(shop, plus)


def test_a_link_is_closed_where_checkout_is_paid(shop: Shop) -> None:
    """Every event at once: the link's page, opened before, still sells."""
    shop.app = app_with_settings(shop, stripe_payment_links=ONE_LINK)
    alice = sign_up(shop.app, "Alice")
    plus, premium = open_link(shop, alice), open_checkout(shop, alice, "Premium")
    pay_and_deliver(shop, premium, bank=False)
    alice.get(f"/billing/return?plan=Premium&session_id={premium}")
    assert_sold_once(shop, plus)


def test_a_banks_payment_at_a_link_closes_checkout(shop: Shop) -> None:
    """The link is paid by the bank and heard of; the Checkout of the other tab is closed."""
    shop.app = app_with_settings(shop, stripe_payment_links=ONE_LINK)
    alice = sign_up(shop.app, "Alice")
    premium, plus = open_checkout(shop, alice, "Premium"), open_link(shop, alice)
    pay_and_deliver(shop, plus, bank=True)
    assert_sold_once(shop, premium)


def test_two_links_both_paid_give_the_highest_and_are_reported(shop: Shop, buyer: Browser) -> None:
    plus = open_link_without_press(shop, buyer)
    premium = open_link_without_press(shop, buyer, Plan.PREMIUM)
    shop.stripe.pay(plus)
    shop.stripe.pay(premium)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Premium"
    result = run_billing_command(shop.app, "reconcile")
    assert "several live subscriptions" in result.output


def test_a_link_paid_between_look_and_redirect_is_found_next(shop: Shop, buyer: Browser) -> None:
    session = open_link(shop, buyer)
    meanwhile(shop, "GET", "/v1/checkout/sessions", lambda: shop.stripe.pay(session))
    buyer.post("/billing/checkout", {"plan": "Premium"})
    assert start_checkout(buyer, "Premium").startswith(PORTAL)


@pytest.mark.parametrize("hours", [70, 80, 94])
def test_a_link_paid_in_its_last_hour_is_found(shop: Shop, buyer: Browser, hours: int) -> None:
    """A session lives 24 hours, its events are sent for 72 more: 95 hours after it was opened."""
    carried = token(buyer, shop)
    start_checkout(buyer)
    key = buyer.key("billing")
    opened = int(time.time()) - hours * 3600
    shop.db.hset(key, "link_at", opened)
    shop.stripe.now = opened
    session = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], carried)["id"]
    shop.stripe.now = min(opened + 23 * 3600, int(time.time()))
    shop.stripe.pay(session)
    shop.stripe.now = int(time.time())
    assert start_checkout(buyer).startswith(PORTAL)


def test_nothing_is_sold_while_stripe_lists_too_slowly(
    shop: Shop, buyer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe lists slowly, so that the own session is not reached: nothing may be sold."""
    session = open_link(shop, buyer)
    shop.stripe.pay(session)
    for _ in range(3):
        other = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], "another-shop")["id"]
        shop.stripe.pay(other)
    monkeypatch.setattr(stripe_gateway, "PAGE_SIZE", 1)
    monkeypatch.setattr(stripe_gateway, "QUICK_TIMEOUT", 0.0)
    answer = buyer.post("/billing/checkout", {"plan": "Plus"})
    assert not (answer.location or "").startswith(LINK)


def test_a_paid_link_is_found_when_links_are_sold_no_more(shop: Shop, buyer: Browser) -> None:
    """The operator goes back to Checkout; the link was paid, no event has come."""
    shop.stripe.pay(open_link(shop, buyer))
    shop.app = app_with_settings(shop)
    assert start_checkout(in_shop(shop, buyer)).startswith(PORTAL)


def test_nothing_is_sold_while_a_bank_pays_for_a_renamed_product(
    shop: Shop, buyer: Browser
) -> None:
    """It was seen, as Plus and incomplete; then the setting names another product."""
    session = open_link(shop, buyer)
    shop.stripe.pay(session, asynchronous=True)
    shop.deliver_pending()
    renamed = {"prod_renamed": Plan.PLUS} | {
        product: plan for product, plan in shop.products.items() if plan != Plan.PLUS
    }
    shop.app = app_with_settings(shop, stripe_products=renamed, stripe_payment_links=LINKS)
    location = in_shop(shop, buyer).post("/billing/checkout", {"plan": "Plus"}).location or ""
    assert not location.startswith(LINK)


def test_the_return_page_finds_a_link_payer_without_a_session(shop: Shop, buyer: Browser) -> None:
    """docs/configuration.md: a link leads to /billing/return?plan=Plus, without the session."""
    shop.stripe.pay(open_link(shop, buyer))
    answer = buyer.get("/billing/return?plan=Plus")
    assert answer.status_code in (200, 302)
    assert shop.plan(buyer.user_id) == "Plus"
