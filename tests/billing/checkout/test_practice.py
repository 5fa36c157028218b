"""The practice checkout: the whole way through the real webhook, with no money moving."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis
from flask import Flask
from stripe import WebhookSignature

from stats.billing import webhook
from stats.billing.gateways import practice_gateway
from stats.billing.gateways.practice_gateway import MONTH
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    BASE_SETTINGS,
    DAY,
    EMBEDDED_SETTINGS,
    SERVICE_HEADERS,
    create_test_app,
    format_day,
    let_time_pass,
    plan_card_text,
)
from tests.web.helpers import HTMX_HEADERS, Browser, displayed_stats, poll_url, sign_up

PAGE = "/billing/practice"


@pytest.fixture
def app(valkey: redis.Redis) -> Flask:
    """The app in embedded mode without a Stripe key."""
    return create_test_app(EMBEDDED_SETTINGS, valkey)


@pytest.fixture
def alice(app: Flask) -> Browser:
    """Alice, who has just signed up."""
    return sign_up(app, "Alice")


def act(browser: Browser, action: str, plan: str = "") -> int:
    """Press a button of the practice page; return the status of the answer."""
    answer = browser.post(PAGE, {"action": action, **({"plan": plan} if plan else {})})
    if answer.status_code == 303:
        back = f"/billing/return?plan={plan or 'Plus'}&session_id=practice"
        assert answer.location == (back if action == "pay" else "/plans?after=portal")
    return answer.status_code


def plan(app: Flask, browser: Browser) -> str:
    """Return the plan that everybody sees: the API with a key, the session, the dashboard."""
    path = f"/api/entitlements?userId={browser.user_id}"
    seen = app.test_client().get(path, headers=SERVICE_HEADERS).json["plan"]
    assert browser.get("/api/entitlements").json["plan"] == seen
    assert displayed_stats(browser.get("/dashboard/stats"))["plan"] == seen
    return str(seen)


def stored(db: redis.Redis, browser: Browser) -> list[dict[str, object]]:
    """Return the practice subscriptions that are kept with the user."""
    subscriptions: list[dict[str, object]] = json.loads(db.get(browser.key("practice")) or "[]")
    return subscriptions


def test_it_goes_the_whole_way(app: Flask, valkey: redis.Redis, alice: Browser) -> None:
    answer = alice.post("/billing/checkout", {"plan": "Plus"})
    assert (answer.status_code, answer.location) == (303, f"http://localhost{PAGE}?plan=Plus")
    page = alice.get(answer.location)
    assert "Practice, no money moves" in page.text
    assert "Aira Plus" in page.text
    assert plan(app, alice) == "Free"
    answer = alice.post(PAGE, {"action": "pay", "plan": "Plus"})
    assert "You have Plus now." in alice.get(answer.location).text
    assert plan(app, alice) == "Plus"
    # It came as an event, through the webhook and its script.
    [event] = valkey.zrange(alice.key("billing:done"), 0, -1)
    assert event.startswith("evt_practice_")
    assert not valkey.exists("billing:orphans")


def test_the_plans_say_once_that_nothing_is_paid(alice: Browser) -> None:
    page = alice.get("/plans").text
    assert page.count("Practice mode: nothing is paid, no card is needed.") == 1
    assert "In practice" not in page


def test_it_shows_each_step_within_one_poll(app: Flask, alice: Browser) -> None:
    ends = format_day(time.time() + MONTH)
    steps = [
        ("pay", "Plus", "Plus", f"Renews {ends}"),
        ("end", "", "Plus", f"Ends {ends}"),
        ("resume", "", "Plus", f"Renews {ends}"),
        ("change", "Premium", "Premium", f"Renews {ends}"),
        ("end", "", "Premium", f"Ends {ends}"),
        ("change", "Plus", "Plus", f"Ends {ends}"),
        ("finish", "", "Free", "Nothing to renew"),
        ("pay", "Premium", "Premium", f"Renews {ends}"),
    ]
    url = poll_url(alice.get("/dashboard"))
    for action, wanted, has, says in steps:
        assert alice.get(url, headers=HTMX_HEADERS).status_code == 204
        assert act(alice, action, wanted) == 303
        page = alice.get(url, headers=HTMX_HEADERS)
        assert page.status_code == 200
        url = poll_url(page)
        assert plan(app, alice) == has
        assert says in plan_card_text(alice), (action, plan_card_text(alice))
        costs = {"Free": "£0", "Plus": "£6 a month", "Premium": "£12 a month"}
        assert f"{has} {costs[has]} " in plan_card_text(alice)


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ([], "change"),
        ([], "end"),
        ([], "resume"),
        ([], "finish"),
        (["pay"], "pay"),
        (["pay", "end"], "pay"),
        (["pay", "finish"], "end"),
    ],
)
def test_it_refuses_what_does_not_fit(
    app: Flask, valkey: redis.Redis, alice: Browser, before: list[str], wrong: str
) -> None:
    for action in before:
        assert act(alice, action) == 303
    kept, has = stored(valkey, alice), plan(app, alice)
    answer = alice.post(PAGE, {"action": wrong, "plan": "Premium"})
    assert answer.status_code in (400, 422)
    assert "That does not fit your plan any more. Look at it again." in answer.text
    assert (stored(valkey, alice), plan(app, alice)) == (kept, has)


def test_it_refuses_nonsense(valkey: redis.Redis, alice: Browser) -> None:
    wrong = [{}, {"action": ""}, {"action": "steal"}, {"plan": "Plus"}]
    wrong += [{"action": "pay", "plan": name} for name in ("Free", "plus", "Gold")]
    for data in wrong:
        assert alice.post(PAGE, data).status_code in (400, 422), data
    assert alice.client.post(PAGE, data={"action": "pay"}).status_code == 400
    assert alice.get(f"{PAGE}?plan=Gold").status_code == 400
    free = alice.get(f"{PAGE}?plan=Free")
    assert free.status_code == 200
    assert 'value="pay"' not in free.text
    assert stored(valkey, alice) == []


def test_it_exists_without_a_store_and_stripe_of_ones_own_alone(shop: Shop) -> None:
    with_key = replace(shop.settings, redis_url=None)
    for settings in (shop.settings, with_key, BASE_SETTINGS):
        app = create_test_app(settings, shop.db)
        browser = sign_up(app, f"Somebody{id(settings)}")
        assert browser.get(PAGE).status_code == 404
        assert browser.post(PAGE, {"action": "pay"}).status_code == 404
        assert PAGE not in browser.get("/plans").text
    answer = Browser(create_test_app(EMBEDDED_SETTINGS, shop.db)).get(PAGE)
    assert answer.status_code == 302
    assert answer.location.startswith("/login")


def test_it_takes_no_event_that_it_did_not_sign(app: Flask, alice: Browser) -> None:
    assert act(alice, "pay") == 303
    event = {
        "id": "evt_practice_forged",
        "type": "customer.subscription.deleted",
        "livemode": False,
        "data": {"object": {"object": "subscription", "metadata": {"user_id": alice.user_id}}},
    }
    body = json.dumps(event)
    for secret in ("", "whsec_", "whsec_of_the_tests", EMBEDDED_SETTINGS.secret_keys[0]):
        header = WebhookSignature.generate_signature_header(body, secret)
        headers = {"Stripe-Signature": header}
        answer = app.test_client().post("/api/webhooks/stripe", data=body, headers=headers)
        assert answer.status_code == 400


def test_it_asks_its_own_server_for_nothing(
    app: Flask, alice: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aira")
    assert act(alice, "pay") == 303
    routes = [line.facts["route"] for line in caplog.records if line.name == "aira.requests"]
    assert PAGE in routes
    assert "/api/webhooks/stripe" not in routes
    [event] = [line for line in caplog.records if line.message == "stripe.event"]
    assert event.facts["result"] == "applied"
    assert event.facts["type"] == "customer.subscription.created"


def test_its_events_are_verified(
    app: Flask, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TOLERANCE", -60)
    assert act(alice, "pay") == 503
    assert plan(app, alice) == "Free"


def test_it_makes_one_subscription_for_two_tabs_at_once(
    app: Flask, valkey: redis.Redis, alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, make = threading.Barrier(2), practice_gateway._subscription

    def meet(*args: object) -> object:
        both.wait(10)
        return make(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(practice_gateway, "_subscription", meet)
    tabs = [alice, Browser(app, alice.session)]
    assert all(tab.token for tab in tabs)
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(act, tabs, ["pay", "pay"], ["Plus", "Premium"]))
    assert sorted(statuses) in ([303, 400], [303, 422])
    assert len(stored(valkey, alice)) == 1
    assert plan(app, alice) == ("Plus" if statuses[0] == 303 else "Premium")


def test_it_ends_by_the_clock(app: Flask, valkey: redis.Redis, alice: Browser) -> None:
    assert act(alice, "pay") == 303
    assert act(alice, "end") == 303
    let_time_pass(valkey, alice.user_id, MONTH - DAY)
    assert plan(app, alice) == "Plus"
    assert f"Ends {format_day(time.time() + DAY)}" in plan_card_text(alice)
    let_time_pass(valkey, alice.user_id, DAY)
    assert plan(app, alice) == "Free"
    assert valkey.hget(alice.key("stats"), "plan") == "Free"
    assert "Nothing to renew" in plan_card_text(alice)
    assert 'value="pay"' in alice.get(f"{PAGE}?plan=Plus").text
    assert act(alice, "resume") in (400, 422)
    assert act(alice, "pay", "Premium") == 303
    assert plan(app, alice) == "Premium"


def test_it_renews_by_the_clock(app: Flask, valkey: redis.Redis, alice: Browser) -> None:
    assert act(alice, "pay") == 303
    let_time_pass(valkey, alice.user_id, 2 * MONTH + DAY)
    assert plan(app, alice) == "Plus"
    past = format_day(time.time() - MONTH - DAY)
    for page in (plan_card_text(alice), alice.get("/plans").text, alice.get(PAGE).text):
        assert past not in page
    assert act(alice, "end") == 303
    assert f"Ends {format_day(time.time() + MONTH - DAY)}" in plan_card_text(alice)


def test_it_leaves_nothing_behind(app: Flask, valkey: redis.Redis, alice: Browser) -> None:
    bob = sign_up(app, "Bob")
    for browser in (alice, bob):
        assert act(browser, "pay") == 303
    answer = alice.post("/settings/delete", {"confirm": "alice@example.com"})
    assert answer.status_code == 303
    left = [key for key in valkey.scan_iter() if alice.user_id in key or "alice" in key]
    assert left == []
    assert plan(app, bob) == "Plus"
    again = sign_up(app, "Alice")
    assert plan(app, again) == "Free"
    assert 'value="pay"' in again.get(PAGE).text


def test_it_keeps_one_users_practice_from_anothers(app: Flask, alice: Browser) -> None:
    bob = sign_up(app, "Bob")
    assert act(alice, "pay", "Premium") == 303
    assert act(bob, "end") in (400, 422)
    assert act(bob, "pay", "Plus") == 303
    assert (plan(app, alice), plan(app, bob)) == ("Premium", "Plus")
