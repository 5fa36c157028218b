"""Nothing is sold to somebody who is gone, and what they pay for is noted."""

import threading
from collections.abc import Callable
from typing import Any

from stats.accounts.deletion import handle_account_deletion
from tests.billing.conftest import Shop
from tests.billing.helpers import customer_binding_keys, open_sessions, start_checkout
from tests.billing.tabs import open_link
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser


def meanwhile(shop: Shop, method: str, path: str, act: Callable[[], Any]) -> None:
    """Do something in another tab while Stripe answers the next request of a kind."""

    def answer(request: Request) -> None:
        if (request.method, request.path) == (method, path):
            shop.server.on_answer = lambda request: None
            tab = threading.Thread(target=act)
            tab.start()
            tab.join(20)

    shop.server.on_answer = answer


def test_a_payment_for_somebody_gone_is_kept_as_an_orphan(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    [customer] = shop.stripe.all("customer")
    handle_account_deletion(shop.db, alice.user_id)
    # A crash left it.
    shop.db.set(f"stripe:customer:{{{customer['id']}}}", alice.user_id)
    shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
    shop.deliver_pending()
    assert shop.orphans()


def test_a_link_that_somebody_gone_has_paid_is_kept_as_an_orphan(
    shop: Shop, buyer: Browser
) -> None:
    session = open_link(shop, buyer)
    handle_account_deletion(shop.db, buyer.user_id)
    shop.stripe.pay(session)
    [completed] = [
        event
        for event in shop.stripe.undelivered()
        if event["type"] == "checkout.session.completed"
    ]
    assert shop.send(completed) == 200
    assert list(shop.orphans()) == [completed["id"]]


def test_a_subscription_that_ended_with_an_account_is_no_orphan(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
    late = [one for one in shop.stripe.undelivered() if one["type"].startswith("customer.sub")]
    assert late
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    assert set(shop.send_all(late)) == {200}
    assert not shop.orphans()


def test_nothing_is_sold_to_whom_is_deleted_meanwhile(shop: Shop, alice: Browser) -> None:
    other = Browser(shop.app, alice.session)
    assert all(tab.token for tab in (other, alice))

    leave = {"confirm": "alice@example.com"}
    meanwhile(shop, "POST", "/v1/customers", lambda: alice.post("/settings/delete", leave))
    other.post("/billing/checkout", {"plan": "Premium"})
    assert not shop.db.keys("user:*")
    assert not open_sessions(shop)
    assert not customer_binding_keys(shop.db)


def test_a_session_opened_while_the_account_goes_is_closed(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Plus")
    other = Browser(shop.app, alice.session)
    assert all(tab.token for tab in (other, alice))

    buy = {"plan": "Premium"}
    meanwhile(shop, "GET", "/v1/subscriptions", lambda: other.post("/billing/checkout", buy))
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    assert not open_sessions(shop)
