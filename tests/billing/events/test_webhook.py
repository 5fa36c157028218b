"""The webhook's door: who signed what, when, and what is not ours."""

import json
import time
from dataclasses import replace

import pytest
from stripe import WebhookSignature

from app import create_app
from stats.store.client import connect
from tests.billing.conftest import SECRET, Shop
from tests.stripe_sim import deliver


def sign(body: str, secret: str = SECRET, timestamp: int | None = None) -> dict[str, str]:
    return {"Stripe-Signature": WebhookSignature.generate_signature_header(body, secret, timestamp)}


@pytest.fixture
def body(shop: Shop) -> str:
    """An event of a kind that nothing is done for."""
    return json.dumps(
        {"id": "evt_1", "type": "plan.created", "livemode": False, "data": {"object": {"id": "x"}}}
    )


@pytest.mark.parametrize("secret", [SECRET, "whsec_the_new_one"])
def test_it_takes_any_of_the_rotated_secrets(shop: Shop, body: str, secret: str) -> None:
    assert shop.post(body.encode(), sign(body, secret)) == 200


def test_it_takes_a_signature_that_is_299_seconds_old(shop: Shop, body: str) -> None:
    assert shop.post(body.encode(), sign(body, timestamp=int(time.time()) - 299)) == 200


@pytest.mark.parametrize("seconds", [-302, 86_400, 302])
def test_it_refuses_a_signature_from_another_time(shop: Shop, body: str, seconds: int) -> None:
    moment = int(time.time()) + seconds
    assert shop.post(body.encode(), sign(body, timestamp=moment)) == 400


def test_it_refuses_every_other_signature(shop: Shop, body: str) -> None:
    good = sign(body)["Stripe-Signature"]
    stamp, _, signature = good.partition(",")
    future = f"t={int(time.time()) + 86_400}"
    for header in (
        "",
        "nonsense",
        stamp,
        signature,
        good.replace("v1=", "v0="),
        sign(body, "whsec_of_somebody_else")["Stripe-Signature"],
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        f"{future},{good}",
    ):
        assert shop.post(body.encode(), {"Stripe-Signature": header}) == 400, header
    assert shop.post(body.encode(), {}) == 400
    assert shop.post(body.encode() + b" ", sign(body)) == 400


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '"x"', '{"id": 1}', '{"id":"e","type":"t","data":{}}']
)
def test_it_refuses_a_signed_body_that_is_no_event(shop: Shop, text: str) -> None:
    assert shop.post(text.encode(), sign(text)) == 400


def test_it_refuses_a_body_that_is_not_utf_8(shop: Shop, body: str) -> None:
    assert shop.post(b"\xff\xfe" + body.encode(), sign(body)) == 400


def test_it_takes_nothing_unverified_without_a_secret(shop: Shop, body: str) -> None:
    bare = create_app(replace(shop.settings, stripe_webhook_secrets=()), shop.db)
    answer = bare.test_client().post("/api/webhooks/stripe", data=body, headers=sign(body))
    assert answer.status_code == 503


def test_it_ignores_an_event_of_the_other_mode(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    event = {**shop.next_subscription_event(), "livemode": True}
    assert shop.send(event) == 200
    assert shop.plan(alice) == "Free"


def test_it_keeps_what_fits_no_user_for_the_operator(shop: Shop) -> None:
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(customer, [next(iter(shop.prices.values()))])
    shop.deliver_pending()
    kept = shop.orphans()
    assert {row["customer"] for row in kept.values()} == {customer}
    assert {row["why"] for row in kept.values()} == {"no user"}


def test_it_never_binds_a_customer_to_a_second_user(shop: Shop) -> None:
    alice, bob = shop.user("alice"), shop.user("bob")
    subscription = shop.subscribe(alice)
    shop.deliver_pending()
    shop.stripe.update("subscription", subscription["id"], metadata={"user_id": bob})
    shop.deliver_pending()
    assert shop.plan(alice) == "Plus"
    assert shop.plan(bob) == "Free"


def test_it_believes_no_reference_that_it_did_not_sign(shop: Shop) -> None:
    alice = shop.user()
    link = shop.stripe.open_payment_link(next(iter(shop.prices.values())), alice)
    shop.stripe.pay(link["id"])
    shop.deliver_pending()
    assert shop.plan(alice) == "Free"
    assert shop.orphans()


def test_it_answers_json_when_redis_is_away(shop: Shop, body: str) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    raw, headers = deliver(shop.next_subscription_event(), SECRET)
    away = create_app(shop.settings, connect("redis://127.0.0.1:1"))
    answer = away.test_client().post("/api/webhooks/stripe", data=raw, headers=headers)
    assert answer.status_code == 503
    assert answer.get_json()["error"]
    assert shop.post(raw, headers) == 200
    assert shop.plan(alice) == "Plus"


def test_it_gives_up_on_a_hanging_stripe_without_taking_all_threads(shop: Shop) -> None:
    """Two deliveries may wait; a third one is sent away while they do."""
    alice = shop.user()
    shop.subscribe(alice)
    event = shop.next_subscription_event()
    gateway = shop.app.extensions["aira"].gateway
    with gateway._limit.slot(), gateway._limit.slot():
        assert shop.send(event) == 503
    assert shop.send(event) == 200
