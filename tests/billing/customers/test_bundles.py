"""Another application that sells a product of ours together with its own, in one subscription."""

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    open_sessions,
    run_billing_command,
    start_checkout,
    user_of_customer,
)
from tests.web.helpers import Browser


@pytest.fixture
def club(shop: Shop) -> str:
    """The price of another application's product."""
    price: str = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    return price


@pytest.fixture
def customer(shop: Shop, alice: Browser) -> str:
    """The customer that Alice has with us, who has not paid."""
    start_checkout(alice)
    customer_id: str = open_sessions(shop)[0]["customer"]
    return customer_id


def test_a_bundle_binds_no_customer_by_its_events(shop: Shop, alice: Browser, club: str) -> None:
    theirs = shop.stripe.create_customer()["id"]
    metadata = {"user_id": alice.user_id, "app": "club"}
    shop.stripe.create_subscription(theirs, [club, shop.prices[Plan.PLUS]], metadata=metadata)
    shop.deliver_pending()
    assert user_of_customer(shop.db, theirs) is None
    assert shop.plan(alice.user_id) == "Free"


def test_a_bundle_binds_no_customer_by_reconcile(shop: Shop, alice: Browser, club: str) -> None:
    theirs = shop.stripe.create_customer()["id"]
    metadata = {"user_id": alice.user_id, "app": "club"}
    shop.stripe.create_subscription(theirs, [club, shop.prices[Plan.PLUS]], metadata=metadata)
    run_billing_command(shop.app, "reconcile", "--fix")
    assert user_of_customer(shop.db, theirs) is None


def test_a_bundle_at_a_customer_of_ours_does_not_end_with_the_account(
    shop: Shop, alice: Browser, club: str, customer: str
) -> None:
    bundle = shop.stripe.create_subscription(
        customer, [club, shop.prices[Plan.PLUS]], metadata={"app": "club"}
    )["id"]
    shop.deliver_pending()
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    assert shop.stripe.get("subscription", bundle)["status"] == "active"


def test_what_is_taken_out_of_a_bundle_gives_its_plan_no_more(
    shop: Shop, alice: Browser, club: str, customer: str
) -> None:
    """The product was not renamed: it is not sold any more, and nothing is paid for it."""
    bundle = shop.stripe.create_subscription(customer, [club, shop.prices[Plan.PLUS]])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    items = bundle["items"]
    items["data"] = [item for item in items["data"] if item["price"]["id"] == club]
    shop.stripe.update("subscription", bundle["id"], items=items)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
