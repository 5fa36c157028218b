"""The page to which Checkout sends the browser back: it waits, and grants nothing by itself."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from tests.billing.conftest import Shop
from tests.billing.helpers import (
    BASE_SETTINGS,
    SERVICE_HEADERS,
    create_test_app,
    customer_binding_keys,
    start_checkout,
)
from tests.web.helpers import HTMX_HEADERS, Browser, sign_up

WAITING = "Confirming your payment…"
FOREIGN = "This payment does not belong to this account"
PENDING = "Your payment is not confirmed yet"
NOT_PAID = "This checkout was not completed"
RETURN = "/billing/return?session_id=cs_test_of_nobody"


def grant(shop: Shop, user_id: str, plan: str) -> None:
    """Grant a plan as an operator does."""
    answer = shop.app.test_client().patch(
        f"/api/plan?userId={user_id}", json={"plan": plan}, headers=SERVICE_HEADERS
    )
    assert answer.status_code == 200


def pay(shop: Shop, browser: Browser, plan: str = "Plus") -> str:
    """Go to Checkout and pay, no event being delivered; return where Stripe sends the browser."""
    start_checkout(browser, plan)
    [session, *_] = shop.stripe.all("checkout.session")
    shop.stripe.pay(session["id"])
    return shop.stripe.success_url(session["id"])


def next_poll(page: TestResponse) -> str | None:
    """Return the address that the page polls every two seconds, None when it has stopped."""
    pattern = r'id="checkout-return"[^>]* hx-get="([^"]+)" hx-trigger="every 2s"'
    match = re.search(pattern, page.text)
    return html.unescape(match[1]) if match else None


def test_it_survives_10_another_users_session_id(shop: Shop, alice: Browser, bob: Browser) -> None:
    url = pay(shop, alice)
    before, asked = customer_binding_keys(shop.db), len(shop.server.requests)
    page = bob.get(url)
    assert (page.status_code, FOREIGN in page.text) == (200, True)
    # Stripe is asked whose it is, and nothing more.
    session_id = url.rpartition("=")[2]
    paths = [request.path for request in shop.server.requests[asked:]]
    assert paths == [f"/v1/checkout/sessions/{session_id}"]
    shop.deliver_pending()
    assert FOREIGN in bob.get(url).text
    assert shop.plan(bob.user_id) == "Free"
    assert shop.plan(alice.user_id) == "Plus"
    assert customer_binding_keys(shop.db) == before


def test_it_waits_for_the_webhook_and_then_shows_the_plan(shop: Shop, alice: Browser) -> None:
    page = alice.get(RETURN)
    assert WAITING in page.text
    page = alice.get(next_poll(page), headers=HTMX_HEADERS)
    assert WAITING in page.text
    assert "<html" not in page.text
    pay(shop, alice)
    assert WAITING in alice.get(next_poll(page), headers=HTMX_HEADERS).text
    shop.deliver_pending()
    page = alice.get(next_poll(page), headers=HTMX_HEADERS)
    assert "<h1>You have Plus now.</h1>" in page.text
    assert next_poll(page) is None
    # The page's status line says it once, to those who cannot see it.
    assert re.search(r'<p id="status" hx-swap-oob="innerHTML">You have Plus now\.</p>', page.text)


def test_it_waits_for_a_minute(shop: Shop, alice: Browser) -> None:
    page, polls = alice.get(RETURN), 0
    while url := next_poll(page):
        page, polls = alice.get(url, headers=HTMX_HEADERS), polls + 1
        assert polls < 100
    assert polls * 2 == 60
    assert "Your plan appears by itself once the payment has gone through" in page.text
    # Only the first look asks, and Stripe has no such session.
    [request] = shop.server.requests
    assert request.path == "/v1/checkout/sessions/cs_test_of_nobody"


def test_it_asks_stripe_once_for_the_users_own_customer(shop: Shop, alice: Browser) -> None:
    url = pay(shop, alice)
    [customer] = shop.stripe.all("customer")
    before = len(shop.server.requests)
    answer = alice.get(url)
    assert (answer.status_code, answer.location) == (302, "/billing/return?plan=Plus")
    page = alice.get(answer.location)
    assert "<h1>You have Plus now.</h1>" in page.text
    requests = shop.server.requests[before:]
    # What is open in another tab is closed then.
    paths = ["/v1/subscriptions", "/v1/checkout/sessions"]
    assert [(one.method, one.path) for one in requests] == [("GET", path) for path in paths]
    assert {one.params["customer"] for one in requests} == {customer["id"]}
    assert shop.plan(alice.user_id) == "Plus"
    # The event that comes after it changes nothing.
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_it_asks_nothing_by_head_or_later_polls(shop: Shop, alice: Browser) -> None:
    url = pay(shop, alice)
    before = len(shop.server.requests)
    assert alice.head(url).status_code == 200
    for tries in ("1", "29", "30", "x", "-1", "1e3", "²", ""):
        assert alice.get(f"/billing/return?try={tries}").status_code == 200
    assert len(shop.server.requests) == before
    assert shop.plan(alice.user_id) == "Free"


def test_it_asks_nothing_once_the_plan_is_there(shop: Shop, alice: Browser) -> None:
    url = pay(shop, alice)
    shop.deliver_pending()
    before = len(shop.server.requests)
    assert "You have Plus now." in alice.get(url).text
    assert len(shop.server.requests) == before


def test_it_grants_nothing_by_itself(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    [session] = shop.stripe.all("checkout.session")
    url = shop.stripe.success_url(session["id"])
    assert NOT_PAID in alice.get(url).text
    shop.stripe.pay(session["id"], asynchronous=True)
    assert PENDING in alice.get(url).text
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"


@pytest.mark.parametrize("how", ["down", "error"])
def test_it_still_waits_when_stripe_does_not_answer(shop: Shop, alice: Browser, how: str) -> None:
    url = pay(shop, alice)
    if how == "down":
        shop.server.down = True
    else:
        shop.server.fail_next(1)
    page = alice.get(url)
    assert (page.status_code, WAITING in page.text) == (200, True)
    assert next_poll(page)
    assert shop.plan(alice.user_id) == "Free"
    shop.server.down = False
    shop.deliver_pending()
    assert "You have Plus now." in alice.get(next_poll(page)).text


def test_it_still_waits_when_stripe_does_not_know_the_customer(shop: Shop, alice: Browser) -> None:
    shop.db.sadd(alice.key("customers"), "cus_of_another_account")
    page = alice.get(RETURN)
    assert (page.status_code, WAITING in page.text) == (200, True)


def test_it_waits_where_stripe_is_not_set_up(shop: Shop) -> None:
    alice = sign_up(create_test_app(BASE_SETTINGS, shop.db), "Alice")
    assert WAITING in alice.get(RETURN).text


def test_it_shows_strangers_the_log_in(shop: Shop) -> None:
    answer = Browser(shop.app).get(RETURN)
    assert answer.status_code == 302
    assert answer.location.startswith("/login?next=%2Fbilling%2Freturn")


@pytest.mark.parametrize(("granted", "bought"), [("Plus", "Premium"), ("Premium", "Plus")])
def test_it_waits_for_what_was_bought_whatever_was_given(
    shop: Shop, alice: Browser, granted: str, bought: str
) -> None:
    grant(shop, alice.user_id, granted)
    url = pay(shop, alice, bought)
    shop.server.down = True
    page = alice.get(url)
    assert WAITING in page.text
    for _ in range(3):
        page = alice.get(next_poll(page), headers=HTMX_HEADERS)
        assert WAITING in page.text
    again = re.search(r'id="check-again" href="([^"]+)"', alice.get(url).text)
    shop.server.down = False
    shop.deliver_pending()
    confirmed = "You have Premium now." if bought == "Premium" else "You pay for Plus now."
    for address in (next_poll(page), html.unescape(again[1])):
        assert confirmed in alice.get(address, headers=HTMX_HEADERS).text


def test_it_asks_stripe_for_somebody_with_a_grant(shop: Shop, alice: Browser) -> None:
    grant(shop, alice.user_id, "Plus")
    answer = alice.get(pay(shop, alice, "Premium"))
    assert answer.status_code == 302
    assert "You have Premium now." in alice.get(answer.location).text


@pytest.mark.parametrize("query", ["", "?plan=Free", "?plan=Gold", "?plan=", "?plan=plus"])
def test_it_waits_for_any_paid_plan_where_the_address_names_none(
    shop: Shop, alice: Browser, query: str
) -> None:
    grant(shop, alice.user_id, "Premium")
    assert WAITING in alice.get(f"/billing/return{query}").text
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    assert "You pay for Plus now." in alice.get(f"/billing/return{query}").text
