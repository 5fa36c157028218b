"""Whoever deletes the account is charged for nothing any more, whatever has not been heard of."""

from contextlib import suppress

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import LINKS, Shop
from tests.billing.helpers import SERVICE_HEADERS, app_with_settings, start_checkout, visible_text
from tests.billing.tabs import (
    bought,
    delete_account,
    open_checkout,
    open_link,
    open_link_without_press,
    token,
)
from tests.stripe_sim import ApiError
from tests.web.helpers import Browser, sign_up


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_was_paid_at_a_link_is_ended_before_its_event_comes(
    shop: Shop, buyer: Browser, *, asynchronous: bool
) -> None:
    """Whoever paid at a link is no customer of ours until an event or a press has come."""
    session = open_link(shop, buyer)
    shop.stripe.pay(session, asynchronous=asynchronous)
    status = delete_account(buyer)
    gone = not shop.db.exists(buyer.key("stats"))
    if asynchronous:
        with suppress(ApiError):
            shop.stripe.settle(session)
    shop.deliver_pending()
    assert status in (303, 503)
    assert not (gone and bought(shop)), shop.orphans()


def test_what_is_open_at_a_link_is_closed(shop: Shop, buyer: Browser) -> None:
    session = open_link(shop, buyer)
    assert delete_account(buyer) == 303
    assert shop.stripe.get("checkout.session", session)["status"] == "expired"


def test_what_is_said_is_gone_is_not_charged(shop: Shop, buyer: Browser) -> None:
    """What the landing page says is so."""
    shop.stripe.pay(open_link(shop, buyer))
    answer = buyer.post("/settings/delete", {"confirm": "alice@example.com"})
    said = visible_text(buyer.get(answer.location or "/").text)
    assert not bought(shop) or "are gone" not in said


def test_the_operators_deletion_ends_what_was_paid_at_a_link(shop: Shop, buyer: Browser) -> None:
    shop.stripe.pay(open_link(shop, buyer))
    path = f"/api/users/{buyer.user_id}"
    answer = shop.app.test_client().delete(path, headers=SERVICE_HEADERS)
    assert answer.status_code != 200 or not bought(shop)


def test_a_sample_that_has_paid_at_a_link_logs_out(shop: Shop) -> None:
    """Embedded, with a key: who looks around with sample data can buy; the log-out deletes."""
    shop.app = app_with_settings(shop, redis_url=None, stripe_payment_links=LINKS)
    browser = Browser(shop.app)
    assert browser.post("/sample").location == "/dashboard"
    browser.forget_token()
    location = start_checkout(browser)
    carried = location.partition("client_reference_id=")[2]
    link = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], carried)
    shop.stripe.pay(link["id"])
    assert browser.post("/logout").status_code == 302
    assert not bought(shop)


def test_two_links_that_were_heard_of_are_ended(shop: Shop, buyer: Browser) -> None:
    for plan in (Plan.PLUS, Plan.PREMIUM):
        shop.stripe.pay(open_link_without_press(shop, buyer, plan))
    shop.deliver_pending()
    assert delete_account(buyer) == 303
    assert not bought(shop)


def test_a_second_purchase_at_a_link_is_ended(shop: Shop, buyer: Browser) -> None:
    """One customer is known; the second link's payment is not heard of yet."""
    shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    shop.stripe.pay(open_link_without_press(shop, buyer, Plan.PREMIUM))
    assert delete_account(buyer) == 303
    assert not bought(shop)


def test_the_reference_of_a_deleted_account_binds_nobody(shop: Shop, buyer: Browser) -> None:
    carried = token(buyer, shop)
    assert delete_account(buyer) == 303
    again = sign_up(shop.app, "Alice")
    shop.stripe.pay(shop.stripe.open_payment_link(shop.prices[Plan.PLUS], carried)["id"])
    shop.deliver_pending()
    assert shop.plan(again.user_id) == "Free"
    assert shop.orphans()


def test_a_banks_payment_is_ended(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    assert delete_account(alice) == 303
    with suppress(ApiError):
        shop.stripe.settle(session)
    shop.deliver_pending()
    assert not bought(shop)
