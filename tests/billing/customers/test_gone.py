"""Nothing is sold to somebody who is gone, and what they pay for is noted."""

import threading
from collections.abc import Callable
from typing import Any

from stats.accounts.deletion import handle_account_deletion
from tests.billing.conftest import Shop
from tests.billing.helpers import customer_binding_keys, open_sessions, start_checkout
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
