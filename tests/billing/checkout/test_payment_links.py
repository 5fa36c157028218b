"""Payment Links: the payer can edit their address, so they carry a signed reference."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from stats.plans.plan import Plan
from tests.billing.conftest import LINKS, Shop
from tests.billing.helpers import app_with_settings, user_of_customer
from tests.conftest import SECRET_KEY
from tests.web.helpers import Browser, sign_up


@pytest.fixture
def app_with_payment_links(shop: Shop) -> Flask:
    """The shop with Payment Links."""
    return app_with_settings(shop, stripe_payment_links=LINKS)


def reference(browser: Browser, plan: Plan = Plan.PLUS) -> str:
    """Press a plan's button; return the reference in the address it leads to."""
    answer = browser.post("/billing/checkout", {"plan": plan})
    assert answer.status_code == 303
    payment_link, parts = urlsplit(LINKS[plan]), urlsplit(answer.location)
    assert (parts.scheme, parts.netloc, parts.path) == (
        payment_link.scheme,
        payment_link.netloc,
        payment_link.path,
    )
    query = parse_qs(parts.query, strict_parsing=True)
    [client_reference] = query.pop("client_reference_id")
    assert query == parse_qs(payment_link.query)
    return client_reference


def pay(shop: Shop, token: str) -> str:
    """Pay at the link with this reference; return the customer that Stripe made."""
    link = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], token)
    return str(shop.stripe.pay(link["id"])["customer"])


@pytest.mark.parametrize("plan", LINKS)
def test_it_leads_to_the_link_with_a_reference(
    shop: Shop, app_with_payment_links: Flask, plan: Plan
) -> None:
    alice = sign_up(app_with_payment_links, "Alice")
    token = reference(alice, plan)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,200}", token)
    assert alice.user_id not in token
    assert not shop.stripe.all("customer")


def test_it_credits_who_pressed_the_button(shop: Shop, app_with_payment_links: Flask) -> None:
    alice, bob = sign_up(app_with_payment_links, "Alice"), sign_up(app_with_payment_links, "Bob")
    reference(bob)
    customer = pay(shop, reference(alice))
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert shop.plan(bob.user_id) == "Free"
    assert user_of_customer(shop.db, customer) == alice.user_id
    # From now on the customer says whose it is.
    shop.stripe.cancel(shop.stripe.all("subscription")[0]["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"


def test_it_credits_nobody_for_an_edited_reference(
    shop: Shop, app_with_payment_links: Flask
) -> None:
    alice = sign_up(app_with_payment_links, "Alice")
    token = reference(alice)
    edits = [token[::-1], token[1:], token + "A", token[:9] + "A" + token[10:], "A" * 200]
    for edited in edits:
        assert edited != token
        pay(shop, edited)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    assert not shop.db.exists(alice.key("customers"))
    completed = "checkout.session.completed"
    kept = [row for row in shop.orphans().values() if row["type"] == completed]
    assert len(kept) == len(edits)


def test_it_believes_references_signed_before_the_key_was_rotated(
    shop: Shop, app_with_payment_links: Flask
) -> None:
    alice = sign_up(app_with_payment_links, "Alice")
    pay(shop, reference(alice))
    shop.app = app_with_settings(shop, secret_keys=("another-key-for-the-tests", SECRET_KEY))
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_it_leads_a_payer_to_the_portal_and_not_to_a_second_payment(
    shop: Shop, app_with_payment_links: Flask
) -> None:
    alice = sign_up(app_with_payment_links, "Alice")
    pay(shop, reference(alice))
    shop.deliver_pending()
    answer = alice.post("/billing/checkout", {"plan": "Premium"})
    assert answer.location.startswith("https://billing.stripe.com/")
