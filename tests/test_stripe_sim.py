"""The simulated Stripe behaves towards the real stripe-python client as Stripe does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe_sim import Stripe, StripeServer, deliver
from tests.stripe_sim.objects import period_end
from tests.stripe_sim.spec import REQUIRED, missing

NOW = 1_790_000_000
SECRET = "whsec_test"
DAY = 86400


@pytest.fixture
def sim() -> Stripe:
    return Stripe(seed=1, now=NOW)


@pytest.fixture
def server(sim: Stripe) -> Iterator[StripeServer]:
    with StripeServer(sim) as server:
        yield server


@pytest.fixture
def client(server: StripeServer, monkeypatch) -> Iterator[stripe.StripeClient]:
    # With telemetry the library writes ~/.config/stripe/telemetry_id.
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    http = stripe.RequestsClient(timeout=5)
    yield stripe.StripeClient(server.key, base_addresses={"api": server.url}, http_client=http)
    http.close()


@pytest.fixture
def plus(sim: Stripe) -> dict:
    return sim.add_product("Plus", 900)


@pytest.fixture
def customer(sim: Stripe) -> str:
    return sim.create_customer(metadata={"user_id": "42"})["id"]


def checkout(
    client: stripe.StripeClient, customer: str, price: str, **change: object
) -> stripe.checkout.Session:
    params = {
        "mode": "subscription",
        "customer": customer,
        "client_reference_id": "token",
        "line_items": [{"price": price, "quantity": 1}],
        "metadata": {"of": "the session"},
        "subscription_data": {"metadata": {"user_id": "42"}},
        "success_url": "https://aira.example/billing/return?id={CHECKOUT_SESSION_ID}",
        "allow_promotion_codes": True,
    }
    return client.v1.checkout.sessions.create(params | change)


def statuses(sim: Stripe) -> list[str]:
    return [sub["status"] for sub in sim.all("subscription")]


def kinds(sim: Stripe) -> list[str]:
    return [event["type"] for event in sim.events]


class TestCheckout:
    def test_the_whole_way(self, sim, client, plus) -> None:
        product = client.v1.products.retrieve(plus["id"], {"expand": ["default_price"]})
        customer = client.v1.customers.create({"metadata": {"user_id": "42"}})
        session = checkout(client, customer.id, product.default_price.id)
        assert session.url.startswith("https://checkout.stripe.com/")
        assert session.success_url.endswith("{CHECKOUT_SESSION_ID}")
        assert sim.live_plan_products(customer.id) == set()

        sim.pay(session.id)

        assert sim.live_plan_products(customer.id) == {plus["id"]}
        paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
        assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
        assert paid.subscription.to_dict()["metadata"] == {"user_id": "42"}
        assert sim.success_url(session.id).endswith(f"id={session.id}")
        assert kinds(sim) == [
            "customer.created",
            "customer.subscription.created",
            "customer.subscription.updated",
            "invoice.paid",
            "checkout.session.completed",
        ]
        created, updated = sim.events[1:3]
        assert created["data"]["object"]["status"] == "incomplete"
        assert updated["data"]["previous_attributes"] == {"status": "incomplete"}
        assert {event["created"] for event in sim.events} == {NOW}

    @pytest.mark.parametrize(("succeeded", "status"), [(True, "active"), (False, "incomplete")])
    def test_an_asynchronous_payment(self, sim, client, customer, plus, succeeded, status) -> None:
        session = checkout(client, customer, plus["default_price"])
        sim.pay(session.id, asynchronous=True)
        assert statuses(sim) == ["incomplete"]
        assert sim.events[-1]["data"]["object"]["payment_status"] == "unpaid"
        sim.settle(session.id, succeeded=succeeded)
        assert statuses(sim) == [status]
        outcome = "succeeded" if succeeded else "failed"
        assert kinds(sim)[-1] == f"checkout.session.async_payment_{outcome}"

    def test_an_open_session_can_be_found_again_and_expired(self, client, customer, plus) -> None:
        session = checkout(client, customer, plus["default_price"])
        listed = {"customer": customer, "status": "open", "expand": ["data.line_items"]}
        [found] = client.v1.checkout.sessions.list(listed).data
        assert found.line_items.data[0].price.id == plus["default_price"]
        assert client.v1.checkout.sessions.expire(session.id).status == "expired"
        assert client.v1.checkout.sessions.list(listed).data == []
        with pytest.raises(stripe.InvalidRequestError, match="Only open"):
            client.v1.checkout.sessions.expire(session.id)



class TestSubscriptions:
    def test_every_page_of_150_is_read(self, sim, server, client, customer, plus) -> None:
        made = [sim.create_subscription(customer, [plus["default_price"]]) for _ in range(150)]
        sim.create_subscription(sim.create_customer()["id"], [plus["default_price"]])
        for limit, pages in (({}, 15), ({"limit": 100}, 2)):
            server.requests.clear()
            listed = client.v1.subscriptions.list({"customer": customer, "status": "all", **limit})
            ids = [sub.id for sub in listed.auto_paging_iter()]
            assert ids == [sub["id"] for sub in reversed(made)]
            assert len(server.requests) == pages
        before = client.v1.subscriptions.list({"ending_before": made[50]["id"], "limit": 3})
        assert [sub.id for sub in before.data] == [made[n]["id"] for n in (53, 52, 51)]
        assert before.has_more

    def test_canceled_ones_are_hidden_unless_asked_for(self, sim, client, customer, plus) -> None:
        price = plus["default_price"]
        for status in ("active", "incomplete_expired", "paused"):
            sim.create_subscription(customer, [price], status=status)
        sim.cancel(sim.create_subscription(customer, [price])["id"])

        def listed(**filters: str) -> set[str]:
            found = client.v1.subscriptions.list({"customer": customer, **filters})
            return {sub.status for sub in found.data}

        assert listed() == {"active", "incomplete_expired", "paused"}
        assert listed(status="all") == {"active", "incomplete_expired", "paused", "canceled"}
        assert listed(status="ended") == {"incomplete_expired", "canceled"}
        assert listed(status="paused", price=price) == {"paused"}

    def test_canceling_at_the_end_and_by_date(self, sim, client, customer, plus) -> None:
        sub = sim.create_subscription(customer, [plus["default_price"]])
        end = sub["items"]["data"][0]["current_period_end"]
        changed = client.v1.subscriptions.update(sub["id"], {"cancel_at_period_end": True})
        assert (changed.cancel_at_period_end, changed.cancel_at) == (True, end)
        changed = client.v1.subscriptions.update(sub["id"], {"cancel_at_period_end": False})
        assert (changed.cancel_at, changed.canceled_at) == (None, None)
        changed = client.v1.subscriptions.update(sub["id"], {"cancel_at": NOW + DAY})
        assert (changed.cancel_at_period_end, changed.cancel_at) == (False, NOW + DAY)
        sim.advance(DAY - 1)
        assert statuses(sim) == ["active"]
        sim.advance(1)
        assert statuses(sim) == ["canceled"]
        assert kinds(sim)[-1] == "customer.subscription.deleted"

    def test_canceling_twice_is_not_found(self, client, sim, customer, plus) -> None:
        sub = sim.create_subscription(customer, [plus["default_price"]])["id"]
        assert client.v1.subscriptions.cancel(sub).status == "canceled"
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.subscriptions.cancel(sub)
        assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)

    def test_a_deleted_customer(self, sim, client, customer, plus) -> None:
        sub = sim.create_subscription(customer, [plus["default_price"]])["id"]
        assert client.v1.customers.delete(customer).deleted
        gone = client.v1.customers.retrieve(customer).to_dict()
        assert gone == {"id": customer, "object": "customer", "deleted": True}
        assert kinds(sim)[-2:] == ["customer.subscription.deleted", "customer.deleted"]
        listed = client.v1.subscriptions.list({"customer": customer, "status": "all"})
        assert [(found.id, found.status) for found in listed.data] == [(sub, "canceled")]
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            checkout(client, customer, plus["default_price"])



class TestErrors:
