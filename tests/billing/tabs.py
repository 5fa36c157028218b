"""Somebody with several tabs at Stripe: what is opened and paid there, and what happens then."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from stats.billing.client_reference import reference as sign_reference
from stats.plans.plan import Plan
from stats.plans.subscription import INCOMPLETE, LIVE
from tests.billing.conftest import Shop
from tests.billing.helpers import start_checkout
from tests.stripe_sim import ApiError
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser

PORTAL = "https://billing.stripe.com/"
CHECKOUT = "https://checkout.stripe.com/"
LINK = "https://buy.stripe.com/"
ANSWERS = range(1, 11)
ONE_LINK = {Plan.PLUS: "https://buy.stripe.com/test_plus"}


def token(browser: Browser, shop: Shop) -> str:
    """Return the reference that a link carries for somebody."""
    return sign_reference(browser.user_id, shop.settings.secret_keys)


def open_link(shop: Shop, browser: Browser, plan: Plan = Plan.PLUS) -> str:
    """Press a plan's button where a link sells it, and open the page; return the session's id."""
    location = start_checkout(browser, plan)
    assert location.startswith(LINK)
    carried = location.partition("client_reference_id=")[2]
    session_id: str = shop.stripe.open_payment_link(shop.prices[plan], carried)["id"]
    return session_id


def open_link_without_press(shop: Shop, browser: Browser, plan: Plan = Plan.PLUS) -> str:
    """Open a link again from the browser's history; return the session's id."""
    session_id: str = shop.stripe.open_payment_link(shop.prices[plan], token(browser, shop))["id"]
    return session_id


def open_checkout(shop: Shop, browser: Browser, plan: str = "Plus", by: str = "month") -> str:
    """Press a plan's button; return the id of the session that it leads to."""
    location = browser.post("/billing/checkout", {"plan": plan, "by": by}).location
    assert location.startswith(CHECKOUT), location
    return location.rpartition("/")[2]


def bought(shop: Shop) -> list[dict[str, Any]]:
    """Return the subscriptions that are charged for, or will be once the bank has paid."""
    return [one for one in shop.stripe.all("subscription") if one["status"] in (*LIVE, INCOMPLETE)]


def assert_sold_once(shop: Shop, session_id: str) -> None:
    """Pay in a session if that is still possible, and see that there is one subscription."""
    with suppress(ApiError):
        shop.stripe.pay(session_id)
    assert len(bought(shop)) == 1, [one["id"] for one in bought(shop)]


def send_of_type(shop: Shop, kind: str) -> None:
    """Deliver the pending events of one type alone."""
    shop.send_all([one for one in shop.stripe.undelivered() if one["type"] == kind])


def meanwhile(shop: Shop, method: str, path: str, act: Callable[[], object], nth: int = 1) -> None:
    """Let something happen, once, while Stripe's answer to the nth such request is under way."""
    left = [nth]

    def on_answer(request: Request) -> None:
        if (request.method, request.path) != (method, path):
            return
        left[0] -= 1
        if left[0] == 0:
            shop.server.on_answer = lambda request: None
            other = threading.Thread(target=act)
            other.start()
            other.join(20)

    shop.server.on_answer = on_answer


def at_answer(shop: Shop, number: int, act: Callable[[], object]) -> None:
    """Let something happen once, while Stripe's answer of this number is under way."""
    answers = [0]

    def on_answer(request: Request) -> None:
        answers[0] += 1
        if answers[0] == number:
            shop.server.on_answer = lambda request: None
            other = threading.Thread(target=act)
            other.start()
            other.join(20)

    shop.server.on_answer = on_answer


def pay_and_deliver(shop: Shop, session: str, *, bank: bool) -> None:
    """Pay in a session; its events arrive at once."""
    with suppress(ApiError):
        shop.stripe.pay(session, asynchronous=bank)
    shop.deliver_pending()


def delete_account(browser: Browser, email: str = "alice@example.com") -> int:
    """Press the button that deletes the account; return the status of the answer."""
    return browser.post("/settings/delete", {"confirm": email}).status_code
