"""What is open in another tab is not for sale once a plan is paid for."""

import threading

from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import LINKS
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, open_sessions, start_checkout
from tests.billing.plans.test_payer import add_price
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser, sign_up


def test_a_session_of_another_customer_of_theirs_is_closed(shop: Shop) -> None:
    yearly = add_price(shop, Plan.PREMIUM, 10800, interval="year")
    app = app_with_settings(
        shop, stripe_payment_links=LINKS, stripe_yearly_prices={Plan.PREMIUM: yearly}
    )
    alice = sign_up(app, "Alice")
    alice.post("/billing/checkout", {"plan": "Premium", "by": "year"})
    reference = start_checkout(alice, "Plus").partition("client_reference_id=")[2]
    link = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], reference)
    shop.stripe.pay(link["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert not open_sessions(shop)


def test_another_tab_is_closed_before_the_event_comes(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Plus")
    start_checkout(alice, "Premium")
    _, plus = shop.stripe.all("checkout.session")
    shop.stripe.pay(plus["id"])
    alice.get("/billing/return?plan=Plus")
    assert shop.plan(alice.user_id) == "Plus"
    assert not open_sessions(shop)


def test_nothing_is_sold_when_paid_between_look_and_sale(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Plus")
    [plus] = shop.stripe.all("checkout.session")

    def pay(request: Request) -> None:
        if (request.method, request.path) == ("GET", "/v1/checkout/sessions"):
            shop.server.on_answer = lambda request: None
            shop.stripe.pay(plus["id"])
            other = threading.Thread(target=shop.deliver_pending)
            other.start()
            other.join(20)

    shop.server.on_answer = pay
    alice.post("/billing/checkout", {"plan": "Premium"})
    assert shop.plan(alice.user_id) == "Plus"
    assert not open_sessions(shop)


def test_nothing_is_sold_while_the_bank_still_pays(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    [session] = shop.stripe.all("checkout.session")
    shop.stripe.pay(session["id"], asynchronous=True)
    shop.deliver_pending()
    alice.post("/billing/checkout", {"plan": "Plus"})
    assert not open_sessions(shop)
