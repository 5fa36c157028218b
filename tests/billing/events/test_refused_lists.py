"""A key that may not list sessions: what is paid is credited all the same."""

import pytest

from stats.plans.plan import Plan
from tests.billing.checkout.test_payment_links import LINKS
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, run_billing_command, start_checkout
from tests.stripe_sim import ApiError, routes
from tests.web.helpers import Browser, sign_up


def refuse_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ApiError("The provided key does not have the required permissions.", status=403)

    monkeypatch.setitem(routes.ROUTES, "GET /v1/checkout/sessions", refuse)


def test_a_link_payer_is_credited(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = sign_up(app_with_settings(shop, stripe_payment_links=LINKS), "Alice")
    reference = start_checkout(alice).partition("client_reference_id=")[2]
    refuse_sessions(monkeypatch)
    link = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], reference)
    shop.stripe.pay(link["id"])
    for _ in range(3):
        shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_replay_goes_past_what_cannot_be_done(
    shop: Shop, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = sign_up(app_with_settings(shop, stripe_payment_links=LINKS), "Bob")
    reference = start_checkout(bob).partition("client_reference_id=")[2]
    refuse_sessions(monkeypatch)
    link = shop.stripe.open_payment_link(shop.prices[Plan.PLUS], reference)
    shop.stripe.pay(link["id"])
    shop.subscribe(alice.user_id)
    run_billing_command(shop.app, "replay")
    assert shop.plan(alice.user_id) == "Plus"
