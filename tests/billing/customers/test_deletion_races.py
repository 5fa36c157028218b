"""Something happens while an account is deleted: nothing goes on that is charged for."""

from contextlib import suppress

import pytest

from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, buy_plan
from tests.billing.tabs import (
    ANSWERS,
    ONE_LINK,
    at_answer,
    bought,
    delete_account,
    meanwhile,
    open_checkout,
    open_link,
    pay_and_deliver,
    send_of_type,
)
from tests.stripe_sim import ApiError
from tests.web.helpers import Browser, sign_up


@pytest.mark.parametrize("number", ANSWERS)
@pytest.mark.parametrize("what", ["card", "bank", "link", "settle", "press"])
def test_whatever_is_bought_meanwhile_is_ended(shop: Shop, what: str, number: int) -> None:
    """What is bought while the account goes is ended, or there is no deletion."""
    shop.app = app_with_settings(shop, stripe_payment_links=ONE_LINK)
    alice = sign_up(shop.app, "Alice")
    other = Browser(shop.app, alice.session)
    session = open_checkout(shop, alice, "Premium")
    if what == "settle":
        shop.stripe.pay(session, asynchronous=True)
    elif what == "link":
        session = open_link(shop, alice)
    assert all(tab.token for tab in (other, alice))

    def act() -> None:
        if what == "settle":
            with suppress(ApiError):
                shop.stripe.settle(session)
            shop.deliver_pending()
        elif what == "press":
            location = other.post("/billing/checkout", {"plan": "Premium"}).location or ""
            pay_and_deliver(shop, location.rpartition("/")[2], bank=False)
        else:
            pay_and_deliver(shop, session, bank=what == "bank")

    at_answer(shop, number, act)
    status = delete_account(alice)
    shop.server.on_answer = lambda request: None
    shop.deliver_pending()
    gone = not shop.db.exists(alice.key("stats"))
    assert status in (303, 503)
    assert not (gone and bought(shop)), shop.orphans()


def test_a_link_is_paid_meanwhile(shop: Shop) -> None:
    """One customer is there already; the link's is bound between the look and the deletion."""
    shop.app = app_with_settings(shop, stripe_payment_links=ONE_LINK)
    alice = sign_up(shop.app, "Alice")
    open_checkout(shop, alice, "Premium")
    session = open_link(shop, alice)
    assert alice.token
    pay = lambda: pay_and_deliver(shop, session, bank=False)  # noqa: E731
    meanwhile(shop, "GET", "/v1/subscriptions", pay)
    status = delete_account(alice)
    gone = not shop.db.exists(alice.key("stats"))
    assert status in (303, 503)
    assert not (gone and bought(shop))


@pytest.mark.parametrize("number", ANSWERS)
def test_the_return_page_of_a_link_is_seen_meanwhile(
    shop: Shop, buyer: Browser, number: int
) -> None:
    """The page binds the link's customer while another tab deletes the account."""
    other = Browser(shop.app, buyer.session)
    session = open_link(shop, buyer)
    shop.stripe.pay(session)
    assert all(tab.token for tab in (other, buyer))
    at_answer(shop, number, lambda: delete_account(other))
    buyer.get(f"/billing/return?plan=Plus&session_id={session}")
    fired = shop.db.exists(buyer.key("stats")) == 0
    shop.server.on_answer = lambda request: None
    shop.deliver_pending()
    assert not (fired and bought(shop)), shop.orphans()


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("sold_by", ["link", "checkout"])
def test_the_event_of_a_sale_comes_meanwhile(shop: Shop, sold_by: str, number: int) -> None:
    links = ONE_LINK if sold_by == "link" else {}
    shop.app = app_with_settings(shop, stripe_payment_links=links)
    alice = sign_up(shop.app, "Alice")
    session = open_link(shop, alice) if links else open_checkout(shop, alice)
    assert alice.token
    shop.stripe.pay(session)
    at_answer(shop, number, lambda: delete_account(alice))
    send_of_type(shop, "checkout.session.completed")
    shop.server.on_answer = lambda request: None
    gone = not shop.db.exists(alice.key("stats"))
    shop.deliver_pending()
    assert not (gone and bought(shop)), shop.orphans()


@pytest.mark.parametrize("number", range(1, 5))
def test_a_link_payer_presses_meanwhile(shop: Shop, buyer: Browser, number: int) -> None:
    """The press would bind the link's customer; the account goes in another tab."""
    other = Browser(shop.app, buyer.session)
    assert all(tab.token for tab in (other, buyer))
    shop.stripe.pay(open_link(shop, buyer))
    at_answer(shop, number, lambda: delete_account(other))
    buyer.post("/billing/checkout", {"plan": "Premium"})
    shop.server.on_answer = lambda request: None
    gone = not shop.db.exists(buyer.key("stats"))
    shop.deliver_pending()
    assert not (gone and bought(shop)), shop.orphans()


def test_another_tab_is_closed(shop: Shop, alice: Browser) -> None:
    """A live one is ended; a second tab, opened by a lapsed time, is closed before: held."""
    session = open_checkout(shop, alice)
    buy_plan(shop, alice, "Premium")
    assert delete_account(alice) == 303
    with suppress(ApiError):
        shop.stripe.pay(session)
    assert not bought(shop)


def test_the_bank_pays_meanwhile(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    assert alice.token
    meanwhile(shop, "GET", "/v1/subscriptions", lambda: shop.stripe.settle(session))
    assert delete_account(alice) == 303
    shop.deliver_pending()
    assert not bought(shop)


def test_two_deletions_at_once(shop: Shop, alice: Browser) -> None:
    """The button is pressed in two tabs: what is paid is ended, and nobody is told otherwise."""
    buy_plan(shop, alice)
    other = Browser(shop.app, alice.session)
    assert all(tab.token for tab in (other, alice))
    at_answer(shop, 1, lambda: delete_account(other))
    status = delete_account(alice)
    assert status < 500
    assert not bought(shop)
    assert not shop.db.keys("user:*")
