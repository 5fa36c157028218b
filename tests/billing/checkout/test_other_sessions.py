"""What is open in another tab is not for sale once a plan is paid for, in whichever way."""

import threading

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import LINKS
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, open_sessions, start_checkout
from tests.billing.plans.test_payer import add_price
from tests.billing.tabs import PORTAL, assert_sold_once, delete_account, open_checkout
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
    [premium] = open_sessions(shop)
    assert premium["metadata"]["plan"] == "Premium"


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


@pytest.mark.parametrize("status", ["unpaid", "paused"])
@pytest.mark.parametrize("seen", ["event", "press"])
def test_what_was_on_hold_and_comes_back_closes_it(
    shop: Shop, alice: Browser, status: str, seen: str
) -> None:
    """On hold, so a session is opened; then the old invoice is paid."""
    lapsed = shop.subscribe(alice.user_id)["id"]
    shop.stripe.update("subscription", lapsed, status=status)
    shop.deliver_pending()
    session = open_checkout(shop, alice)
    shop.stripe.update("subscription", lapsed, status="active")
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    if seen == "press":
        assert start_checkout(alice).startswith(PORTAL)
    assert_sold_once(shop, session)


def test_what_the_operator_has_sold_closes_it(shop: Shop, alice: Browser) -> None:
    """Made by hand in Stripe's dashboard for a customer of ours: it counts."""
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    shop.stripe.create_subscription(customer, [shop.prices[Plan.PREMIUM]])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert_sold_once(shop, session)


def test_what_the_operator_has_sold_closes_it_by_a_press(shop: Shop, alice: Browser) -> None:
    """No event has come: the press finds it."""
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    shop.stripe.create_subscription(customer, [shop.prices[Plan.PREMIUM]])
    assert start_checkout(alice).startswith(PORTAL)
    assert_sold_once(shop, session)


def test_another_applications_sale_leaves_it_open(shop: Shop, alice: Browser) -> None:
    """Our customer buys a book of another application while our Checkout is open."""
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = shop.stripe.open_session([club], customer=customer)["id"]
    shop.stripe.pay(theirs)
    shop.deliver_pending()
    assert shop.stripe.get("checkout.session", session)["status"] == "open"


def test_another_applications_session_is_left_open(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = shop.stripe.open_session(
        [club],
        customer=customer,
        metadata={"user_id": alice.user_id, "plan": "Plus"},
        client_reference_id=alice.user_id,
    )["id"]
    shop.stripe.pay(session)
    shop.deliver_pending()
    delete_account(alice)
    assert shop.stripe.get("checkout.session", theirs)["status"] == "open"
