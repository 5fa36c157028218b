"""The portal: where a payer changes plans, so that nobody ever has two subscriptions."""

import pytest

from stats.billing.client_reference import reference
from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import plan_card_text, start_checkout, stripe_requests, visible_text
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser


@pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
def test_it_leads_a_payer_to_the_portal(shop: Shop, alice: Browser, status: str) -> None:
    subscription = shop.subscribe(alice.user_id, status=status)
    shop.deliver_pending()
    location = start_checkout(alice, "Premium")
    [portal] = shop.stripe.all("billing_portal.session")
    assert location == portal["url"]
    assert portal["customer"] == subscription["customer"]
    update = {"subscription": subscription["id"]}
    assert portal["flow"] == {"type": "subscription_update", "subscription_update": update}
    assert portal["return_url"] == "http://localhost/plans?from=portal"
    assert not stripe_requests(shop, "POST", "/v1/checkout/sessions")
    assert len(shop.stripe.all("subscription")) == 1


def test_it_leads_to_the_portal_before_any_event_has_come(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    shop.stripe.pay(shop.stripe.all("checkout.session")[0]["id"])
    assert start_checkout(alice, "Premium").startswith("https://billing.stripe.com/")
    assert len(shop.stripe.all("subscription")) == 1


def test_it_opens_the_whole_portal_where_its_update_page_is_off(shop: Shop, alice: Browser) -> None:
    """Stripe's default portal lets nobody switch plans, and refuses the flow with a 400."""
    shop.subscribe(alice.user_id)
    shop.deliver_pending()

    def refuse_the_flow(request: Request) -> None:
        if (request.method, request.path) == ("GET", "/v1/checkout/sessions"):
            shop.server.fail_next(1, status=400)

    shop.server.on_answer = refuse_the_flow
    assert start_checkout(alice, "Premium").startswith("https://billing.stripe.com/")
    [portal] = shop.stripe.all("billing_portal.session")
    assert portal["flow"] is None


def test_it_opens_the_portal_for_a_payer_alone(shop: Shop, alice: Browser, bob: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    answer = alice.post("/billing/portal")
    [portal] = shop.stripe.all("billing_portal.session")
    assert (answer.status_code, answer.location) == (303, portal["url"])
    assert portal["customer"] == subscription["customer"]
    assert bob.post("/billing/portal").status_code == 400
    assert len(shop.stripe.all("billing_portal.session")) == 1


def buy_both_at_links(shop: Shop, browser: Browser, plans: tuple[Plan, ...]) -> str:
    """Buy two plans at links, as two customers; return the subscription to Premium."""
    token = reference(browser.user_id, shop.settings.secret_keys)
    paid = {}
    for plan in plans:
        session = shop.stripe.open_payment_link(shop.prices[plan], token)["id"]
        paid[plan] = str(shop.stripe.pay(session)["subscription"])
    shop.deliver_pending()
    return paid[Plan.PREMIUM]


BOTH = [(Plan.PLUS, Plan.PREMIUM), (Plan.PREMIUM, Plan.PLUS)]


@pytest.mark.parametrize("plans", BOTH)
def test_the_button_that_ends_a_plan_leads_to_who_pays_for_it(
    shop: Shop, alice: Browser, plans: tuple[Plan, ...]
) -> None:
    premium = buy_both_at_links(shop, alice, plans)
    assert "End Premium at Stripe" in visible_text(alice.get("/plans").text)
    assert alice.post("/billing/portal").status_code == 303
    [portal] = shop.stripe.all("billing_portal.session")
    assert portal["customer"] == shop.stripe.get("subscription", premium)["customer"]


@pytest.mark.parametrize("plans", BOTH)
def test_the_button_that_puts_a_payment_right_leads_to_who_owes(
    shop: Shop, alice: Browser, plans: tuple[Plan, ...]
) -> None:
    premium = buy_both_at_links(shop, alice, plans)
    shop.stripe.fail_payment(premium)
    shop.deliver_pending()
    assert "Put it right at Stripe" in plan_card_text(alice)
    assert alice.post("/billing/portal").status_code == 303
    [portal] = shop.stripe.all("billing_portal.session")
    assert portal["customer"] == shop.stripe.get("subscription", premium)["customer"]
