"""The simulated Stripe behaves towards the real stripe-python client as Stripe does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe_sim import deliver
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer

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
        [open_session] = client.v1.checkout.sessions.list(listed).data
        assert open_session.line_items.data[0].price.id == plus["default_price"]
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
            page = client.v1.subscriptions.list({"customer": customer, **filters})
            return {sub.status for sub in page.data}

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
    @pytest.mark.parametrize(
        ("params", "code", "param"),
        [
            ({"stauts": "all"}, "parameter_unknown", "stauts"),
            ({"status": "live"}, None, "status"),
            ({"limit": 101}, "parameter_invalid_integer", "limit"),
            ({"limit": "ten"}, "parameter_invalid_integer", "limit"),
            ({"customer": "cus_other"}, "resource_missing", "customer"),
            ({"customer": ""}, "parameter_invalid_empty", "customer"),
            ({"starting_after": "sub_gone"}, "resource_missing", "starting_after"),
        ],
    )
    def test_bad_list_parameters(self, client, params, code, param) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.subscriptions.list(params)
        assert (caught.value.http_status, caught.value.code) == (400, code)
        assert caught.value.param == param
        assert caught.value.request_id.startswith("req_")

    @pytest.mark.parametrize(
        ("change", "code", "param"),
        [
            ({"mode": None}, "parameter_missing", "mode"),
            ({"line_items": [{"price": "x"}]}, "parameter_missing", "line_items[0][quantity]"),
            ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
            ({"subscription_data": {"meta": 1}}, "parameter_unknown", "subscription_data[meta]"),
            ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
            ({"metadata": {"note": "x" * 501}}, None, "metadata[note]"),
        ],
    )
    def test_bad_checkout_parameters(self, client, customer, plus, change, code, param) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            checkout(client, customer, plus["default_price"], **change)
        assert (caught.value.code, caught.value.param) == (code, param)

    def test_the_portal_wants_a_live_subscription_of_its_customer(
        self, sim, client, customer, plus
    ) -> None:
        mine = sim.create_subscription(customer, [plus["default_price"]])["id"]
        other = sim.create_subscription(sim.create_customer()["id"], [plus["default_price"]])["id"]

        def portal(sub: str) -> stripe.billing_portal.Session:
            flow = {"type": "subscription_update", "subscription_update": {"subscription": sub}}
            params = {"customer": customer, "return_url": "https://a.example", "flow_data": flow}
            return client.v1.billing_portal.sessions.create(params)

        assert portal(mine).url.startswith("https://billing.stripe.com/")
        with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
            portal(other)

    def test_keys_and_addresses(self, server, client) -> None:
        wrong = stripe.StripeClient("sk_test_wrong", base_addresses={"api": server.url})
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
            wrong.v1.customers.list()
        with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'") as caught:
            client.v1.customers.retrieve("cus_x")
        assert caught.value.http_status == 404
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            client.v1.coupons.list()

    def test_faults(self, sim, server, client) -> None:
        server.fail_next(status=503)
        with pytest.raises(stripe.APIError):
            client.v1.customers.list()
        server.fail_next(status=429)
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.list()
        server.down = True
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.list()
        server.down = False
        assert client.v1.customers.list().data == []
        hurried = stripe.StripeClient(
            server.key,
            base_addresses={"api": server.url},
            http_client=stripe.RequestsClient(timeout=0.05),
        )
        server.delay = 30
        with pytest.raises(stripe.APIConnectionError, match="timed out"):
            hurried.v1.customers.list()

    def test_an_answer_can_be_older_than_what_is_true_now(
        self, sim, server, client, customer, plus
    ) -> None:
        sub = sim.create_subscription(customer, [plus["default_price"]])["id"]
        server.on_answer = lambda request: sim.cancel(sub)
        assert client.v1.subscriptions.retrieve(sub).status == "active"
        assert statuses(sim) == ["canceled"]


class TestIdempotency:
    def test_the_same_key_makes_one_object(self, sim, client) -> None:
        options = {"idempotency_key": "once"}
        made = [client.v1.customers.create({"email": "a@b.c"}, options) for _ in range(2)]
        assert made[0].id == made[1].id
        assert made[1].last_response.headers["Idempotent-Replayed"] == "true"
        assert len(sim.all("customer")) == 1
        with pytest.raises(stripe.IdempotencyError, match="same parameters"):
            client.v1.customers.create({"email": "other@b.c"}, options)
        with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
            client.v1.customers.update(made[0].id, {"email": "a@b.c"}, options)

    def test_a_lost_answer_is_made_good_by_a_retry(self, sim, server, client, monkeypatch) -> None:
        monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *args: 0)
        server.fail_next(status=None, executed=True)
        client.v1.customers.create({"email": "a@b.c"}, {"max_network_retries": 1})
        assert [request.status for request in server.requests] == [0, 200]
        assert len(sim.all("customer")) == 1

    def test_eight_at_once_make_one(self, sim, client) -> None:
        def create(_: int) -> str:
            try:
                return client.v1.customers.create({}, {"idempotency_key": "at once"}).id
            except stripe.StripeError as error:
                return error.http_status

        with ThreadPoolExecutor(8) as pool:
            results = {*pool.map(create, range(8))}
        assert [customer["id"] for customer in sim.all("customer")] == [*(results - {409})]


class TestEvents:
    def test_a_delivery_passes_the_real_verification(self, sim, client, customer) -> None:
        sim.update("customer", customer, name="Zoë")
        event = sim.events[-1]
        body, headers = deliver(event, [SECRET, "whsec_old"])
        for secret in (SECRET, "whsec_old"):
            for construct in (stripe.Webhook.construct_event, client.construct_event):
                built = construct(body, headers["Stripe-Signature"], secret)
                assert built.to_dict() == event
                assert built.data.object.name == "Zoë"
        with pytest.raises(stripe.SignatureVerificationError):
            client.construct_event(body, headers["Stripe-Signature"], "whsec_other")
        body, headers = deliver(event, SECRET, timestamp=NOW - 10 * 365 * DAY)
        with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
            client.construct_event(body, headers["Stripe-Signature"], SECRET)

    def test_what_was_not_delivered_can_be_listed(self, sim, client, plus) -> None:
        made = [sim.create_customer()["id"] for _ in range(3)]
        sim.delete_customer(made[0])
        first, second, third, deleted = sim.events
        sim.mark_delivered(first["id"], third["id"])

        def listed(**params: object) -> list[str]:
            page = client.v1.events.list({"limit": 1, **params}).auto_paging_iter()
            return [event.id for event in page]

        assert listed(delivery_success=False) == [deleted["id"], second["id"]]
        assert listed(delivery_success=True) == [third["id"], first["id"]]
        assert listed(types=["customer.deleted", "invoice.paid"]) == [deleted["id"]]
        assert listed(created={"gt": NOW}) == []
        assert [event["id"] for event in sim.undelivered()] == [second["id"], deleted["id"]]
        assert client.v1.events.retrieve(first["id"]).pending_webhooks == 0
