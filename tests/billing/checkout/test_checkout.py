"""Going to Stripe: Checkout, the portal instead of it, and when neither can be had."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    BASE_SETTINGS,
    app_with_settings,
    create_test_app,
    customer_binding_keys,
    start_checkout,
    stripe_requests,
    user_of_customer,
)
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser, sign_up

SESSIONS = "/v1/checkout/sessions"
CUSTOMERS = "/v1/customers"


def test_it_leads_to_a_session_at_stripe(shop: Shop, alice: Browser) -> None:
    location = start_checkout(alice, "Premium")
    [session] = shop.stripe.all("checkout.session")
    assert location == session["url"]
    [customer] = shop.stripe.all("customer")
    [request] = stripe_requests(shop, "POST", SESSIONS)
    reference = request.params.pop("client_reference_id")
    assert alice.user_id not in reference
    metadata = {"user_id": alice.user_id, "plan": "Premium", "seller": "aira"}
    # All of it: no payment_method_types, so that Stripe offers what fits the payer.
    assert request.params == {
        "mode": "subscription",
        "customer": customer["id"],
        "line_items": {"0": {"price": shop.prices[Plan.PREMIUM], "quantity": "1"}},
        "metadata": metadata | {"price": shop.prices[Plan.PREMIUM]},
        "subscription_data": {"metadata": metadata},
        "success_url": "http://localhost/billing/return"
        "?plan=Premium&session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://localhost/plans",
        "allow_promotion_codes": "true",
    }
    assert request.headers["idempotency-key"]


def test_it_gives_what_was_paid_for(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Premium")
    [session] = shop.stripe.all("checkout.session")
    shop.stripe.pay(session["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert not shop.orphans()
    page = alice.get(shop.stripe.success_url(session["id"]))
    assert "You have Premium now." in page.text


def test_it_comes_back_to_the_public_address(shop: Shop) -> None:
    app = app_with_settings(shop, public_url="https://aira.example")
    start_checkout(sign_up(app, "Alice"))
    [session] = shop.stripe.all("checkout.session")
    assert session["success_url"].startswith("https://aira.example/billing/return?")
    assert session["cancel_url"] == "https://aira.example/plans"


def test_it_sells_the_price_that_is_set(shop: Shop) -> None:
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    yearly = shop.stripe.add_price(product, 6000, interval="year")["id"]
    start_checkout(sign_up(app_with_settings(shop, stripe_prices={Plan.PLUS: yearly}), "Alice"))
    [request] = stripe_requests(shop, "POST", SESSIONS)
    assert request.params["line_items"]["0"]["price"] == yearly


def test_it_makes_one_customer_and_binds_it(shop: Shop, alice: Browser) -> None:
    start_checkout(alice, "Plus")
    start_checkout(alice, "Premium")
    [customer] = shop.stripe.all("customer")
    assert customer["email"] == "alice@example.com"
    assert customer["metadata"] == {"user_id": alice.user_id}
    assert user_of_customer(shop.db, customer["id"]) == alice.user_id
    assert shop.db.smembers(alice.key("customers")) == {customer["id"]}


def test_it_makes_one_customer_for_two_tabs_at_once(shop: Shop, alice: Browser) -> None:
    both = threading.Barrier(2)

    def meet(request: Request) -> None:
        if (request.method, request.path) == ("POST", CUSTOMERS) and request.status == 200:
            both.wait(10)

    shop.server.on_answer = meet
    tabs = [alice, Browser(shop.app, alice.session)]
    assert all(tab.token for tab in tabs)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(start_checkout, tabs, ["Plus", "Premium"]))
    assert len(stripe_requests(shop, "POST", CUSTOMERS)) >= 2
    [customer] = shop.stripe.all("customer")
    assert {one["customer"] for one in shop.stripe.all("checkout.session")} == {customer["id"]}
    assert user_of_customer(shop.db, customer["id"]) == alice.user_id


@pytest.mark.parametrize("times", [1, 3])
def test_it_makes_no_second_customer_when_the_answer_is_lost(
    shop: Shop, alice: Browser, times: int
) -> None:
    """Once is mended by the client's own retries, three times by the person's."""
    assert alice.token
    shop.server.fail_next(times, status=None, executed=True)
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert answer.status_code == (303 if times == 1 else 503)
    start_checkout(alice)
    [customer] = shop.stripe.all("customer")
    assert user_of_customer(shop.db, customer["id"]) == alice.user_id


def test_it_uses_an_open_session_again(shop: Shop, alice: Browser) -> None:
    first = start_checkout(alice, "Plus")
    assert start_checkout(alice, "Plus") == first
    assert start_checkout(alice, "Premium") != first
    assert len(shop.stripe.all("checkout.session")) == 2


def test_it_uses_no_session_that_has_expired(shop: Shop, alice: Browser) -> None:
    first = start_checkout(alice)
    shop.stripe.expire_session(shop.stripe.all("checkout.session")[0]["id"])
    assert start_checkout(alice) != first


@pytest.mark.parametrize("status", ["canceled", "incomplete", "incomplete_expired", "unpaid"])
def test_it_sells_to_whom_no_subscription_is_live(shop: Shop, alice: Browser, status: str) -> None:
    shop.subscribe(alice.user_id, status=status)
    shop.deliver_pending()
    assert start_checkout(alice).startswith("https://checkout.stripe.com/")
    assert len(shop.stripe.all("customer")) == 1


@pytest.mark.parametrize("plan", ["Free", "plus", "Gold", "", None])
def test_it_refuses_a_plan_that_is_not_sold(shop: Shop, alice: Browser, plan: str | None) -> None:
    data = {} if plan is None else {"plan": plan}
    assert alice.post("/billing/checkout", data).status_code == 400
    assert not shop.server.requests


@pytest.mark.parametrize("path", ["/billing/checkout", "/billing/portal"])
def test_it_refuses_strangers_and_forged_forms(shop: Shop, alice: Browser, path: str) -> None:
    assert alice.client.post(path, data={"plan": "Plus"}).status_code == 400
    stranger = Browser(shop.app).post(path, {"plan": "Plus"})
    assert stranger.status_code == 302
    assert stranger.location.startswith("/login")
    assert not shop.server.requests


def test_it_offers_nothing_where_stripe_is_not_set_up(shop: Shop) -> None:
    alice = sign_up(create_test_app(BASE_SETTINGS, shop.db), "Alice")
    page = alice.get("/plans")
    assert page.status_code == 200
    assert "Upgrading is not available here." in page.text
    assert "/billing/" not in page.text
    for path in ("/billing/checkout", "/billing/portal"):
        assert alice.post(path, {"plan": "Plus"}).status_code == 503


def test_it_says_so_when_stripe_is_down(shop: Shop, alice: Browser) -> None:
    assert alice.token
    shop.server.down = True
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Stripe cannot be reached" in answer.text
    assert not customer_binding_keys(shop.db)
    shop.server.down = False
    start_checkout(alice)


def test_it_never_takes_a_customer_from_another_user(
    shop: Shop, alice: Browser, bob: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    def give_to_bob(request: Request) -> None:
        for customer in shop.stripe.all("customer"):
            shop.db.set(f"stripe:customer:{{{customer['id']}}}", bob.user_id)

    shop.server.on_answer = give_to_bob
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert answer.status_code == 503
    [customer] = shop.stripe.all("customer")
    assert user_of_customer(shop.db, customer["id"]) == bob.user_id
    assert not shop.db.exists(alice.key("customers"))
    assert not stripe_requests(shop, "POST", SESSIONS)
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert any(customer["id"] in line for line in errors)


def test_it_sells_again_when_the_customer_was_deleted_at_stripe(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    shop.stripe.delete_customer(subscription["customer"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    assert start_checkout(alice).startswith("https://checkout.stripe.com/")
    shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_it_says_so_while_another_tab_is_still_making_the_customer(
    shop: Shop, alice: Browser
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    create = shop.stripe.create_customer

    def hang(**fields: object) -> object:
        begun.set()
        assert go_on.wait(10)
        return create(**fields)

    shop.stripe.create_customer = hang  # type: ignore[method-assign]
    other = Browser(shop.app, alice.session)
    assert alice.token
    assert other.token
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(start_checkout, other)
        assert begun.wait(10)
        assert alice.post("/billing/checkout", {"plan": "Plus"}).status_code == 503
        go_on.set()
        first.result(10)
    assert len(shop.stripe.all("customer")) == 1
