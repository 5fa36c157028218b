"""The fifteen situations that billing must survive, by their numbers in the design."""

import logging
import threading

import pytest

from stats.accounts.deletion import handle_account_deletion
from stats.plans.plan import Plan
from stats.snapshot import user_stats_exist
from tests.billing.conftest import Shop
from tests.billing.helpers import SERVICE_HEADERS

DAY = 86_400


def test_it_survives_1_updated_active_before_created_incomplete(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice, status="incomplete")
    created = shop.stripe.undelivered()
    session = shop.stripe.all("subscription")[0]["id"]
    shop.stripe.update("subscription", session, status="active")
    updated = [event for event in shop.stripe.undelivered() if event not in created]
    assert set(shop.send_all([*updated, *created])) == {200}
    assert shop.plan(alice) == "Plus"


def test_it_survives_2_the_older_answer_written_last(shop: Shop) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice)
    first = shop.next_subscription_event()
    reached, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        # The answer is worked out; it is sent only when the newer one has been written.
        shop.server.on_answer = lambda request: None
        reached.set()
        assert go_on.wait(10)

    shop.server.on_answer = hold
    statuses: list[int] = []
    older = threading.Thread(target=lambda: statuses.append(shop.send(first)))
    older.start()
    assert reached.wait(10)
    shop.stripe.cancel(subscription["id"])
    ended = [e for e in shop.stripe.undelivered() if e["type"].endswith("deleted")]
    assert shop.send_all(ended) == [200]
    go_on.set()
    older.join(10)
    assert statuses == [200]
    assert shop.plan(alice) == "Free"


def test_it_survives_3_one_event_many_times_at_once(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    event = shop.next_subscription_event()
    before = int(shop.db.hget(f"user:{{{alice}}}:stats", "version"))
    assert shop.send_concurrently([event] * 20) == [200] * 20
    assert shop.plan(alice) == "Plus"
    # What is shown changed once: the subscription and the plan that it gives.
    assert int(shop.db.hget(f"user:{{{alice}}}:stats", "version")) == before + 2
    assert shop.db.zcard(f"user:{{{alice}}}:billing:done") == 1


def test_it_survives_4_a_crash_after_receipt(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    event = shop.next_subscription_event()
    with monkeypatch.context() as patch:
        patch.setattr("stats.billing.sync._apply", lambda *_: 1 / 0)
        assert shop.send(event) == 500
    assert shop.plan(alice) == "Free"
    assert shop.send(event) == 200
    assert shop.plan(alice) == "Plus"


def test_it_survives_5_an_old_subscription_deleted_while_another_is_live(shop: Shop) -> None:
    alice = shop.user()
    old = shop.subscribe(alice)
    shop.subscribe(alice, Plan.PREMIUM)
    shop.stripe.cancel(old["id"])
    shop.deliver_pending()
    assert shop.plan(alice) == "Premium"


def test_it_survives_6_an_expired_try_beside_a_live_subscription(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    shop.deliver_pending()
    shop.subscribe(alice, Plan.PREMIUM, status="incomplete")
    shop.stripe.advance(DAY)
    assert shop.stripe.all("subscription")[0]["status"] == "incomplete_expired"
    shop.deliver_pending()
    assert shop.plan(alice) == "Plus"


def test_it_survives_7_cancel_at_with_the_flag_false(shop: Shop) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice)
    ends = shop.stripe.now + 10 * DAY
    shop.stripe.cancel(subscription["id"], cancel_at=ends)
    shop.deliver_pending()
    assert shop.plan(alice) == "Plus"
    assert shop.db.hget(f"user:{{{alice}}}:stats", "paid") == f"Plus:{ends}"


@pytest.mark.parametrize("shape", ["new", "both", "old"])
def test_it_survives_8_either_place_of_the_period_end(shop: Shop, shape: str) -> None:
    alice = shop.user()
    shop.stripe.shape = shape  # type: ignore[assignment]
    subscription = shop.subscribe(alice)
    ends = shop.stripe.now + 31 * DAY
    shop.stripe.cancel(subscription["id"], at_period_end=True)
    shop.deliver_pending()
    assert shop.plan(alice) == "Plus"
    paid = shop.db.hget(f"user:{{{alice}}}:stats", "paid")
    assert abs(int(paid.partition(":")[2]) - ends) <= 4 * DAY


def test_it_survives_9_an_unmapped_price_on_a_payer(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice, Plan.PREMIUM)
    shop.deliver_pending()
    other = shop.stripe.add_product("Something else")["default_price"]
    shop.stripe.change_plan(subscription["id"], other)
    with caplog.at_level(logging.ERROR):
        shop.deliver_pending()
    assert shop.plan(alice) == "Premium"
    assert any(subscription["id"] in record.getMessage() for record in caplog.records)


def test_it_survives_11_two_tabs_that_both_paid(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    shop.subscribe(alice, Plan.PREMIUM)
    shop.deliver_pending()
    assert shop.plan(alice) == "Premium"
    runner = shop.app.test_cli_runner()
    result = runner.invoke(args=["billing", "reconcile"])
    assert result.exit_code == 1
    assert "several live subscriptions" in result.output


def test_it_survives_12_an_unpaid_asynchronous_checkout(shop: Shop) -> None:
    alice = shop.user()
    customer = shop.customer(alice)
    metadata = {"metadata": {"user_id": alice}}
    session = shop.stripe.open_session(
        [shop.prices[Plan.PLUS]], customer=customer, subscription_data=metadata
    )
    shop.stripe.pay(session["id"], asynchronous=True)
    shop.deliver_pending()
    assert shop.plan(alice) == "Free"
    shop.stripe.settle(session["id"])
    shop.deliver_pending()
    assert shop.plan(alice) == "Plus"


def test_it_survives_13_deletion_with_a_live_subscription(shop: Shop) -> None:
    alice = shop.user()
    subscription = shop.subscribe(alice)
    shop.deliver_pending()
    client = shop.app.test_client()
    shop.server.down = True
    assert client.delete(f"/api/users/{alice}", headers=SERVICE_HEADERS).status_code == 503
    assert user_stats_exist(shop.db, alice)
    shop.server.down = False
    assert client.delete(f"/api/users/{alice}", headers=SERVICE_HEADERS).status_code == 200
    assert shop.stripe.get("subscription", subscription["id"])["status"] == "canceled"
    assert not user_stats_exist(shop.db, alice)


def test_it_survives_14_late_events_of_a_deleted_user(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    shop.deliver_pending()
    shop.subscribe(alice, Plan.PREMIUM)
    handle_account_deletion(shop.db, alice)
    assert set(shop.send_all(shop.stripe.undelivered())) == {200}
    assert not shop.db.keys("user:*")


def test_it_survives_15_stripe_down_during_a_delivery(shop: Shop) -> None:
    alice = shop.user()
    shop.subscribe(alice)
    event = shop.next_subscription_event()
    shop.server.fail_next(1)
    assert shop.send(event) == 503
    shop.server.down = True
    assert shop.send(event) == 503
    assert shop.plan(alice) == "Free"
    shop.server.down = False
    assert shop.send(event) == 200
    assert shop.plan(alice) == "Plus"


def test_it_reads_every_page_of_a_customer_with_150_subscriptions(shop: Shop) -> None:
    alice = shop.user()
    # Stripe lists the newest first: the one that counts stands on the last page.
    shop.subscribe(alice, Plan.PREMIUM)
    for _ in range(149):
        shop.stripe.cancel(shop.subscribe(alice)["id"])
    assert shop.send(shop.next_subscription_event()) == 200
    assert shop.plan(alice) == "Premium"
