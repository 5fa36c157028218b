"""Customers that Stripe does not know: made with the test key, and the live one is set now."""

from collections.abc import Iterator

import pytest

from stats.snapshot import user_stats_exist
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    SERVICE_HEADERS,
    in_shop,
    run_billing_command,
    start_checkout,
    user_of_customer,
)
from tests.commands.conftest import invoke
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.helpers import Browser


@pytest.fixture(params=["paid in test mode", "opened Checkout", "practised"])
def old_customer(request: pytest.FixtureRequest, shop: Shop, alice: Browser) -> str:
    """A customer of Alice's that the key which is set now does not know."""
    if request.param == "practised":
        customer = f"cus_practice_{alice.user_id}"
        shop.db.sadd(alice.key("customers"), customer)
        shop.db.set(f"stripe:customer:{{{customer}}}", alice.user_id)
        return customer
    start_checkout(alice)
    if request.param == "paid in test mode":
        shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
        shop.deliver_pending()
    return str(shop.stripe.all("customer")[0]["id"])


@pytest.fixture
def live(shop: Shop, old_customer: str) -> Iterator[Shop]:
    """The shop on the same data, with the live key."""
    stripe = Stripe(livemode=True, seed=1)
    with StripeServer(stripe) as server:
        yield Shop(stripe, server, shop.db)


@pytest.fixture
def alice_now(live: Shop, alice: Browser) -> Browser:
    """Alice, in the shop with the live key."""
    return in_shop(live, alice)


def test_upgrading_makes_a_new_customer(live: Shop, alice_now: Browser, old_customer: str) -> None:
    first = start_checkout(alice_now, "Premium")
    assert start_checkout(alice_now, "Premium") == first
    [customer] = live.stripe.all("customer")
    assert live.db.smembers(alice_now.key("customers")) == {customer["id"]}
    assert user_of_customer(live.db, customer["id"]) == alice_now.user_id
    assert user_of_customer(live.db, old_customer) is None
    live.stripe.pay(live.stripe.all("checkout.session")[0]["id"])
    live.deliver_pending()
    assert live.plan(alice_now.user_id) == "Premium"


def delete_by_page(shop: Shop, browser: Browser) -> None:
    answer = browser.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 303


def delete_by_api(shop: Shop, browser: Browser) -> None:
    path = f"/api/users/{browser.user_id}"
    assert shop.app.test_client().delete(path, headers=SERVICE_HEADERS).status_code == 200


def delete_by_command(shop: Shop, browser: Browser) -> None:
    assert invoke(shop.app, "users", "delete", browser.user_id, "--yes").exit_code == 0


@pytest.mark.parametrize("delete", [delete_by_page, delete_by_api, delete_by_command])
def test_it_stops_no_deletion(
    live: Shop, alice_now: Browser, old_customer: str, delete: object
) -> None:
    delete(live, alice_now)  # type: ignore[operator]
    assert not user_stats_exist(live.db, alice_now.user_id)
    assert user_of_customer(live.db, old_customer) is None


def test_a_customer_beside_it_is_heard(live: Shop, alice_now: Browser, old_customer: str) -> None:
    subscription = live.subscribe(alice_now.user_id)
    live.deliver_pending()
    assert live.plan(alice_now.user_id) == "Plus"
    assert alice_now.post("/billing/portal").status_code == 303
    [portal] = live.stripe.all("billing_portal.session")
    assert portal["customer"] == subscription["customer"]
    found = f"customer unknown to Stripe: {alice_now.user_id} ({old_customer})\n"
    assert found in run_billing_command(live.app, "reconcile").output


def test_the_portal_says_so_in_a_sentence(live: Shop, alice_now: Browser) -> None:
    answer = alice_now.post("/billing/portal")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "We are looking into it." in answer.text


def test_a_customer_that_is_lost_again_is_made_anew(shop: Shop, alice: Browser) -> None:
    """Stripe repeats its answer to one idempotency key for a day, and the customer is gone."""
    for _ in range(3):
        start_checkout(alice)
        [customer] = shop.stripe.all("customer")
        del shop.stripe._objects[customer["id"]]
    start_checkout(alice)
    assert len(shop.stripe.all("customer")) == 1
