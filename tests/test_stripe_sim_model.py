"""The simulated Stripe's own life, without HTTP."""

import pytest

from tests.stripe_sim import Stripe
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
    def test_bad_list_parameters(client, params, code, param) -> None:
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
    def test_bad_checkout_parameters(client, customer, plus, change, code, param) -> None:
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

    def test_keys_and_addresses(server, client) -> None:
        wrong = stripe.StripeClient("sk_test_wrong", base_addresses={"api": server.url})
        with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
            wrong.v1.customers.list()
        with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'") as caught:
            client.v1.customers.retrieve("cus_x")
        assert caught.value.http_status == 404
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            client.v1.coupons.list()

    def test_faults(sim, server, client) -> None:
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
    def test_the_same_key_makes_one_object(sim, client) -> None:
        options = {"idempotency_key": "once"}
        made = [client.v1.customers.create({"email": "a@b.c"}, options) for _ in range(2)]
        assert made[0].id == made[1].id
        assert made[1].last_response.headers["Idempotent-Replayed"] == "true"
        assert len(sim.all("customer")) == 1
        with pytest.raises(stripe.IdempotencyError, match="same parameters"):
            client.v1.customers.create({"email": "other@b.c"}, options)
        with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
            client.v1.customers.update(made[0].id, {"email": "a@b.c"}, options)

    def test_a_lost_answer_is_made_good_by_a_retry(sim, server, client, monkeypatch) -> None:
        monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *args: 0)
        server.fail_next(status=None, executed=True)
        client.v1.customers.create({"email": "a@b.c"}, {"max_network_retries": 1})
        assert [request.status for request in server.requests] == [0, 200]
        assert len(sim.all("customer")) == 1

    def test_eight_at_once_make_one(sim, client) -> None:
        def create(_: int) -> str:
            try:
                return client.v1.customers.create({}, {"idempotency_key": "at once"}).id
            except stripe.StripeError as error:
                return error.http_status

        with ThreadPoolExecutor(8) as pool:
            results = {*pool.map(create, range(8))}
        assert [customer["id"] for customer in sim.all("customer")] == [*(results - {409})]


class TestEvents:
    def test_a_delivery_passes_the_real_verification(sim, client, customer) -> None:
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

    def test_what_was_not_delivered_can_be_listed(sim, client, plus) -> None:
        made = [sim.create_customer()["id"] for _ in range(3)]
        sim.delete_customer(made[0])
        first, second, third, deleted = sim.events
        sim.mark_delivered(first["id"], third["id"])

        def listed(**params: object) -> list[str]:
            found = client.v1.events.list({"limit": 1, **params}).auto_paging_iter()
            return [event.id for event in found]

        assert listed(delivery_success=False) == [deleted["id"], second["id"]]
        assert listed(delivery_success=True) == [third["id"], first["id"]]
        assert listed(types=["customer.deleted", "invoice.paid"]) == [deleted["id"]]
        assert listed(created={"gt": NOW}) == []
        assert [event["id"] for event in sim.undelivered()] == [second["id"], deleted["id"]]
        assert client.v1.events.retrieve(first["id"]).pending_webhooks == 0

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
