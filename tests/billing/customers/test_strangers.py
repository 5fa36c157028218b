"""Other applications on the same Stripe account: none of their customers becomes one of ours."""

import json

import pytest
from flask import Flask

from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import LINKS, reference
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    SERVICE_HEADERS,
    app_with_settings,
    customer_binding_keys,
    run_billing_command,
)
from tests.web.helpers import Browser, dump_all, sign_up


@pytest.fixture
def club(shop: Shop) -> str:
    """The price of another application's product."""
    price: str = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    return price


def test_a_user_id_of_ours_in_their_metadata_says_nothing(
    shop: Shop, alice: Browser, club: str
) -> None:
    named = {"user_id": alice.user_id}
    customer = shop.stripe.create_customer(metadata=named)["id"]
    theirs = shop.stripe.create_subscription(customer, [club], metadata=named)["id"]
    before = dump_all(shop.db)
    shop.deliver_pending()
    assert dump_all(shop.db) == before
    assert alice.post("/billing/portal").status_code == 400
    client = shop.app.test_client()
    path = f"/api/users/{alice.user_id}"
    assert client.delete(path, headers=SERVICE_HEADERS).status_code == 200
    assert shop.stripe.get("subscription", theirs)["status"] == "active"


def test_no_event_about_their_products_leaves_anything(
    shop: Shop, alice: Browser, club: str
) -> None:
    named = {"user_id": alice.user_id}
    session = shop.stripe.open_session(
        [club],
        metadata=named,
        client_reference_id=alice.user_id,
        subscription_data={"metadata": named},
    )
    paid = shop.stripe.pay(session["id"])
    shop.stripe.fail_payment(paid["subscription"])
    shop.stripe.recover_payment(paid["subscription"])
    shop.stripe.cancel(paid["subscription"])
    shop.stripe.delete_customer(paid["customer"])
    before = dump_all(shop.db)
    shop.deliver_pending()
    assert dump_all(shop.db) == before
    assert not shop.stripe.undelivered()


def test_an_event_of_another_account_binds_nothing(shop: Shop, alice: Browser) -> None:
    shop.subscribe(alice.user_id)
    before = dump_all(shop.db)
    for event in shop.stripe.undelivered():
        assert shop.send({**event, "account": "acct_of_somebody"}) == 200
    assert dump_all(shop.db) == before


def test_an_event_of_a_customer_that_our_key_does_not_know_binds_nothing(
    shop: Shop, alice: Browser
) -> None:
    shop.subscribe(alice.user_id)
    raw = json.dumps(shop.next_subscription_event())
    [customer] = shop.stripe.all("customer")
    before = dump_all(shop.db)
    assert shop.send(json.loads(raw.replace(customer["id"], "cus_of_elsewhere"))) == 503
    assert dump_all(shop.db) == before


def test_a_reference_of_ours_at_their_payment_link_binds_nothing(shop: Shop, club: str) -> None:
    app: Flask = app_with_settings(shop, stripe_payment_links=LINKS)
    alice = sign_up(app, "Alice")
    link = shop.stripe.open_payment_link(club, reference(alice))
    shop.stripe.pay(link["id"])
    shop.deliver_pending()
    assert not customer_binding_keys(shop.db)
    assert not shop.orphans()


def test_what_else_a_customer_of_ours_buys_is_left_alone(
    shop: Shop, alice: Browser, club: str
) -> None:
    ours = shop.subscribe(alice.user_id)
    theirs = shop.stripe.create_subscription(
        ours["customer"], [club], metadata={"user_id": alice.user_id}
    )["id"]
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert run_billing_command(shop.app, "reconcile").output == "0 found, 0 mended\n"
    shop.stripe.cancel(ours["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    again = shop.subscribe(alice.user_id, Plan.PREMIUM)["id"]
    shop.deliver_pending()
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    assert shop.stripe.get("subscription", again)["status"] == "canceled"
    assert shop.stripe.get("subscription", theirs)["status"] == "active"


def test_reconcile_binds_no_customer_of_theirs(shop: Shop, alice: Browser, club: str) -> None:
    named = {"user_id": alice.user_id}
    customer = shop.stripe.create_customer(metadata=named)["id"]
    shop.stripe.create_subscription(customer, [club], metadata=named)
    result = run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    assert (result.output, result.exit_code) == ("0 found, 0 mended\n", 0)
    assert not customer_binding_keys(shop.db)
