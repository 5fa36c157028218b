"""`flask billing replay`: events whose delivery failed are acted on after all."""

import json
import logging

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import run_billing_command


def version(shop: Shop, user_id: str) -> str:
    """Return what stands for everything that a page shows."""
    return str(shop.db.hget(f"user:{{{user_id}}}:stats", "version"))


def test_it_acts_on_what_was_not_delivered_and_twice_is_harmless(shop: Shop) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice)
    shop.deliver_pending()
    shop.stripe.change_plan(subscription["id"], shop.prices[Plan.PREMIUM])
    lost = [event["id"] for event in shop.stripe.undelivered()]
    result = run_billing_command(shop.app, "replay")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == lost
    assert shop.plan(alice) == "Premium"
    before = version(shop, alice)
    again = run_billing_command(shop.app, "replay")
    assert again.exit_code == 0
    assert all(line.endswith("done already") for line in again.stdout.splitlines())
    assert len(again.stdout.splitlines()) == len(lost)
    assert (shop.plan(alice), version(shop, alice)) == ("Premium", before)
    # And so is the delivery itself, when Stripe manages it at last.
    shop.deliver_pending()
    assert (shop.plan(alice), version(shop, alice)) == ("Premium", before)


def test_it_writes_a_line_for_each_event(shop: Shop) -> None:
    shop.subscribe(shop.user())
    result = run_billing_command(shop.app, "replay")
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {(line["event"], line["by"]) for line in lines} == {("stripe.event", "operator")}
    written = [f"{line['id']} {line['type']}: {line['result']}" for line in lines]
    assert written == result.stdout.splitlines()
    assert any(line.endswith(": applied") for line in written)


def test_it_tells_oldest_first_and_leaves_the_rest_alone(shop: Shop) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice)
    shop.stripe.cancel(subscription["id"])
    result = run_billing_command(shop.app, "replay")
    types = [line.split()[1].rstrip(":") for line in result.stdout.splitlines()]
    assert types[0] == "customer.subscription.created"
    assert types[-1] == "customer.subscription.deleted"
    assert "customer.created" not in types
    assert shop.plan(alice) == "Free"


def test_it_reads_every_page(shop: Shop) -> None:
    """The newest come first: Alice's stand on the last page, behind those of somebody else."""
    alice = shop.user()
    shop.subscribe(alice)
    stranger = shop.stripe.create_customer()["id"]
    other = shop.stripe.create_subscription(stranger, [shop.prices[Plan.PLUS]])["id"]
    for number in range(100):
        shop.stripe.update("subscription", other, metadata={"number": str(number)})
    result = run_billing_command(shop.app, "replay")
    assert result.stdout.count(": orphan\n") == 102
    assert result.stdout.count(": applied\n") == 2
    assert shop.plan(alice) == "Plus"


def test_it_goes_on_past_what_fits_no_user(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    stranger = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(stranger, [shop.prices[Plan.PLUS]])
    alice = shop.user()
    shop.subscribe(alice)
    with caplog.at_level(logging.ERROR):
        result = run_billing_command(shop.app, "replay")
    assert result.exit_code == 0
    assert "orphan" in result.output
    assert shop.plan(alice) == "Plus"
    assert {row["customer"] for row in shop.orphans().values()} == {stranger}


def test_it_can_be_run_again_after_stripe_went_away(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    shop.server.on_answer = lambda request: (
        shop.server.fail_next(1) if request.path == "/v1/events" else None
    )
    result = run_billing_command(shop.app, "replay")
    assert result.exit_code == 1
    assert "Stripe cannot be reached" in result.output
    shop.server.on_answer = lambda request: None
    assert run_billing_command(shop.app, "replay").exit_code == 0
    assert shop.plan(alice) == "Plus"
