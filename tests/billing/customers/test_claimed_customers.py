"""Whose a customer is: a crash behind the claim, and what others sell."""

from tests.billing.conftest import Shop
from tests.billing.helpers import run_billing_command, start_checkout
from tests.web.helpers import Browser


def test_reconcile_sees_a_customer_that_was_claimed_and_not_noted(
    shop: Shop, alice: Browser
) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.db.set(f"stripe:customer:{{{subscription['customer']}}}", alice.user_id)
    run_billing_command(shop.app, "reconcile", "--fix")
    assert shop.plan(alice.user_id) == "Plus"


def test_what_another_application_sold_gives_no_plan(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    [customer] = shop.stripe.all("customer")
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = {"user_id": alice.user_id, "plan": "Premium"}
    shop.stripe.create_subscription(customer["id"], [club], metadata=theirs)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
