"""Tries to be sold twice, to lose what is paid for, to bind others, and to hear what is false."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import redis
from flask import Flask

from stats.billing import sync
from stats.billing.client_reference import reference as sign_reference
from stats.plans.plan import Plan
from stats.plans.subscription import INCOMPLETE, LIVE
from stats.user_stats import create_user_stats, handle_user_logout
from tests.billing.checkout.test_portal_visit import come_back, visit_portal
from tests.billing.conftest import LINKS, Shop
from tests.billing.helpers import (
    DAY,
    EMBEDDED_SETTINGS,
    app_with_settings,
    buy_plan,
    create_test_app,
    format_day,
    grant_plan,
    in_shop,
    let_time_pass,
    open_sessions,
    plan_card_text,
    run_billing_command,
    start_checkout,
    user_of_customer,
    visible_text,
)
from tests.billing.plans.test_past_due import GRACE, decline_upgrade, paid_until, pay_for
from tests.billing.plans.test_payer import add_price, of_plan, plans_text
from tests.stripe_sim import ApiError
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.objects import period_end
from tests.stripe_sim.server import Request, StripeServer
from tests.web.helpers import PASSWORD, Browser, displayed_stats, sign_up

PORTAL = "https://billing.stripe.com/"
CHECKOUT = "https://checkout.stripe.com/"
LINK = "https://buy.stripe.com/"


@pytest.fixture
def link_app(shop: Shop) -> Flask:
    """The shop, which sells both plans by Payment Links."""
    shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
    return shop.app


@pytest.fixture
def buyer(link_app: Flask) -> Browser:
    """Somebody who can buy there."""
    return sign_up(link_app, "Alice")


def token(browser: Browser, shop: Shop) -> str:
    """Return the reference that a link carries for somebody."""
    return sign_reference(browser.user_id, shop.settings.secret_keys)


def open_link(shop: Shop, browser: Browser, plan: Plan = Plan.PLUS) -> str:
    """Press a plan's button where a link sells it, and open the page; return the session's id."""
    location = start_checkout(browser, plan)
    assert location.startswith(LINK)
    carried = location.partition("client_reference_id=")[2]
    session_id: str = shop.stripe.open_payment_link(shop.prices[plan], carried)["id"]
    return session_id


def open_checkout(shop: Shop, browser: Browser, plan: str = "Plus", by: str = "month") -> str:
    """Press a plan's button; return the id of the session that it leads to."""
    location = browser.post("/billing/checkout", {"plan": plan, "by": by}).location
    assert location.startswith(CHECKOUT), location
    return location.rpartition("/")[2]


def bought(shop: Shop) -> list[dict[str, Any]]:
    """Return the subscriptions that are charged for, or will be once the bank has paid."""
    return [one for one in shop.stripe.all("subscription") if one["status"] in (*LIVE, INCOMPLETE)]


def assert_sold_once(shop: Shop, session_id: str) -> None:
    """Pay in a session if that is still possible, and see that there is one subscription."""
    with suppress(ApiError):
        shop.stripe.pay(session_id)
    assert len(bought(shop)) == 1, [one["id"] for one in bought(shop)]


def send_of_type(shop: Shop, kind: str) -> None:
    """Deliver the pending events of one type alone."""
    shop.send_all([one for one in shop.stripe.undelivered() if one["type"] == kind])


def meanwhile(shop: Shop, method: str, path: str, act: Callable[[], object], nth: int = 1) -> None:
    """Let something happen, once, while Stripe's answer to the nth such request is under way."""
    left = [nth]

    def on_answer(request: Request) -> None:
        if (request.method, request.path) != (method, path):
            return
        left[0] -= 1
        if left[0] == 0:
            shop.server.on_answer = lambda request: None
            other = threading.Thread(target=act)
            other.start()
            other.join(20)

    shop.server.on_answer = on_answer


def delete_account(browser: Browser, email: str = "alice@example.com") -> int:
    """Press the button that deletes the account; return the status of the answer."""
    return browser.post("/settings/delete", {"confirm": email}).status_code


# (a) Sold twice: tabs


# (a) Sold twice: Payment Links


def test_a16_a_product_renamed_between_a_links_payment_and_its_events(
    shop: Shop, buyer: Browser
) -> None:
    """By Checkout such a payer is known by the mark; by a link nothing is marked."""
    session = open_link(shop, buyer)
    paid = shop.stripe.pay(session)
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(paid["subscription"], renamed)
    shop.deliver_pending()
    assert not start_checkout(buyer).startswith(LINK)


def test_a17_a_link_that_was_open_while_the_setting_was_renamed(shop: Shop, buyer: Browser) -> None:
    session = open_link(shop, buyer)
    renamed = {"prod_renamed": Plan.PLUS} | {
        product: plan for product, plan in shop.products.items() if plan != Plan.PLUS
    }
    shop.app = app_with_settings(shop, stripe_products=renamed, stripe_payment_links=LINKS)
    shop.stripe.pay(session)
    shop.deliver_pending()
    assert not start_checkout(in_shop(shop, buyer)).startswith(LINK)


# (a) Sold twice: keys


def test_a18_a_payer_under_the_live_key_of_another_account(valkey: redis.Redis) -> None:
    ours, other = Stripe(livemode=True), Stripe(livemode=True, seed=9)
    with StripeServer(ours) as a, StripeServer(other) as b:
        shop, elsewhere = Shop(ours, a, valkey), Shop(other, b, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        answer = in_shop(elsewhere, alice).post("/billing/checkout", {"plan": "Premium"})
        sold = (answer.location or "").startswith(CHECKOUT)
        assert not sold
        assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_a19_the_payer_comes_back_from_the_key_of_another_account(valkey: redis.Redis) -> None:
    """The wrong live key was set for an hour; the person pressed once; then the right one."""
    ours, other = Stripe(livemode=True), Stripe(livemode=True, seed=9)
    with StripeServer(ours) as a, StripeServer(other) as b:
        shop, elsewhere = Shop(ours, a, valkey), Shop(other, b, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        in_shop(elsewhere, alice).post("/billing/checkout", {"plan": "Premium"})
        a.forget_idempotency()
        assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_a20_a_payer_stored_by_an_older_release_under_the_test_key(valkey: redis.Redis) -> None:
    """Its rows do not say of which mode they are."""
    live_stripe, test_stripe = Stripe(livemode=True), Stripe(seed=9)
    with StripeServer(live_stripe) as a, StripeServer(test_stripe) as b:
        shop, test = Shop(live_stripe, a, valkey), Shop(test_stripe, b, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        key = alice.key("billing")
        rows = valkey.hget(key, "subscriptions")
        valkey.hset(key, "subscriptions", rows.replace('"livemode":true', '"livemode":null'))
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
        a.forget_idempotency()
        assert start_checkout(alice, "Premium").startswith(PORTAL)
        assert shop.plan(alice.user_id) == "Plus"


def test_a21_the_secret_key_is_replaced_while_a_link_is_paid(shop: Shop, buyer: Browser) -> None:
    """The key that signed the reference is gone; the old one was kept as the second: held."""
    session = open_link(shop, buyer)
    shop.stripe.pay(session)
    old = shop.settings.secret_keys
    shop.app = app_with_settings(
        shop, secret_keys=("another key that is long enough, too", *old), stripe_payment_links=LINKS
    )
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


# (b) Kept, lost, billed on: deletion


def test_b3_a_deletion_that_stops_half_way_says_what_it_has_ended(
    shop: Shop, buyer: Browser
) -> None:
    """Two customers; Stripe goes away behind the first one's subscription."""
    for plan in (Plan.PLUS, Plan.PREMIUM):
        shop.stripe.pay(open_link_without_press(shop, buyer, plan))
    shop.deliver_pending()
    assert len(bought(shop)) == 2
    assert buyer.token

    def on_answer(request: Request) -> None:
        if request.method == "DELETE":
            shop.server.down = True
            shop.server.on_answer = lambda request: None

    shop.server.on_answer = on_answer
    answer = buyer.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 503
    shop.server.down = False
    said = visible_text(answer.text)
    ended = 2 - len(bought(shop))
    assert ended == 0 or "nothing was deleted" not in said.lower(), said[-600:]


def open_link_without_press(shop: Shop, browser: Browser, plan: Plan = Plan.PLUS) -> str:
    """Open a link again from the browser's history; return the session's id."""
    session_id: str = shop.stripe.open_payment_link(shop.prices[plan], token(browser, shop))["id"]
    return session_id


def test_b4_a_payer_goes_under_the_live_key_of_another_account(valkey: redis.Redis) -> None:
    ours, other = Stripe(livemode=True), Stripe(livemode=True, seed=9)
    with StripeServer(ours) as a, StripeServer(other) as b:
        shop, elsewhere = Shop(ours, a, valkey), Shop(other, b, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        delete_account(in_shop(elsewhere, alice))
        gone = not valkey.exists(alice.key("stats"))
        assert not (gone and bought(shop))


# (b) Lost though it is paid


@pytest.mark.parametrize("to", ["canceled", "unpaid"])
def test_b5_a_paid_year_after_the_last_try_for_a_declined_upgrade(
    shop: Shop, alice: Browser, to: str
) -> None:
    """The card for an upgrade is declined; Stripe gives up after its tries. The year is paid."""
    subscription = pay_for(shop, alice, 30, "year")
    decline_upgrade(shop, subscription, 10 * DAY)
    assert "After that you are on Plus, which is paid until" in plan_card_text(alice)
    shop.stripe.now = int(time.time())
    shop.stripe.fail_payment(subscription, to=to)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


@pytest.mark.parametrize("query", ["?plan=Plus&session_id={}", "?session_id={}"])
def test_b6_a_product_renamed_before_the_return_from_a_link(
    shop: Shop, buyer: Browser, query: str
) -> None:
    session = open_link(shop, buyer)
    paid = shop.stripe.pay(session)
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(paid["subscription"], renamed)
    buyer.get("/billing/return" + query.format(session))
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus" or shop.orphans()


def test_b7_a_link_payer_whose_product_changes_later_keeps_the_plan(
    shop: Shop, buyer: Browser
) -> None:
    paid = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(paid["subscription"], renamed)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"
    assert start_checkout(buyer, "Premium").startswith(PORTAL)
    run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    assert shop.plan(buyer.user_id) == "Plus"


@pytest.mark.parametrize("status", ["unpaid", "paused", "past_due", "trialing", "active"])
def test_b8_a_new_product_while_on_hold_and_back(shop: Shop, buyer: Browser, status: str) -> None:
    paid = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    name = paid["subscription"]
    shop.stripe.update("subscription", name, status=status)
    shop.deliver_pending()
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(name, renamed)
    shop.deliver_pending()
    shop.stripe.update("subscription", name, status="active")
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_b9_a_link_paid_by_the_bank_over_days(shop: Shop, buyer: Browser) -> None:
    """The completed event comes at once, the money within the 23 hours that Stripe waits."""
    session = open_link(shop, buyer)
    shop.stripe.pay(session, asynchronous=True)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Free"
    shop.stripe.advance(22 * 3600)
    assert buyer.post("/billing/checkout", {"plan": "Premium"}).status_code == 503
    shop.stripe.settle(session)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_b10_an_upgrade_in_a_trial_that_is_declined(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id, trial_days=30)["id"]
    shop.deliver_pending()
    shop.stripe.decline_upgrade(subscription, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert "Put it right" in plan_card_text(alice)


def test_b11_a_second_subscription_is_refunded_and_ended(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    second = shop.subscribe(alice.user_id, Plan.PREMIUM)["id"]
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    shop.stripe.cancel(second)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_b12_a_dispute_takes_nothing_by_itself(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    shop.stripe.dispute(bought(shop)[0]["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_b13_a_customer_deleted_at_stripe_and_bought_again(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    shop.stripe.delete_customer(bought(shop)[0]["customer"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    buy_plan(shop, alice, "Premium")
    assert shop.plan(alice.user_id) == "Premium"
    assert start_checkout(alice).startswith(PORTAL)


def test_b14_a_customer_deleted_while_a_session_is_open(shop: Shop, alice: Browser) -> None:
    open_checkout(shop, alice)
    shop.stripe.delete_customer(shop.stripe.all("customer")[0]["id"])
    shop.deliver_pending()
    session = open_checkout(shop, alice)
    shop.stripe.pay(session)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_b15_two_users_at_once_and_their_events_mixed(
    shop: Shop, alice: Browser, bob: Browser
) -> None:
    one, two = open_checkout(shop, alice), open_checkout(shop, bob, "Premium")
    shop.stripe.pay(one)
    shop.stripe.pay(two)
    shop.send_all(shop.stripe.undelivered()[::-1])
    assert (shop.plan(alice.user_id), shop.plan(bob.user_id)) == ("Plus", "Premium")


# (c) Somebody else's


def test_c1_a_bundle_of_another_application_with_our_product(shop: Shop, alice: Browser) -> None:
    """Their subscription holds our product beside theirs, and names a user of theirs."""
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(
        customer, [club, shop.prices[Plan.PLUS]], metadata={"user_id": alice.user_id, "app": "club"}
    )
    shop.deliver_pending()
    assert user_of_customer(shop.db, customer) is None


def test_c2_a_friend_pays_at_my_link(shop: Shop, buyer: Browser) -> None:
    """Mallory shares her link; Bob pays there for himself: his portal is not for her to open."""
    session = open_link(shop, buyer)
    paid = shop.stripe.pay(session, email="bob@example.com")
    shop.deliver_pending()
    buyer.post("/billing/portal")
    portals = shop.stripe.all("billing_portal.session")
    assert paid["customer"] not in [portal["customer"] for portal in portals]


def test_c4_what_became_another_applications_is_not_ended_with_the_account(
    shop: Shop, alice: Browser
) -> None:
    """Ours, then ended; the same customer buys of another application; the account goes."""
    buy_plan(shop, alice)
    [ours] = bought(shop)
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = shop.stripe.create_subscription(ours["customer"], [club])["id"]
    shop.stripe.cancel(ours["id"])
    shop.deliver_pending()
    assert delete_account(alice) == 303
    assert shop.stripe.get("subscription", theirs)["status"] == "active"


def test_c5_another_applications_incomplete_one_stops_no_sale(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    shop.stripe.create_subscription(
        customer, [club], status="incomplete", metadata={"user_id": alice.user_id}
    )
    shop.deliver_pending()
    assert open_checkout(shop, alice) == session


def test_c6_a_reference_of_mine_in_the_address_of_another(shop: Shop, buyer: Browser) -> None:
    """Bob's browser comes back with the session that Alice has paid."""
    bob = sign_up(shop.app, "Bob")
    session = open_link(shop, buyer)
    shop.stripe.pay(session)
    page = bob.get(f"/billing/return?plan=Plus&session_id={session}")
    assert "You have Plus" not in page.text
    assert shop.plan(bob.user_id) == "Free"
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_c7_reconcile_binds_nobody_by_the_metadata_of_a_bundle(shop: Shop, alice: Browser) -> None:
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(
        customer, [club], metadata={"user_id": alice.user_id, "plan": "Plus"}
    )
    run_billing_command(shop.app, "reconcile", "--fix")
    assert user_of_customer(shop.db, customer) is None


# (d) Sentences about money


def waiting(page: str) -> bool:
    """Whether the return page promises a plan that is to come."""
    text = visible_text(page)
    return "Confirming your payment" in text or "Your plan will appear by itself" in text


def test_d1_the_return_page_after_the_bank_has_refused(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.stripe.settle(session, succeeded=False)
    shop.stripe.advance(DAY)
    shop.deliver_pending()
    page = alice.get(f"/billing/return?plan=Plus&session_id={session}")
    assert not waiting(page.text)
    assert not waiting(alice.get(f"/billing/return?plan=Plus&session_id={session}&try=30").text)


def test_d2_the_return_page_of_a_plan_that_has_ended_since(shop: Shop, alice: Browser) -> None:
    """The tab is restored by the browser months later."""
    session = open_checkout(shop, alice)
    shop.stripe.pay(session)
    shop.deliver_pending()
    shop.stripe.cancel(bought(shop)[0]["id"])
    shop.deliver_pending()
    page = alice.get(f"/billing/return?plan=Plus&session_id={session}")
    assert not waiting(page.text)


def test_d3_the_return_page_of_a_session_that_was_not_paid(shop: Shop, alice: Browser) -> None:
    """Expired, never paid: Stripe never sends a browser back with it, but addresses are kept."""
    session = open_checkout(shop, alice)
    shop.stripe.expire_session(session)
    page = alice.get(f"/billing/return?plan=Plus&session_id={session}")
    assert not waiting(page.text)


def test_d4_the_return_page_while_a_bank_takes_days(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.deliver_pending()
    page = alice.get(f"/billing/return?plan=Plus&session_id={session}")
    assert "This takes a few seconds." not in visible_text(page.text)


def test_d5_the_return_page_after_the_plan_was_changed_down(shop: Shop, alice: Browser) -> None:
    """Premium was bought, then changed to Plus; the old tab is reloaded."""
    session = open_checkout(shop, alice, "Premium")
    shop.stripe.pay(session)
    shop.deliver_pending()
    shop.stripe.change_plan(bought(shop)[0]["id"], shop.prices[Plan.PLUS])
    shop.deliver_pending()
    page = alice.get(f"/billing/return?plan=Premium&session_id={session}")
    assert not waiting(page.text)


def test_d6_the_plans_page_while_a_bank_pays(shop: Shop, alice: Browser) -> None:
    """Pressing is refused with "on its way": the page may not offer it for £6 today."""
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.deliver_pending()
    assert alice.post("/billing/checkout", {"plan": "Plus"}).status_code == 503
    assert "£6 today" not in plans_text(alice)


def test_d7_a_portal_that_ends_at_once(shop: Shop, alice: Browser) -> None:
    """The portal's settings end at once; the page says that the plan stays. Does doctor tell?"""
    features = shop.stripe.portal_configurations[0]["features"]
    features["subscription_cancel"]["mode"] = "immediately"
    buy_plan(shop, alice)
    result = shop.app.test_cli_runner().invoke(args=["doctor"])
    said = "Ending costs nothing, and the plan stays until the end" in plans_text(alice)
    assert not said or re.search(r"at once|immediately", result.output), result.output


@pytest.mark.parametrize("ended", ["month", "year"])
def test_d8_one_of_two_equal_plans_is_ended_in_the_portal(
    shop: Shop, alice: Browser, ended: str
) -> None:
    first = shop.subscribe(alice.user_id)["id"]
    yearly = add_price(shop, Plan.PLUS, 5400, interval="year")
    second = shop.stripe.create_subscription(
        shop.stripe.get("subscription", first)["customer"],
        [yearly],
        metadata={"user_id": alice.user_id},
    )["id"]
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    shop.stripe.cancel(first if ended == "month" else second)
    said = come_back(alice, address)
    assert "another price" not in said, said


def test_d9_what_two_subscriptions_cost_is_told(shop: Shop, alice: Browser) -> None:
    shop.subscribe(alice.user_id)
    shop.subscribe(alice.user_id, Plan.PREMIUM)
    shop.deliver_pending()
    text = plans_text(alice) + plan_card_text(alice)
    assert "£18" in text or "two" in text.lower() or "£6" in plan_card_text(alice)


@pytest.mark.parametrize("other", ["first", "second"])
def test_d10_end_premium_at_stripe_leads_to_who_pays_premium(
    shop: Shop, buyer: Browser, other: str
) -> None:
    """Plus by one link, Premium by another: two customers, and one button "End Premium"."""
    plans = [Plan.PLUS, Plan.PREMIUM] if other == "second" else [Plan.PREMIUM, Plan.PLUS]
    for plan in plans:
        shop.stripe.pay(open_link_without_press(shop, buyer, plan))
    shop.deliver_pending()
    assert "End Premium at Stripe" in plans_text(buyer)
    assert buyer.post("/billing/portal").status_code == 303
    portal = shop.stripe.all("billing_portal.session")[0]
    premium = [one for one in bought(shop) if shop.prices[Plan.PREMIUM] in str(one)]
    assert portal["customer"] == premium[0]["customer"]


@pytest.mark.parametrize("other", ["first", "second"])
def test_d11_put_it_right_leads_to_who_owes(shop: Shop, buyer: Browser, other: str) -> None:
    plans = [Plan.PLUS, Plan.PREMIUM] if other == "second" else [Plan.PREMIUM, Plan.PLUS]
    for plan in plans:
        shop.stripe.pay(open_link_without_press(shop, buyer, plan))
    shop.deliver_pending()
    premium = next(one for one in bought(shop) if shop.prices[Plan.PREMIUM] in str(one))
    shop.stripe.fail_payment(premium["id"])
    shop.deliver_pending()
    assert "Put it right at Stripe" in plan_card_text(buyer)
    assert buyer.post("/billing/portal").status_code == 303
    portal = shop.stripe.all("billing_portal.session")[0]
    assert portal["customer"] == premium["customer"]


# (a) again: what an hour of another key leaves behind


@pytest.mark.parametrize("held", ["incomplete", "unpaid", "paused", "open"])
def test_a22_an_hour_of_the_test_key_forgets_no_customer(valkey: redis.Redis, held: str) -> None:
    """Nothing is live in live mode, but something is on its way; the test key, a press, back."""
    real_stripe, test_stripe = Stripe(livemode=True), Stripe(seed=9)
    with StripeServer(real_stripe) as a, StripeServer(test_stripe) as b:
        shop, test = Shop(real_stripe, a, valkey), Shop(test_stripe, b, valkey)
        alice = sign_up(shop.app, "Alice")
        session = open_checkout(shop, alice)
        if held != "open":
            shop.stripe.pay(session, asynchronous=held == "incomplete")
            [subscription] = bought(shop)
            if held != "incomplete":
                shop.stripe.update("subscription", subscription["id"], status=held)
            shop.deliver_pending()
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
        a.forget_idempotency()
        if held == "open":
            shop.stripe.pay(session)
        elif held == "incomplete":
            assert alice.post("/billing/checkout", {"plan": "Plus"}).status_code == 503
            return
        else:
            shop.stripe.update("subscription", subscription["id"], status="active")
        assert start_checkout(alice).startswith(PORTAL)


def test_a24_currencies_that_do_not_mix_sell_nothing(shop: Shop, alice: Browser) -> None:
    lapsed = shop.subscribe(alice.user_id)["id"]
    shop.stripe.update("subscription", lapsed, status="unpaid")
    shop.deliver_pending()
    euros = {plan: add_price(shop, plan, 700, currency="eur") for plan in shop.prices}
    shop.app = app_with_settings(shop, stripe_prices=euros)
    answer = in_shop(shop, alice).post("/billing/checkout", {"plan": "Plus"})
    assert answer.status_code == 503
    assert not open_sessions(shop)


def test_a25_a_price_in_another_currency_for_a_payer(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    euros = {plan: add_price(shop, plan, 700, currency="eur") for plan in shop.prices}
    shop.app = app_with_settings(shop, stripe_prices=euros)
    assert start_checkout(in_shop(shop, alice), "Premium").startswith(PORTAL)


def test_a27_four_days_without_events_and_a_replay(shop: Shop, buyer: Browser) -> None:
    session = open_link(shop, buyer)
    shop.db.hset(buyer.key("billing"), "link_at", int(time.time()) - 5 * DAY)
    shop.stripe.now -= 5 * DAY
    shop.stripe.expire_session(session)
    shop.stripe.pay(open_link_without_press(shop, buyer))
    run_billing_command(shop.app, "replay")
    assert shop.plan(buyer.user_id) == "Plus"
    assert start_checkout(buyer).startswith(PORTAL)


def test_a28_four_days_without_events_and_reconcile(shop: Shop, buyer: Browser) -> None:
    """Reconcile tells of the payment, and then pressing sells a second one."""
    open_link(shop, buyer)
    shop.db.hset(buyer.key("billing"), "link_at", int(time.time()) - 5 * DAY)
    shop.stripe.now -= 5 * DAY
    shop.stripe.pay(open_link_without_press(shop, buyer))
    shop.stripe.now += 5 * DAY
    result = run_billing_command(shop.app, "reconcile", "--fix")
    assert "billed, but no such user" in result.output
    assert start_checkout(buyer).startswith(PORTAL)


# (b) again


def test_b16_stats_made_anew_without_any_event(shop: Shop, alice: Browser) -> None:
    """handle_user_logout(delete_stats=True), then the next log-in: the year is paid for."""
    buy_plan(shop, alice)
    handle_user_logout(shop.db, alice.user_id, delete_stats=True)
    create_user_stats(shop.db, alice.user_id)
    assert shop.plan(alice.user_id) == "Plus"


def test_b20_grace_is_not_begun_anew_by_a_change_of_plan(shop: Shop, alice: Browser) -> None:
    """A renewal fails; the person changes to and fro in the grace: it ends when it ended."""
    subscription = pay_for(shop, alice, 40)
    shop.stripe.declining.add(shop.stripe.get("subscription", subscription)["customer"])
    shop.stripe.advance(39 * DAY)
    shop.deliver_pending()
    before = shop.db.hget(alice.key("stats"), "paid")
    for plan in (Plan.PREMIUM, Plan.PLUS):
        shop.stripe.now = int(time.time())
        shop.stripe.decline_upgrade(subscription, shop.prices[plan])
        shop.deliver_pending()
    assert shop.db.hget(alice.key("stats"), "paid") == before


def test_b21_ten_declined_upgrades_give_one_grace(shop: Shop, alice: Browser) -> None:
    subscription = pay_for(shop, alice, 100, "year")
    until = decline_upgrade(shop, subscription, 60 * DAY)
    for ago in range(58, 3, -6):
        shop.stripe.now = int(time.time()) - ago * DAY
        shop.stripe.go_back(subscription, shop.prices[Plan.PLUS])
        shop.deliver_pending()
        decline_upgrade(shop, subscription, (ago - 2) * DAY)
    assert until < time.time()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


def test_b22_a_new_interval_resets_no_grace(shop: Shop, alice: Browser) -> None:
    """Yearly Plus; Premium is declined, back, to the month (credit), Premium declined again."""
    subscription = pay_for(shop, alice, 100, "year")
    decline_upgrade(shop, subscription, 40 * DAY)
    shop.stripe.now = int(time.time()) - 25 * DAY
    shop.stripe.go_back(subscription, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    monthly = add_price(shop, Plan.PLUS, 600)
    shop.stripe.now = int(time.time()) - 20 * DAY
    shop.stripe.change_plan(subscription, monthly)
    shop.deliver_pending()
    decline_upgrade(shop, subscription, 2 * DAY)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


# (c) again


def test_c9_my_address_is_not_written_to_who_paid_at_my_link(shop: Shop, buyer: Browser) -> None:
    """Bob's receipts go to the address that Bob gave."""
    session = open_link(shop, buyer)
    paid = shop.stripe.pay(session, email="bob@example.com")
    shop.deliver_pending()
    profile = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
    change = {"email": "new@example.com", "current_password": PASSWORD}
    assert buyer.post("/settings", profile | change).status_code in (200, 303)
    assert shop.stripe.get("customer", paid["customer"])["email"] == "bob@example.com"


def test_c10_a_gift_of_ours_to_another_users_customer(
    shop: Shop, alice: Browser, bob: Browser
) -> None:
    """A subscription that names Bob, at a customer of Alice's: hers stays hers, his plan is no."""
    buy_plan(shop, alice)
    customer = bought(shop)[0]["customer"]
    shop.stripe.create_subscription(
        customer, [shop.prices[Plan.PREMIUM]], metadata={"user_id": bob.user_id}
    )
    shop.deliver_pending()
    assert user_of_customer(shop.db, customer) == alice.user_id
    assert shop.plan(bob.user_id) == "Free"


# (d) again


def test_d12_a_credit_lowers_the_next_payment(shop: Shop, alice: Browser) -> None:
    """After a change down Stripe keeps the rest as the customer's balance, and takes it first."""
    buy_plan(shop, alice)
    shop.stripe.update("customer", bought(shop)[0]["customer"], balance=-500)
    shop.deliver_pending()
    assert "for £6." not in of_plan(alice, "Plus")


def test_d13_nothing_is_paid_in_a_trial(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id, trial_days=30)["id"]
    shop.deliver_pending()
    shop.stripe.decline_upgrade(subscription, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    assert "which is paid until" not in plan_card_text(alice)


def test_d14_overdue_and_ended_at_the_end_of_the_period(shop: Shop, alice: Browser) -> None:
    """It was ended, and a payment failed: nothing goes on, so there is nothing to end."""
    subscription = pay_for(shop, alice, 10)
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.fail_payment(subscription)
    shop.stripe.cancel(subscription, at_period_end=True)
    shop.deliver_pending()
    assert "End Plus at Stripe" not in plans_text(alice)


def test_d15_a_grant_that_is_higher_beside_a_payment_that_failed(
    shop: Shop, alice: Browser
) -> None:
    subscription = pay_for(shop, alice, 10)
    grant_plan(shop, alice, "Premium")
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.fail_payment(subscription)
    shop.deliver_pending()
    text = plan_card_text(alice)
    assert "Premium stays: it was given to you by Aira." in text or "not go through" not in text


def test_d17_what_is_offered_beside_a_subscription_on_hold(shop: Shop, alice: Browser) -> None:
    """On hold with an open invoice: pressing "Get Plus" sells a second one beside it."""
    lapsed = shop.subscribe(alice.user_id)["id"]
    shop.stripe.fail_payment(lapsed, to="unpaid")
    shop.deliver_pending()
    session = open_checkout(shop, alice)
    shop.stripe.pay(session)
    shop.deliver_pending()
    shop.stripe.recover_payment(lapsed)
    shop.deliver_pending()
    assert len(bought(shop)) == 1


def test_d18_the_next_payment_is_the_earlier_of_two(shop: Shop, alice: Browser) -> None:
    """Premium by the year and Plus by the month: the next payment is in a month."""
    yearly = add_price(shop, Plan.PREMIUM, 10800, interval="year")
    first = shop.subscribe(alice.user_id)
    shop.stripe.create_subscription(
        first["customer"], [yearly], metadata={"user_id": alice.user_id}
    )
    shop.deliver_pending()
    month = format_day(paid_until(shop, first["id"]))
    assert month in plan_card_text(alice)


# Something happens while each of Stripe's answers is under way


def at_answer(shop: Shop, number: int, act: Callable[[], object]) -> None:
    """Let something happen once, while Stripe's answer of this number is under way."""
    answers = [0]

    def on_answer(request: Request) -> None:
        answers[0] += 1
        if answers[0] == number:
            shop.server.on_answer = lambda request: None
            other = threading.Thread(target=act)
            other.start()
            other.join(20)

    shop.server.on_answer = on_answer


def pay_and_deliver(shop: Shop, session: str, *, bank: bool) -> None:
    """Pay in a session; its events arrive at once."""
    with suppress(ApiError):
        shop.stripe.pay(session, asynchronous=bank)
    shop.deliver_pending()


# Other tries


@pytest.mark.parametrize("events", ["all", "none"])
def test_e6_a_price_by_the_year_of_a_product_that_no_setting_maps(shop: Shop, events: str) -> None:
    other = shop.stripe.add_product("Plus by the year", 5400, currency="gbp", interval="year")
    shop.app = app_with_settings(shop, stripe_yearly_prices={Plan.PLUS: other["default_price"]})
    alice = sign_up(shop.app, "Alice")
    shop.stripe.pay(open_checkout(shop, alice, "Plus", "year"))
    if events == "all":
        shop.deliver_pending()
        assert shop.plan(alice.user_id) == "Plus"
    assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_e7_a_link_payer_changes_in_the_portal_and_comes_back(shop: Shop, buyer: Browser) -> None:
    paid = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    address = visit_portal(shop, buyer)
    shop.stripe.change_plan(paid["subscription"], shop.prices[Plan.PREMIUM])
    assert come_back(buyer, address).startswith("You have Premium now.")
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Premium"


def test_e8_ended_in_the_portal_and_bought_again_in_an_old_tab(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    address = visit_portal(shop, alice)
    shop.stripe.cancel(bought(shop)[0]["id"])
    assert come_back(alice, address).startswith("Your subscription has ended.")
    session = open_checkout(shop, alice, "Premium")
    shop.stripe.pay(session)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"
    assert len(bought(shop)) == 1


def test_e9_ended_for_the_periods_end_and_bought_again_before_it(
    shop: Shop, alice: Browser
) -> None:
    """The plan still runs: pressing leads to the portal, before and at the very end."""
    buy_plan(shop, alice)
    [subscription] = bought(shop)
    shop.stripe.cancel(subscription["id"], at_period_end=True)
    shop.deliver_pending()
    assert start_checkout(alice, "Premium").startswith(PORTAL)
    shop.stripe.update("subscription", subscription["id"], cancel_at=int(time.time()) - 60)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    assert start_checkout(alice, "Premium").startswith(PORTAL)


@pytest.mark.parametrize("plan", ["Plus", "Premium"])
def test_e13_a_grant_changes_nothing_of_a_sale(shop: Shop, alice: Browser, plan: str) -> None:
    grant_plan(shop, alice, plan)
    other = "Premium" if plan == "Plus" else "Plus"
    buy_plan(shop, alice, other)
    grant_plan(shop, alice, "Free")
    assert shop.plan(alice.user_id) == other
    assert start_checkout(alice, plan).startswith(PORTAL)


def test_e15_the_events_of_two_customers_of_one_user_in_any_order(
    shop: Shop, buyer: Browser
) -> None:
    """Plus by a link, ended, Premium by another link: what is live counts, in any order."""
    first = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    shop.stripe.cancel(first["subscription"])
    second = shop.stripe.pay(open_link(shop, buyer, Plan.PREMIUM))
    shop.send_all(shop.stripe.undelivered()[::-1])
    assert shop.plan(buyer.user_id) == "Premium"
    assert start_checkout(buyer).startswith(PORTAL)
    assert shop.stripe.all("billing_portal.session")[0]["customer"] == second["customer"]


def test_e16_a_refund_that_ends_the_subscription_later(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    shop.stripe.cancel(bought(shop)[0]["id"], cancel_at=int(time.time()) + DAY)
    shop.deliver_pending()
    assert f"Ends {format_day(time.time() + DAY)}" in plan_card_text(alice)


def test_e17_a_plan_that_was_paid_for_a_grace_of_none(shop: Shop, alice: Browser) -> None:
    assert GRACE == 14 * DAY
    subscription = pay_for(shop, alice, 10)
    shop.stripe.now = int(time.time()) - 13 * DAY
    shop.stripe.fail_payment(subscription)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_e18_a_payer_is_told_of_an_invoice_that_is_open_on_hold(shop: Shop, alice: Browser) -> None:
    """`unpaid`: the pages sell anew for £6 and say nothing of the invoice that is still open."""
    lapsed = shop.subscribe(alice.user_id)["id"]
    shop.stripe.fail_payment(lapsed, to="unpaid")
    shop.deliver_pending()
    text = plans_text(alice) + plan_card_text(alice)
    assert re.search(r"on hold|did not go through|unpaid|open invoice", text)


# Random hours of one person with several tabs, by the real routes


def test_f5_a_scheduled_change_keeps_what_is_paid(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice, "Premium")
    name = bought(shop)[0]["id"]
    address = visit_portal(shop, alice)
    shop.stripe.schedule_change(name)
    assert "Until then Premium stays." in come_back(alice, address)
    assert start_checkout(alice, "Plus").startswith(PORTAL)
    shop.stripe.change_plan(name, shop.prices[Plan.PLUS])
    shop.stripe.update("subscription", name, schedule=None)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"


def test_f6_a_trial_by_the_operator_that_is_paused_and_resumed(shop: Shop, alice: Browser) -> None:
    name = shop.subscribe(alice.user_id, trial_days=7)["id"]
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    shop.stripe.pause(name)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    shop.stripe.resume(name)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert start_checkout(alice).startswith(PORTAL)


def test_f7_an_upgrade_while_payments_are_paused(shop: Shop, alice: Browser) -> None:
    """Nothing is collected: "At once, then £12 a month" promises a payment that does not come."""
    buy_plan(shop, alice)
    shop.stripe.pause(bought(shop)[0]["id"], collection_only=True)
    shop.deliver_pending()
    assert "Payments are paused" in of_plan(alice, "Plus")
    assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_f8_somebody_else_comes_back_with_my_session(
    shop: Shop, alice: Browser, bob: Browser
) -> None:
    """A shared computer: Bob is logged in when Alice's payment returns. It is not his payment."""
    session = open_checkout(shop, alice)
    shop.stripe.pay(session)
    shop.deliver_pending()
    assert not waiting(bob.get(f"/billing/return?plan=Plus&session_id={session}").text)


def test_f9_premium_is_a_gift_and_plus_was_bought(shop: Shop, alice: Browser) -> None:
    """What the return page confirms is what was bought."""
    session = open_checkout(shop, alice)
    grant_plan(shop, alice, "Premium")
    shop.stripe.pay(session)
    shop.deliver_pending()
    text = visible_text(alice.get(f"/billing/return?plan=Plus&session_id={session}").text)
    assert "Plus" in text, text


def test_f10_the_settings_tell_a_payer_what_a_deletion_does(shop: Shop, alice: Browser) -> None:
    """The plan ends at once, with what is left of the period; the page does not say so."""
    buy_plan(shop, alice)
    text = visible_text(alice.get("/settings").text)
    assert re.search(r"(subscription|Plus|plan) (ends|ended|is ended)", text), text[-700:]


def test_f11_the_price_changes_while_the_page_is_open(shop: Shop, alice: Browser) -> None:
    """Known for five minutes: the page says £6 and Checkout asks £7."""
    assert "£6 today" in of_plan(alice, "Plus")
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    new = add_price(shop, Plan.PLUS, 700)
    with shop.stripe.lock:
        shop.stripe._objects[product]["default_price"] = new
    session = shop.stripe.get("checkout.session", open_checkout(shop, alice))
    text = of_plan(alice, "Plus")
    assert f"£{session['amount_total'] // 100} today" in text


def test_f12_the_rate_of_a_year_that_has_a_first_discount(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.stripe.update("subscription", subscription["id"], discounts=["di_1"])
    shop.deliver_pending()
    assert "less your discount" in plan_card_text(alice)
    shop.stripe.update("subscription", subscription["id"], discounts=[])
    shop.deliver_pending()
    assert "less your discount" not in plan_card_text(alice)


# Keys, practice, deletions that stop, and what a tab that cannot be closed leads to


@pytest.mark.parametrize("mode", ["live", "test"])
def test_g1_who_practised_pays_nothing_once_stripe_is_set(valkey: redis.Redis, mode: str) -> None:
    """Practice gave Premium; then a key is set. Reconcile takes what nobody pays for."""
    practice = create_test_app(EMBEDDED_SETTINGS, valkey)
    alice = sign_up(practice, "Alice")
    alice.post("/billing/practice", {"action": "pay", "plan": "Premium"})
    stripe = Stripe(livemode=mode == "live")
    with StripeServer(stripe) as server:
        shop = Shop(stripe, server, valkey)
        assert shop.plan(alice.user_id) == "Premium"
        run_billing_command(shop.app, "reconcile", "--fix", "--yes")
        assert shop.plan(alice.user_id) == "Free"


@pytest.mark.parametrize("mode", ["live", "test"])
def test_g2_who_practised_can_buy_once_stripe_is_set(valkey: redis.Redis, mode: str) -> None:
    practice = create_test_app(EMBEDDED_SETTINGS, valkey)
    alice = sign_up(practice, "Alice")
    alice.post("/billing/practice", {"action": "pay", "plan": "Premium"})
    stripe = Stripe(livemode=mode == "live")
    with StripeServer(stripe) as server:
        shop = Shop(stripe, server, valkey)
        alice = in_shop(shop, alice)
        shop.stripe.pay(open_checkout(shop, alice, "Plus"))
        shop.deliver_pending()
        assert shop.plan(alice.user_id) == "Plus"
        assert start_checkout(alice).startswith(PORTAL)


def test_g3_every_answer_to_the_end_of_the_subscription_is_lost(shop: Shop, alice: Browser) -> None:
    """It has ended at Stripe, the answers are lost: the page may not say that it has not."""
    buy_plan(shop, alice)
    assert alice.token

    def on_answer(request: Request) -> None:
        if request.method == "GET" and request.path == "/v1/subscriptions":
            shop.server.on_answer = lambda request: None
            shop.server.fail_next(3, status=None, executed=True)

    shop.server.on_answer = on_answer
    answer = alice.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 503
    said = visible_text(answer.text)
    assert bought(shop) or "Your subscription could not be ended" not in said


@pytest.mark.parametrize("status", ["unpaid", "paused", "past_due", "trialing", "incomplete"])
def test_g4_whatever_may_come_back_is_ended_with_the_account(
    shop: Shop, alice: Browser, status: str
) -> None:
    name = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    shop.stripe.update("subscription", name, status=status)
    shop.deliver_pending()
    assert delete_account(alice) == 303
    assert shop.stripe.get("subscription", name)["status"] == "canceled"


def test_g5_a_bundle_at_a_customer_of_ours_is_not_ended_whole(shop: Shop, alice: Browser) -> None:
    """Another application sells our product with its own in one subscription."""
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    bundle = shop.stripe.create_subscription(
        customer, [club, shop.prices[Plan.PLUS]], metadata={"app": "club"}
    )["id"]
    shop.deliver_pending()
    assert delete_account(alice) == 303
    items = shop.stripe.get("subscription", bundle)["items"]["data"]
    status = shop.stripe.get("subscription", bundle)["status"]
    assert status == "active", [item["price"]["product"] for item in items]


def test_g6_what_was_changed_to_another_applications_product_in_the_portal(
    shop: Shop, alice: Browser
) -> None:
    """The portal offers all products; Plus became the book club: the plan is not paid for."""
    buy_plan(shop, alice)
    [subscription] = bought(shop)
    club = shop.stripe.add_product("A book club", 300, currency="gbp")["default_price"]
    shop.stripe.change_plan(subscription["id"], club)
    shop.deliver_pending()
    result = run_billing_command(shop.app, "reconcile")
    assert "unknown product" in result.output
    assert start_checkout(alice).startswith(PORTAL)


@pytest.mark.parametrize("shape", ["new", "both", "old"])
def test_g8_a_link_in_each_shape_of_the_api(valkey: redis.Redis, shape: Any) -> None:
    stripe = Stripe(shape=shape)
    with StripeServer(stripe) as server:
        shop = Shop(stripe, server, valkey)
        shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
        alice = sign_up(shop.app, "Alice")
        shop.stripe.pay(open_link(shop, alice))
        shop.send_all(shop.stripe.undelivered()[::-1])
        assert shop.plan(alice.user_id) == "Plus"
        assert start_checkout(alice).startswith(PORTAL)
        assert delete_account(alice) == 303
        assert not bought(shop)


def test_g9_a_payer_by_a_link_changes_the_address_and_pays_again(
    shop: Shop, buyer: Browser
) -> None:
    paid = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    profile = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
    change = {"email": "new@example.com", "current_password": PASSWORD}
    assert buyer.post("/settings", profile | change).status_code in (200, 303)
    assert start_checkout(buyer, "Premium").startswith(PORTAL)
    assert user_of_customer(shop.db, paid["customer"]) == buyer.user_id


def test_g11_the_page_in_which_the_portal_was_left_open(shop: Shop, alice: Browser) -> None:
    """Ended at once in the portal, bought anew in another tab, then back from the portal."""
    buy_plan(shop, alice)
    address = visit_portal(shop, alice)
    shop.stripe.cancel(bought(shop)[0]["id"])
    session = open_checkout(shop, alice, "Premium")
    shop.stripe.pay(session)
    said = come_back(alice, address)
    assert "ended" not in said
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"


def test_g12_what_is_said_after_the_last_day_by_the_clock(shop: Shop, alice: Browser) -> None:
    """No event has come at the end of a period that was the last: Free, and nothing renews."""
    buy_plan(shop, alice)
    name = bought(shop)[0]["id"]
    shop.stripe.cancel(name, cancel_at=int(time.time()) + 2 * DAY)
    shop.deliver_pending()
    let_time_pass(shop.db, alice.user_id, 3 * DAY)
    text = plan_card_text(alice)
    assert "Free" in text
    assert "Renews" not in text
    assert "Ends" not in text


def test_g14_the_declined_upgrade_is_told_until_stripe_gives_up(shop: Shop, alice: Browser) -> None:
    """The card says until when Plus is paid; then it is gone, and nothing says why."""
    subscription = pay_for(shop, alice, 30, "year")
    decline_upgrade(shop, subscription, 10 * DAY)
    end = format_day(paid_until(shop, subscription))
    assert f"After that you are on Plus, which is paid until {end}." in plan_card_text(alice)
    shop.stripe.now = int(time.time())
    shop.stripe.cancel(subscription)
    shop.deliver_pending()
    assert "Plus" in plan_card_text(alice)


def test_g15_a_link_of_premium_is_paid_twice_in_one_browser_by_reload(
    shop: Shop, buyer: Browser
) -> None:
    """The address of the link is loaded again after the payment was confirmed here."""
    shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    again = open_link_without_press(shop, buyer)
    shop.stripe.pay(again)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"
    assert "several live subscriptions" in run_billing_command(shop.app, "reconcile").output


def test_g16_the_rest_of_a_higher_plan_after_a_change_down_is_declined(
    shop: Shop, alice: Browser
) -> None:
    """Premium is paid for the month; a change to Plus by the year is declined: Premium is paid."""
    shop.stripe.now = int(time.time()) - 10 * DAY
    name = shop.subscribe(alice.user_id, Plan.PREMIUM)["id"]
    shop.deliver_pending()
    yearly = add_price(shop, Plan.PLUS, 5400, interval="year")
    shop.stripe.now = int(time.time()) - DAY
    shop.stripe.decline_upgrade(name, yearly)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Premium"


# What was seen active is not what was paid: Stripe begins a period about an hour before it charges


def begin_next_period(shop: Shop, name: str, ago: int) -> None:
    """Begin a period as Stripe does: active, the invoice a draft; nothing has been charged yet.

    https://docs.stripe.com/billing/subscriptions/webhooks#understand: the invoice stays a draft
    for about an hour, and customer.subscription.updated comes as the period changes.
    """
    shop.stripe.now = int(time.time()) - ago
    items = shop.stripe.get("subscription", name)["items"]
    for item in items["data"]:
        recurring = item["price"]["recurring"]
        start = item["current_period_end"]
        item["current_period_start"] = start
        item["current_period_end"] = period_end(start, start, recurring)
    shop.stripe.update("subscription", name, items=items)
    shop.deliver_pending()


@pytest.mark.parametrize(("every", "days"), [("month", 0), ("year", 0)])
def test_h1_a_renewal_that_fails_an_hour_later(
    shop: Shop, alice: Browser, every: str, days: int
) -> None:
    """The grace is over; the new period was never paid, whatever was seen in its first hour."""
    length = 365 if every == "year" else 31
    name = pay_for(shop, alice, length + 20 + days, every)
    begin_next_period(shop, name, 20 * DAY)
    shop.stripe.now = int(time.time()) - 20 * DAY + 3600
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    assert shop.stripe.get("subscription", name)["status"] == "past_due"
    text = plan_card_text(alice)
    assert "that is paid for" not in text, text
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


def test_h2_an_upgrade_by_the_bank_that_fails_after_days(shop: Shop, alice: Browser) -> None:
    """While a bank pays for an upgrade Stripe says active; then it is past due: Plus was paid."""
    name = pay_for(shop, alice, 100, "year")
    shop.stripe.now = int(time.time()) - 30 * DAY
    shop.stripe.change_plan(name, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    shop.stripe.now = int(time.time()) - 20 * DAY
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"
    assert "Premium stays until" not in plan_card_text(alice)


@pytest.mark.parametrize("days", [3, 10, 15])
def test_h3_a_bank_that_says_no_after_days_leaves_a_grace(
    shop: Shop, alice: Browser, days: int
) -> None:
    """The renewal's invoice is so many days old when it becomes past due: the grace begins then."""
    name = pay_for(shop, alice, 31 + days)
    begin_next_period(shop, name, days * DAY)
    with shop.stripe.lock:
        subscription = shop.stripe._objects[name]
        invoice = shop.stripe._invoice(subscription, False, "cycle")
        shop.stripe.now = int(time.time())
        shop.stripe._emit("invoice.payment_failed", invoice)
        shop.stripe._change(
            subscription,
            "customer.subscription.updated",
            status="past_due",
            latest_invoice=invoice["id"],
        )
    shop.deliver_pending()
    paid = shop.db.hget(alice.key("stats"), "paid")
    until = int(re.search(r"Plus:(\d+)", paid)[1])
    assert until >= time.time() + GRACE - 3600, (until - time.time()) / DAY


def test_h4_change_to_what_one_owes(shop: Shop, alice: Browser) -> None:
    """Past due and beyond the grace: the page offers a change to the plan that is not paid."""
    name = pay_for(shop, alice, 50)
    shop.stripe.declining.add(shop.stripe.get("subscription", name)["customer"])
    shop.stripe.advance(49 * DAY)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    assert "Change to Plus" not in of_plan(alice, "Plus")


def test_h5_an_answer_with_older_knowledge_of_a_link_payer(
    shop: Shop, buyer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier ticket asks after a later one has written; the product changed between."""
    paid = shop.stripe.pay(open_link(shop, buyer))
    send_of_type(shop, "checkout.session.completed")
    shop.db.hdel(buyer.key("billing"), "subscriptions")
    first, second = shop.stripe.undelivered()[-2:]
    ask = sync._subscriptions_now

    def ask_late(*args: Any) -> Any:
        monkeypatch.setattr(sync, "_subscriptions_now", ask)
        renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
        other = threading.Thread(target=lambda: shop.send(first))
        other.start()
        other.join(20)
        shop.stripe.change_plan(paid["subscription"], renamed)
        return ask(*args)

    monkeypatch.setattr(sync, "_subscriptions_now", ask_late)
    shop.send(second)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_h6_a_renewal_that_is_paid_an_hour_later(shop: Shop, alice: Browser) -> None:
    name = pay_for(shop, alice, 40)
    begin_next_period(shop, name, 9 * DAY)
    shop.stripe.recover_payment(name)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert "did not go through" not in plan_card_text(alice)


@pytest.mark.parametrize("to", ["canceled", "unpaid"])
def test_h7_a_renewal_whose_last_try_has_failed(shop: Shop, alice: Browser, to: str) -> None:
    name = pay_for(shop, alice, 365 + 5, "year")
    begin_next_period(shop, name, 5 * DAY)
    shop.stripe.fail_payment(name)
    shop.stripe.fail_payment(name, to=to)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"


def test_h8_the_next_renewal_after_an_unpaid_one(shop: Shop, alice: Browser) -> None:
    """Past due is left as it is: each new month is seen as past due, and nothing comes back."""
    name = pay_for(shop, alice, 100)
    shop.stripe.declining.add(shop.stripe.get("subscription", name)["customer"])
    shop.stripe.advance(99 * DAY)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


def test_h9_a_trial_that_ends_and_is_not_paid_an_hour_later(shop: Shop, alice: Browser) -> None:
    """At its end a trial is active with a draft; then the card is refused: nothing was paid."""
    shop.stripe.now = int(time.time()) - 30 * DAY
    name = shop.subscribe(alice.user_id, trial_days=10)["id"]
    shop.deliver_pending()
    begin_next_period(shop, name, 20 * DAY)
    shop.stripe.update("subscription", name, status="active")
    shop.deliver_pending()
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


# Last tries


def test_i1_our_item_is_taken_out_of_a_bundle(shop: Shop, alice: Browser) -> None:
    """The product was not renamed: it is not sold any more, and nothing is paid for it."""
    session = open_checkout(shop, alice)
    customer = shop.stripe.get("checkout.session", session)["customer"]
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    bundle = shop.stripe.create_subscription(
        customer, [club, shop.prices[Plan.PLUS]], metadata={"user_id": alice.user_id}
    )
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    items = bundle["items"]
    items["data"] = [item for item in items["data"] if item["price"]["id"] == club]
    shop.stripe.update("subscription", bundle["id"], items=items)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"


def test_i2_what_is_told_while_a_renewal_is_not_paid(shop: Shop, alice: Browser) -> None:
    """Within the grace the card says what comes after it: a period that nobody has paid."""
    name = pay_for(shop, alice, 365 + 5, "year")
    begin_next_period(shop, name, 5 * DAY)
    shop.stripe.now = int(time.time()) - 5 * DAY + 3600
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    text = plan_card_text(alice)
    assert "which is paid until" not in text, text


def test_i3_a_renewal_that_fails_gives_a_grace_and_no_more(shop: Shop, alice: Browser) -> None:
    name = pay_for(shop, alice, 365 + 5, "year")
    begin_next_period(shop, name, 5 * DAY)
    shop.stripe.now = int(time.time()) - 5 * DAY + 3600
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    paid = shop.db.hget(alice.key("stats"), "paid")
    ends = [int(end) for end in re.findall(r":(\d+)", paid)]
    assert max(ends) <= time.time() + GRACE, paid


def test_i4_an_upgrade_that_is_paid_is_paid(shop: Shop, alice: Browser) -> None:
    """As h2, but the money comes: Premium stays, and a later renewal has a grace of its own."""
    name = pay_for(shop, alice, 100, "year")
    shop.stripe.now = int(time.time()) - 30 * DAY
    shop.stripe.change_plan(name, shop.prices[Plan.PREMIUM])
    shop.stripe.recover_payment(name)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Premium"


def test_i5_renewal_by_renewal_nothing_is_given_that_is_not_paid(
    shop: Shop, alice: Browser
) -> None:
    """Three months are not paid; each began as active. The grace was given once, long ago."""
    name = pay_for(shop, alice, 31 + 95)
    for ago in (95, 64, 33):
        begin_next_period(shop, name, ago * DAY)
        shop.stripe.fail_payment(name)
        shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"


@pytest.mark.parametrize("number", range(1, 8))
def test_i8_a_card_pays_at_each_answer_of_the_return_page(
    shop: Shop, alice: Browser, number: int
) -> None:
    """Two tabs; the page of the first closes the second while that one is being paid."""
    premium, plus = open_checkout(shop, alice, "Premium"), open_checkout(shop, alice)
    shop.stripe.pay(plus)
    at_answer(shop, number, lambda: pay_and_deliver(shop, premium, bank=False))
    alice.get(f"/billing/return?plan=Plus&session_id={plus}")
    shop.server.on_answer = lambda request: None
    shop.deliver_pending()
    products = {one["items"]["data"][0]["price"]["product"] for one in bought(shop)}
    highest = max((shop.products[product] for product in products), key=lambda plan: plan.rank)
    assert shop.plan(alice.user_id) == highest
    if len(bought(shop)) == 2:
        assert "several live subscriptions" in run_billing_command(shop.app, "reconcile").output


def test_i9_a_second_plan_is_told_to_who_pays_for_it(shop: Shop, alice: Browser) -> None:
    """Two of the same plan: nothing on the pages says that money is taken twice."""
    shop.subscribe(alice.user_id)
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    text = plans_text(alice) + plan_card_text(alice)
    assert re.search(r"two|twice|£12", of_plan(alice, "Plus") + plan_card_text(alice)), text


def test_i10_ending_one_of_two_is_not_told_as_the_end(shop: Shop, alice: Browser) -> None:
    """Plus is paid twice; one is ended for its period's end: the other goes on, and costs."""
    first = shop.subscribe(alice.user_id)["id"]
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    shop.stripe.cancel(first, at_period_end=True)
    said = come_back(alice, address)
    assert "ends on" not in said
    assert "Renews" in plan_card_text(alice)


def test_i12_a_trial_that_is_ended_costs_nothing(shop: Shop, alice: Browser) -> None:
    name = shop.subscribe(alice.user_id, trial_days=7)["id"]
    shop.deliver_pending()
    shop.stripe.cancel(name, at_period_end=True)
    shop.deliver_pending()
    assert "Ends" in plan_card_text(alice)
    assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_i13_renews_is_said_of_what_is_renewed(shop: Shop, alice: Browser) -> None:
    """In the hour between a period's begin and its charge the next payment is not in a year."""
    name = pay_for(shop, alice, 365, "year")
    begin_next_period(shop, name, 600)
    assert "Renews" in plan_card_text(alice)
    assert shop.plan(alice.user_id) == "Plus"


@pytest.mark.parametrize("mended_by", ["events", "replay", "reconcile"])
def test_j1_a_paid_renewal_of_which_no_event_came(
    shop: Shop, alice: Browser, mended_by: str
) -> None:
    """The year was paid while no event arrived; then an upgrade is declined, its grace is over."""
    name = pay_for(shop, alice, 365 + 100, "year")
    shop.stripe.advance(366 * DAY)
    shop.stripe.mark_delivered(*[event["id"] for event in shop.stripe.undelivered()])
    shop.stripe.now = int(time.time()) - 20 * DAY
    shop.stripe.decline_upgrade(name, shop.prices[Plan.PREMIUM])
    if mended_by == "replay":
        run_billing_command(shop.app, "replay")
    elif mended_by == "reconcile":
        run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    else:
        shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


def test_j2_a_later_ticket_that_knows_less(
    shop: Shop, buyer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two first events of a link's sale at once; the product is renamed between their reads."""
    paid = shop.stripe.pay(open_link(shop, buyer))
    send_of_type(shop, "checkout.session.completed")
    shop.db.hdel(buyer.key("billing"), "subscriptions")
    shop.db.hset(buyer.key("stats"), "paid", "")
    *_, first, second = shop.stripe.undelivered()
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    ask, apply, asked, go_on = sync._subscriptions_now, sync._apply, [], threading.Event()
    ticket_taken = threading.Event()

    def ask_in_turn(*args: Any) -> Any:
        asked.append(1)
        if len(asked) == 2:
            ticket_taken.set()
            go_on.wait(20)
        return ask(*args)

    def apply_first(*args: Any) -> Any:
        monkeypatch.setattr(sync, "_apply", apply)
        other = threading.Thread(target=lambda: shop.send(second))
        other.start()
        ticket_taken.wait(20)
        outcome = apply(*args)
        shop.stripe.change_plan(paid["subscription"], renamed)
        go_on.set()
        other.join(20)
        return outcome

    monkeypatch.setattr(sync, "_subscriptions_now", ask_in_turn)
    monkeypatch.setattr(sync, "_apply", apply_first)
    shop.send(first)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"


def test_j3_the_last_day_of_a_year_by_the_clock_while_events_are_late(
    shop: Shop, alice: Browser
) -> None:
    """Nothing ends by the clock that renews."""
    pay_for(shop, alice, 364, "year")
    let_time_pass(shop.db, alice.user_id, 10 * DAY)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"
    assert "Renews" not in plan_card_text(alice)


def test_j4_ended_by_stripe_for_a_payment_and_bought_again(shop: Shop, alice: Browser) -> None:
    name = pay_for(shop, alice, 40)
    shop.stripe.now = int(time.time())
    shop.stripe.fail_payment(name, to="canceled")
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Free"
    buy_plan(shop, alice)
    assert shop.plan(alice.user_id) == "Plus"
    assert len(bought(shop)) == 1


def test_j8_an_upgrade_by_the_bank_is_told_as_paid(shop: Shop, alice: Browser) -> None:
    """As h2, within the grace: what is said to come after it was never paid."""
    name = pay_for(shop, alice, 100, "year")
    shop.stripe.now = int(time.time()) - 10 * DAY
    shop.stripe.change_plan(name, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    shop.stripe.now = int(time.time()) - 5 * DAY
    shop.stripe.fail_payment(name)
    shop.deliver_pending()
    assert "Premium, which is paid until" not in plan_card_text(alice)


def test_k1_a_card_that_asks_for_more_and_is_left(shop: Shop, alice: Browser) -> None:
    """3-D Secure is begun and left: the session is open, its subscription incomplete."""
    session = open_checkout(shop, alice)
    stored = shop.stripe.get("checkout.session", session)
    named = {name: stored["metadata"][name] for name in ("user_id", "plan", "seller")}
    shop.stripe.create_subscription(
        stored["customer"], [shop.prices[Plan.PLUS]], status="incomplete", metadata=named
    )
    shop.deliver_pending()
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert "Your payment is on its way." not in visible_text(answer.text)


@pytest.mark.parametrize("sold_by", ["checkout", "link"])
def test_k2_a_bank_that_has_refused_is_not_on_its_way(
    shop: Shop, alice: Browser, sold_by: str
) -> None:
    """The event says that the payment failed; the subscription is incomplete for 23 hours."""
    if sold_by == "link":
        shop.app = app_with_settings(shop, stripe_payment_links=LINKS)
        alice = in_shop(shop, alice)
    session = open_link(shop, alice) if sold_by == "link" else open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.stripe.settle(session, succeeded=False)
    shop.deliver_pending()
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert "Your payment is on its way." not in visible_text(answer.text)


def test_k5_a_declined_renewal_and_a_second_plan_by_a_press(shop: Shop, alice: Browser) -> None:
    """Past due and beyond the grace: pressing leads to the portal, never to a second one."""
    name = pay_for(shop, alice, 60)
    shop.stripe.declining.add(shop.stripe.get("subscription", name)["customer"])
    shop.stripe.advance(59 * DAY)
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Free"
    for plan in ("Plus", "Premium"):
        assert start_checkout(alice, plan).startswith(PORTAL)


def test_k6_stripe_gave_up_and_the_old_invoice_is_paid_after_all(
    shop: Shop, alice: Browser
) -> None:
    """`unpaid`, bought again (Stripe counts it as active in "Limit customers to one")."""
    name = pay_for(shop, alice, 40)
    shop.stripe.now = int(time.time())
    shop.stripe.fail_payment(name, to="unpaid")
    shop.deliver_pending()
    location = alice.post("/billing/checkout", {"plan": "Plus"}).location or ""
    assert not location.startswith(CHECKOUT)


@pytest.mark.parametrize("sold_by", ["checkout", "link"])
def test_k7_a_payer_whose_stats_were_made_anew_is_not_sold_a_second_one(
    shop: Shop, sold_by: str
) -> None:
    """As b16: nothing is shown as paid, yet pressing finds what is."""
    links = LINKS if sold_by == "link" else {}
    shop.app = app_with_settings(shop, stripe_payment_links=links)
    alice = sign_up(shop.app, "Alice")
    session = open_link(shop, alice) if links else open_checkout(shop, alice)
    shop.stripe.pay(session)
    handle_user_logout(shop.db, alice.user_id, delete_stats=True)
    shop.deliver_pending()
    create_user_stats(shop.db, alice.user_id)
    assert start_checkout(alice).startswith(PORTAL)


@pytest.mark.parametrize("sold_by", ["checkout", "link"])
def test_k8_what_is_paid_while_there_are_no_stats(shop: Shop, sold_by: str) -> None:
    """The events come between the end of the stats and the new ones: 200, and nothing is kept."""
    links = LINKS if sold_by == "link" else {}
    shop.app = app_with_settings(shop, stripe_payment_links=links)
    alice = sign_up(shop.app, "Alice")
    session = open_link(shop, alice) if links else open_checkout(shop, alice)
    shop.stripe.pay(session)
    handle_user_logout(shop.db, alice.user_id, delete_stats=True)
    shop.deliver_pending()
    create_user_stats(shop.db, alice.user_id)
    run_billing_command(shop.app, "reconcile", "--fix")
    assert shop.plan(alice.user_id) == "Plus"


def test_k10_reconcile_binds_the_customer_of_a_bundle(shop: Shop, alice: Browser) -> None:
    """As c1, by the operator's command: their user of that number becomes ours."""
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(
        customer, [club, shop.prices[Plan.PLUS]], metadata={"user_id": alice.user_id, "app": "club"}
    )
    run_billing_command(shop.app, "reconcile", "--fix")
    assert user_of_customer(shop.db, customer) is None


def test_k11_going_back_from_a_declined_upgrade_after_the_renewal_hour(
    shop: Shop, alice: Browser
) -> None:
    """The renewal is paid; an upgrade is declined and taken back: Plus is paid for the month."""
    name = pay_for(shop, alice, 40)
    begin_next_period(shop, name, 9 * DAY)
    shop.stripe.recover_payment(name)
    shop.deliver_pending()
    shop.stripe.now = int(time.time()) - 2 * DAY
    shop.stripe.decline_upgrade(name, shop.prices[Plan.PREMIUM])
    shop.deliver_pending()
    shop.stripe.now = int(time.time())
    shop.stripe.go_back(name, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert "did not go through" not in plan_card_text(alice)


def make_stats_anew(shop: Shop, browser: Browser) -> None:
    """Delete somebody's stats, as a log-out may, and make new ones."""
    handle_user_logout(shop.db, browser.user_id, delete_stats=True)
    create_user_stats(shop.db, browser.user_id)


@pytest.mark.parametrize("how", ["plan", "press", "deletion"])
def test_k13_a_renamed_link_payer_whose_stats_are_made_anew(
    shop: Shop, buyer: Browser, how: str
) -> None:
    """What was known of the subscription went with the stats: it is ours no more."""
    paid = shop.stripe.pay(open_link(shop, buyer))
    shop.deliver_pending()
    renamed = shop.stripe.add_product("Renamed", currency="gbp")["default_price"]
    shop.stripe.change_plan(paid["subscription"], renamed)
    shop.deliver_pending()
    assert shop.plan(buyer.user_id) == "Plus"
    make_stats_anew(shop, buyer)
    if how == "plan":
        shop.stripe.update("subscription", paid["subscription"], description="again")
        shop.deliver_pending()
        assert shop.plan(buyer.user_id) == "Plus"
    elif how == "press":
        assert not start_checkout(buyer).startswith(LINK)
    else:
        assert delete_account(buyer) == 303
        assert not bought(shop)


def test_k14_the_test_key_after_stats_were_made_anew(valkey: redis.Redis) -> None:
    """What says that real money is paid went with the stats."""
    real_stripe, test_stripe = Stripe(livemode=True), Stripe(seed=9)
    with StripeServer(real_stripe) as a, StripeServer(test_stripe) as b:
        shop, test = Shop(real_stripe, a, valkey), Shop(test_stripe, b, valkey)
        alice = sign_up(shop.app, "Alice")
        buy_plan(shop, alice)
        make_stats_anew(shop, alice)
        in_shop(test, alice).post("/billing/checkout", {"plan": "Premium"})
        assert start_checkout(alice, "Premium").startswith(PORTAL)


def test_k15_an_overdue_years_rest_after_stats_were_made_anew(shop: Shop, alice: Browser) -> None:
    """A declined upgrade, the grace is over, the year is paid: and the stats are made anew."""
    name = pay_for(shop, alice, 200, "year")
    decline_upgrade(shop, name, 15 * DAY)
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"
    make_stats_anew(shop, alice)
    shop.stripe.update("subscription", name, description="again")
    shop.deliver_pending()
    assert displayed_stats(alice.get("/dashboard"))["plan"] == "Plus"


def test_k16_deleting_after_stats_were_made_anew(shop: Shop, alice: Browser) -> None:
    buy_plan(shop, alice)
    make_stats_anew(shop, alice)
    assert delete_account(alice) == 303
    assert not bought(shop)
