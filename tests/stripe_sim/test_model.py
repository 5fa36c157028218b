"""The simulated Stripe's own life, without HTTP."""

import pytest

from tests.stripe_sim.model import Stripe
from tests.stripe_sim.objects import period_end
from tests.stripe_sim.spec import REQUIRED, missing

NOW = 1_790_000_000
DAY = 86400


@pytest.fixture
def sim() -> Stripe:
    return Stripe(seed=1, now=NOW)


@pytest.fixture
def plus(sim: Stripe) -> dict:
    return sim.add_product("Plus", 900)


@pytest.fixture
def customer(sim: Stripe) -> str:
    return sim.create_customer(metadata={"user_id": "42"})["id"]


def test_a_payment_link_makes_its_own_customer(sim, plus) -> None:
    session = sim.open_payment_link(plus["default_price"], "signed-token")
    paid = sim.pay(session["id"], email="alice@example.com")
    assert paid["client_reference_id"] == "signed-token"
    assert sim.get("customer", paid["customer"])["email"] == "alice@example.com"


@pytest.mark.parametrize("shape", ["new", "both", "old"])
def test_where_the_period_stands(shape) -> None:
    sim = Stripe(shape=shape)
    price = sim.add_product("Plus")["default_price"]
    sub = sim.create_subscription(sim.create_customer()["id"], [price])
    assert ("current_period_end" in sub["items"]["data"][0]) == (shape != "old")
    assert ("current_period_end" in sub) == (shape != "new")
    assert ("subscription" in sim.events[-1]["data"]["object"]) == (shape != "new")


def test_time_passes(sim, customer, plus) -> None:
    price = plus["default_price"]
    trial = sim.create_subscription(customer, [price], trial_days=7)["id"]
    never = sim.create_subscription(customer, [price], status="incomplete")["id"]
    ending = sim.cancel(sim.create_subscription(customer, [price])["id"], at_period_end=True)
    sim.advance(23 * 3600)
    assert sim.get("subscription", never)["status"] == "incomplete_expired"
    sim.advance(7 * DAY)
    assert sim.get("subscription", trial)["status"] == "active"
    sim.declining.add(customer)
    sim.advance(32 * DAY)
    assert sim.get("subscription", ending["id"])["status"] == "canceled"
    assert sim.get("subscription", trial)["status"] == "past_due"
    assert sim.live_plan_products(customer) == {plus["id"]}
    assert sim.recover_payment(trial)["status"] == "active"
    assert sim.now == NOW + 39 * DAY + 23 * 3600
    times = [event["created"] for event in sim.events]
    assert times == sorted(times)


def test_plans_pauses_and_failures(sim, customer, plus) -> None:
    premium = sim.add_product("Premium", 1900)
    sub = sim.create_subscription(customer, [plus["default_price"]])["id"]
    sim.change_plan(sub, premium["default_price"])
    sim.pause(sub, collection_only=True)
    assert sim.live_plan_products(customer) == {premium["id"]}
    sim.pause(sub)
    assert sim.live_plan_products(customer) == set()
    assert sim.resume(sub)["status"] == "active"
    assert sim.fail_payment(sub)["status"] == "past_due"
    assert sim.fail_payment(sub, to="unpaid")["status"] == "unpaid"
    assert sim.live_plan_products(customer) == set()
    both = [plus["default_price"], premium["default_price"]]
    assert len(sim.create_subscription(customer, both)["items"]["data"]) == 2
    assert sim.live_plan_products(customer) == {plus["id"], premium["id"]}


def test_months_end_on_their_last_day() -> None:
    january_31 = 1_801_353_600
    monthly = {"interval": "month", "interval_count": 1}
    february_28 = period_end(january_31, january_31, monthly)
    assert february_28 == january_31 + 28 * DAY
    assert period_end(january_31, february_28, monthly) == january_31 + 59 * DAY
    assert period_end(january_31, NOW, {"interval": "week", "interval_count": 2}) > january_31


def test_a_dispute_names_no_customer(sim, customer, plus) -> None:
    sim.dispute(sim.create_subscription(customer, [plus["default_price"]])["id"])
    assert sim.events[-1]["type"] == "charge.dispute.created"
    assert "customer" not in sim.events[-1]["data"]["object"]


def test_every_object_has_the_required_fields(sim, plus) -> None:
    session = sim.open_payment_link(plus["default_price"])["id"]
    sim.settle(sim.pay(session, asynchronous=True)["id"])
    [sub] = sim.all("subscription")
    sim.fail_payment(sub["id"])
    sim.dispute(sub["id"])
    sim.open_portal(sub["customer"])
    sim.delete_customer(sub["customer"])
    for kind in REQUIRED:
        assert missing(sim.all(kind)) == []
    assert missing({"object": "price", "id": "price_1"})


def test_the_same_seed_makes_the_same_life() -> None:
    def life() -> list[dict]:
        sim = Stripe(seed=7, now=NOW)
        price = sim.add_product("Plus")["default_price"]
        sim.create_subscription(sim.create_customer()["id"], [price])
        sim.advance(90 * DAY)
        return sim.events

    assert life() == life()
