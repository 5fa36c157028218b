"""What is said of a first payment that may be under way, refused, or never finished."""

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import LINKS, reference
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    app_with_settings,
    in_shop,
    open_sessions,
    start_checkout,
    visible_text,
)
from tests.web.helpers import Browser

UNCONFIRMED = "Your last payment is not confirmed. Once it is, your plan changes by itself"


def press(browser: Browser) -> str:
    """Press the button of Plus, which sells nothing; return the words of the answer."""
    answer = browser.post("/billing/checkout", {"plan": "Plus"})
    assert answer.status_code == 503
    return visible_text(answer.text)


def test_a_card_that_asks_for_more_and_is_left_is_not_said_to_be_paid(
    shop: Shop, alice: Browser
) -> None:
    """3-D Secure is begun and left: the session is open, its subscription incomplete."""
    start_checkout(alice)
    [session] = open_sessions(shop)
    named = {name: session["metadata"][name] for name in ("user_id", "plan", "seller")}
    shop.stripe.create_subscription(
        session["customer"], [shop.prices[Plan.PLUS]], status="incomplete", metadata=named
    )
    shop.deliver_pending()
    assert UNCONFIRMED in press(alice)


@pytest.mark.parametrize("sold_by", ["checkout", "link"])
def test_what_a_bank_has_refused_is_not_said_to_be_on_its_way(
    shop: Shop, alice: Browser, sold_by: str
) -> None:
    """The event says that the payment failed; the subscription is incomplete for 23 hours."""
    if sold_by == "link":
        shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
        alice = in_shop(shop, alice)
        shop.stripe.open_payment_link(shop.prices[Plan.PLUS], reference(alice))
    else:
        start_checkout(alice)
    session = open_sessions(shop)[0]["id"]
    shop.stripe.pay(session, asynchronous=True)
    shop.stripe.settle(session, succeeded=False)
    shop.deliver_pending()
    said = press(alice)
    assert UNCONFIRMED in said
    assert "if it was refused, you can try again a day later" in said


def test_the_plans_page_names_no_price_while_a_payment_is_not_confirmed(
    shop: Shop, alice: Browser
) -> None:
    start_checkout(alice)
    shop.stripe.pay(open_sessions(shop)[0]["id"], asynchronous=True)
    shop.deliver_pending()
    said = visible_text(alice.get("/plans").text)
    assert UNCONFIRMED in said
    assert "today, then" not in said.replace(" ,", ",")
