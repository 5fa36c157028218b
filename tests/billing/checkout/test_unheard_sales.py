"""What was sold and of which no event has come yet: nobody is sold a second one."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from stats.billing import customers
from stats.billing.client_reference import reference as sign_reference
from stats.billing.customers import read_state
from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import pay, reference
from tests.billing.checkout.test_return import FOREIGN, PENDING, WAITING
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    DAY,
    app_with_settings,
    customer_binding_keys,
    start_checkout,
    stripe_requests,
    user_of_customer,
)
from tests.web.helpers import Browser, sign_up

LINKS = {Plan.PLUS: "https://buy.stripe.com/test_plus"}
PORTAL = "https://billing.stripe.com/"


@pytest.fixture
def app(shop: Shop) -> Flask:
    """The shop, which sells Plus by a Payment Link and Premium by Checkout."""
    shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
    return shop.app


@pytest.fixture
def buyer(app: Flask) -> Browser:
    """Somebody who can buy there."""
    return sign_up(app, "Alice")


def pay_link(
    shop: Shop, token: str, plan: Plan = Plan.PLUS, *, asynchronous: bool = False
) -> dict[str, Any]:
    """Pay at a link with this reference; return the session."""
    link = shop.stripe.open_payment_link(shop.prices[plan], token)
    return shop.stripe.pay(link["id"], asynchronous=asynchronous)


def assert_no_sale(shop: Shop, browser: Browser) -> None:
    """Pressing again sells nothing, by the link or by Checkout: a payment is not confirmed."""
    for plan in ("Plus", "Premium"):
        answer = browser.post("/billing/checkout", {"plan": plan})
        assert answer.status_code == 503
        assert "Your last payment is not confirmed." in answer.text
    assert not stripe_requests(shop, "POST", "/v1/checkout/sessions")


# Paid at a link


@pytest.mark.parametrize("query", ["?plan=Plus&session_id={}", "?session_id={}"])
def test_who_comes_back_from_a_link_has_the_plan(shop: Shop, buyer: Browser, query: str) -> None:
    session = pay_link(shop, reference(buyer))
    answer = buyer.get("/billing/return" + query.format(session["id"]))
    assert (answer.status_code, answer.location) == (302, "/billing/return?plan=Plus")
    assert shop.plan(buyer.user_id) == "Plus"
    assert user_of_customer(shop.db, session["customer"]) == buyer.user_id
    assert start_checkout(buyer).startswith(PORTAL)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


@pytest.mark.parametrize("plan", ["Plus", "Premium"])
def test_pressing_again_finds_what_was_paid_at_a_link(
    shop: Shop, buyer: Browser, plan: str
) -> None:
    pay(shop, reference(buyer))
    assert start_checkout(buyer, plan).startswith(PORTAL)
    assert shop.plan(buyer.user_id) == "Plus"
    assert not stripe_requests(shop, "POST", "/v1/checkout/sessions")


def test_pressing_finds_what_was_paid_two_days_ago(shop: Shop, buyer: Browser) -> None:
    token = reference(buyer)
    link_at = int(shop.db.hget(buyer.key("billing"), "link_at"))
    shop.db.hset(buyer.key("billing"), "link_at", link_at - 2 * DAY)
    shop.stripe.now -= 2 * DAY
    pay(shop, token)
    assert start_checkout(buyer).startswith(PORTAL)


def test_who_has_paid_nothing_is_led_to_the_link_again(shop: Shop, buyer: Browser) -> None:
    pay(shop, reference(sign_up(shop.app, "Bob")))
    token = reference(buyer)
    shop.stripe.open_payment_link(shop.prices[Plan.PLUS], token)
    assert reference(buyer) == token
    assert not shop.db.exists(buyer.key("customers"))


def test_a_link_that_sold_another_applications_product_binds_nobody(
    shop: Shop, buyer: Browser
) -> None:
    token = reference(buyer)
    club = shop.stripe.add_product("A book club")["default_price"]
    session = shop.stripe.pay(shop.stripe.open_payment_link(club, token)["id"])
    buyer.get(f"/billing/return?session_id={session['id']}")
    assert reference(buyer) == token
    assert user_of_customer(shop.db, session["customer"]) is None


# Whose session it is


@pytest.mark.parametrize("theirs", ["another's", "edited", "none", "the bare id"])
def test_a_session_without_the_own_reference_binds_nobody(
    shop: Shop, buyer: Browser, theirs: str
) -> None:
    token = reference(sign_up(shop.app, "Bob"))
    references = {"another's": token, "edited": token[1:], "the bare id": buyer.user_id}
    session = pay_link(shop, references.get(theirs, ""))
    before = customer_binding_keys(shop.db)
    page = buyer.get(f"/billing/return?plan=Plus&session_id={session['id']}")
    assert FOREIGN in page.text
    assert customer_binding_keys(shop.db) == before
    assert shop.plan(buyer.user_id) == "Free"


def test_a_customer_of_somebody_else_stays_theirs(shop: Shop, buyer: Browser) -> None:
    session = pay_link(shop, reference(buyer))
    shop.db.set(f"stripe:customer:{{{session['customer']}}}", "somebody")
    page = buyer.get(f"/billing/return?plan=Plus&session_id={session['id']}")
    assert WAITING in page.text
    assert user_of_customer(shop.db, session["customer"]) == "somebody"
    assert not shop.db.exists(buyer.key("customers"))
    assert not [key for key in shop.db.hkeys(buyer.key("billing")) if key.startswith("claim")]


@pytest.mark.parametrize("name", ["../customers", "cs_../x", "cs_", "cs_" + "a" * 201, "sub_1", ""])
def test_stripe_is_not_asked_for_what_is_no_session(shop: Shop, buyer: Browser, name: str) -> None:
    page = buyer.get("/billing/return", query_string={"plan": "Plus", "session_id": name})
    assert WAITING in page.text
    assert not shop.server.requests


# A bank's payment


@pytest.mark.parametrize("event", ["late", "here"])
def test_nothing_is_sold_while_a_banks_payment_is_on_its_way(
    shop: Shop, buyer: Browser, event: str
) -> None:
    session = pay_link(shop, reference(buyer), asynchronous=True)
    if event == "here":
        shop.deliver_pending()
    assert_no_sale(shop, buyer)
    page = buyer.get(f"/billing/return?session_id={session['id']}")
    assert PENDING in page.text
    assert_no_sale(shop, buyer)
    shop.stripe.settle(session["id"])
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_it_is_sold_again_once_the_banks_payment_has_failed(shop: Shop, buyer: Browser) -> None:
    session = pay_link(shop, reference(buyer), asynchronous=True)
    shop.stripe.settle(session["id"], succeeded=False)
    shop.stripe.advance(DAY)
    shop.deliver_pending()
    assert start_checkout(buyer, "Premium").startswith("https://checkout.stripe.com/")


# What the return page waits for


@pytest.mark.parametrize("query", ["?session_id={}", "?plan=Premium&session_id={}"])
def test_it_waits_for_what_was_bought(shop: Shop, buyer: Browser, query: str) -> None:
    shop.subscribe(buyer.user_id)
    shop.deliver_pending()
    token = sign_reference(buyer.user_id, shop.settings.secret_keys)
    session = pay_link(shop, token, Plan.PREMIUM, asynchronous=True)
    page = buyer.get("/billing/return" + query.format(session["id"]))
    assert PENDING in page.text
    shop.stripe.settle(session["id"])
    answer = buyer.get("/billing/return" + query.format(session["id"]))
    assert answer.location == "/billing/return?plan=Premium"
    assert "You have Premium now." in buyer.get(answer.location).text


# A crash between the claim of a customer and the note of it


class Crash(Exception):
    """The process dies here."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the process die behind each claim; called, it does no more."""
    run = customers.run_replicated

    def run_and_die(db: Any, script: str, *args: Any) -> Any:
        reply = run(db, script, *args)
        if script == "lookups/claim":
            raise Crash
        return reply

    monkeypatch.setattr(customers, "run_replicated", run_and_die)
    return lambda: monkeypatch.setattr(customers, "run_replicated", run)


def test_the_next_press_finds_a_claimed_customer(
    shop: Shop, alice: Browser, crash: Callable[[], None]
) -> None:
    assert alice.post("/billing/checkout", {"plan": "Plus"}).status_code == 500
    crash()
    # Stripe knows a request again for a day alone.
    shop.server.forget_idempotency()
    start_checkout(alice)
    [customer] = shop.stripe.all("customer")
    assert [one["customer"] for one in shop.stripe.all("checkout.session")] == [customer["id"]]


def test_who_paid_at_a_claimed_customer_is_not_sold_a_second_one(
    shop: Shop, alice: Browser, crash: Callable[[], None]
) -> None:
    shop.subscribe(alice.user_id)
    assert shop.send(shop.next_subscription_event()) == 500
    crash()
    assert start_checkout(alice).startswith(PORTAL)
    assert alice.post("/billing/portal").location.startswith(PORTAL)


def test_who_paid_at_a_link_whose_customer_was_claimed(
    shop: Shop, buyer: Browser, crash: Callable[[], None]
) -> None:
    pay(shop, reference(buyer))
    [completed] = [e for e in shop.stripe.events if e["type"] == "checkout.session.completed"]
    assert shop.send(completed) == 500
    crash()
    shop.db.hdel(buyer.key("billing"), "link_at")
    assert start_checkout(buyer).startswith(PORTAL)


def test_deleting_an_account_ends_what_a_claimed_customer_pays(
    shop: Shop, alice: Browser, crash: Callable[[], None]
) -> None:
    subscription = shop.subscribe(alice.user_id)
    assert shop.send(shop.next_subscription_event()) == 500
    crash()
    answer = alice.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 303
    assert shop.stripe.get("subscription", subscription["id"])["status"] == "canceled"


def test_a_claim_that_failed_gives_nothing(shop: Shop, alice: Browser) -> None:
    """It was noted, the process died, and then the customer became another user's."""
    subscription = shop.subscribe(alice.user_id)
    shop.db.hset(alice.key("billing"), f"claim:{subscription['customer']}", "")
    shop.db.set(f"stripe:customer:{{{subscription['customer']}}}", "somebody")
    assert alice.post("/billing/portal").status_code == 400
    assert read_state(shop.db, alice.user_id)[1] == []
