"""Paid in one tab, by card or by a bank: nothing is for sale in the other one."""

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_portal_visit import visit_portal
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, open_sessions, start_checkout
from tests.billing.tabs import (
    ANSWERS,
    CHECKOUT,
    PORTAL,
    assert_sold_once,
    at_answer,
    bought,
    meanwhile,
    open_checkout,
    open_link,
    pay_and_deliver,
    send_of_type,
)
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser, sign_up


def test_nothing_is_sold_when_a_bank_pays_between_look_and_sale(shop: Shop, alice: Browser) -> None:
    """As test_nothing_is_sold_when_paid_between_look_and_sale, but by a bank."""
    plus = open_checkout(shop, alice)

    def pay() -> None:
        shop.stripe.pay(plus, asynchronous=True)
        shop.deliver_pending()

    meanwhile(shop, "GET", "/v1/checkout/sessions", pay)
    location = alice.post("/billing/checkout", {"plan": "Premium"}).location or ""
    if location.startswith(CHECKOUT):
        assert_sold_once(shop, location.rpartition("/")[2])


@pytest.mark.parametrize("number", ANSWERS)
@pytest.mark.parametrize("way", ["card", "bank"])
def test_nothing_is_sold_twice_whenever_the_other_tab_is_paid(
    shop: Shop, alice: Browser, way: str, number: int
) -> None:
    plus = open_checkout(shop, alice)
    at_answer(shop, number, lambda: pay_and_deliver(shop, plus, bank=way == "bank"))
    location = alice.post("/billing/checkout", {"plan": "Premium"}).location or ""
    pay_and_deliver(shop, plus, bank=way == "bank")
    if location.startswith(CHECKOUT):
        assert_sold_once(shop, location.rpartition("/")[2])
    assert len(bought(shop)) == 1


@pytest.mark.parametrize("number", ANSWERS)
@pytest.mark.parametrize("way", ["card", "bank"])
def test_nothing_is_sold_twice_whenever_a_link_is_paid(shop: Shop, way: str, number: int) -> None:
    """Plus is sold by a link, Premium by Checkout."""
    shop.app = app_with_settings(
        shop, stripe_payment_links={Plan.PLUS: "https://buy.stripe.com/test_plus"}
    )
    alice = sign_up(shop.app, "Alice")
    open_checkout(shop, alice, "Premium")
    shop.stripe.expire_session(open_sessions(shop)[0]["id"])
    plus = open_link(shop, alice)
    at_answer(shop, number, lambda: pay_and_deliver(shop, plus, bank=way == "bank"))
    location = alice.post("/billing/checkout", {"plan": "Premium"}).location or ""
    shop.server.on_answer = lambda request: None
    pay_and_deliver(shop, plus, bank=way == "bank")
    if location.startswith(CHECKOUT):
        assert_sold_once(shop, location.rpartition("/")[2])
    assert len(bought(shop)) == 1


def test_a_banks_payment_and_the_return_page_close_the_other_tab(
    shop: Shop, alice: Browser
) -> None:
    """No event has come."""
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus, asynchronous=True)
    alice.get(f"/billing/return?plan=Plus&session_id={plus}")
    assert_sold_once(shop, premium)


def test_pressing_again_while_a_bank_pays_sells_nothing(shop: Shop, alice: Browser) -> None:
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus, asynchronous=True)
    assert alice.post("/billing/checkout", {"plan": "Premium"}).status_code == 503
    assert_sold_once(shop, premium)


@pytest.mark.parametrize("first", ["Plus", "Premium"])
def test_a_bank_and_a_card_in_two_tabs_sell_one(shop: Shop, alice: Browser, first: str) -> None:
    other = "Premium" if first == "Plus" else "Plus"
    two, one = open_checkout(shop, alice, other), open_checkout(shop, alice, first)
    pay_and_deliver(shop, one, bank=True)
    pay_and_deliver(shop, two, bank=False)
    shop.stripe.settle(one)
    shop.deliver_pending()
    assert len(bought(shop)) == 1
    assert shop.plan(alice.user_id) == first


def test_the_subscriptions_event_alone_closes_the_other_tab(shop: Shop, alice: Browser) -> None:
    """checkout.session.completed is late, but the plan is there."""
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus)
    send_of_type(shop, "customer.subscription.created")
    send_of_type(shop, "customer.subscription.updated")
    assert shop.plan(alice.user_id) == "Plus"
    assert_sold_once(shop, premium)


def test_it_is_closed_though_the_return_page_asks_nothing(shop: Shop, alice: Browser) -> None:
    """The subscription's event came first, so that the return page asks nothing of Stripe."""
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus)
    send_of_type(shop, "customer.subscription.created")
    send_of_type(shop, "customer.subscription.updated")
    page = alice.get(f"/billing/return?plan=Plus&session_id={plus}")
    assert "You have Plus now." in page.text
    assert_sold_once(shop, premium)


@pytest.mark.parametrize("how", ["press", "portal"])
def test_who_pays_and_presses_again_has_no_other_tab(shop: Shop, alice: Browser, how: str) -> None:
    """Paid in one tab, no event; the person presses another button, which leads to the portal."""
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus)
    if how == "press":
        assert start_checkout(alice, "Premium").startswith(PORTAL)
    else:
        visit_portal(shop, alice)
        alice.get("/plans?from=portal")
    assert_sold_once(shop, premium)


@pytest.mark.parametrize("back", ["return", "plans"])
def test_who_pays_and_comes_back_has_no_other_tab(shop: Shop, alice: Browser, back: str) -> None:
    """Paid at Checkout with two tabs, no event: the return page gives the plan and closes."""
    premium, plus = open_checkout(shop, alice, "Premium"), open_checkout(shop, alice)
    shop.stripe.pay(plus)
    if back == "return":
        alice.get(f"/billing/return?plan=Plus&session_id={plus}")
    else:
        alice.get("/plans?from=portal")
    assert shop.plan(alice.user_id) == "Plus"
    assert_sold_once(shop, premium)


def test_a_tab_that_could_not_be_closed_at_once_is_closed_later(shop: Shop, alice: Browser) -> None:
    """Stripe refuses to expire a session that is being paid just then; that payment fails."""
    premium = open_checkout(shop, alice, "Premium")
    plus = open_checkout(shop, alice)
    shop.stripe.pay(plus)

    def on_answer(request: Request) -> None:
        if request.path == "/v1/checkout/sessions":
            shop.server.on_answer = lambda request: None
            shop.server.fail_next(1, status=400)

    shop.server.on_answer = on_answer
    shop.deliver_pending()
    shop.server.on_answer = lambda request: None
    assert shop.plan(alice.user_id) == "Plus"
    start_checkout(alice, "Premium")
    assert_sold_once(shop, premium)
