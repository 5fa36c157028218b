"""Keys are changed without logging anybody out, until the old one is dropped."""

from collections.abc import Callable, Iterator

import pytest

from tests.badday.helpers import Person, RequestSpec, send, service_request
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim import deliver
from tests.support.live_server import LiveServer, serve

OLD, NEW = "the-old-key-of-the-rotation", "the-new-key-of-the-rotation"
EVENT = {"id": "evt_1", "type": "ping", "livemode": False, "data": {"object": {}}}
STRIPE = {
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_PRODUCT_PLUS": "prod_plus",
    "STRIPE_PRODUCT_PREMIUM": "prod_premium",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}
Start = Callable[..., LiveServer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the application with these keys, in place of the one before."""
    sites: list[LiveServer] = []
    with short_folder() as folder:
        store = Valkey(folder)

        def begin(**keys: str) -> LiveServer:
            for site in sites:
                site.destroy()
            usual = {"REDIS_URL": f"unix://{store.socket}", "STATS_API_KEYS": OLD}
            sites.append(serve(folder / "data", **STRIPE | usual | keys))
            return sites[-1]

        yield begin
        for site in sites:
            site.destroy()
        store.stop()


def test_the_first_secret_signs_and_all_verify(start: Start) -> None:
    alice = Person(start(SECRET_KEY=OLD).port, OLD)
    page = RequestSpec("page", "GET", "/dashboard")
    alice.port = start(SECRET_KEY=f"{NEW},{OLD}").port
    assert alice.ask(page).status == 200
    saved = alice.ask(alice.form("mood", "/dashboard/mood", score="6", op="1"))
    assert saved.status == 303, "a form that was open all the time"
    bob = Person(alice.port, OLD)
    alice.port = bob.port = start(SECRET_KEY=NEW).port
    assert alice.ask(page).status == 302
    assert bob.ask(page).status == 200, "signed by the new key already"
    bob.port = start(SECRET_KEY=f"{OLD},{NEW}").port
    assert bob.ask(page).status == 200, "an instance that is a step behind"


def test_service_keys_change_one_after_the_other(start: Start) -> None:
    def statuses(site: LiveServer) -> tuple[int, int]:
        request = service_request("api", "GET", "/api/dashboard?userId=1")
        old, new = (send(site.port, request.with_key(key)).status for key in (OLD, NEW))
        return old, new

    assert statuses(start(SECRET_KEY=OLD)) == (200, 401)
    assert statuses(start(SECRET_KEY=OLD, STATS_API_KEYS=f"{NEW},{OLD}")) == (200, 200)
    assert statuses(start(SECRET_KEY=OLD, STATS_API_KEYS=NEW)) == (401, 200)


def test_webhook_secrets_change_one_after_the_other(start: Start) -> None:
    def statuses(site: LiveServer) -> tuple[int, int]:
        sent = (deliver(EVENT, secret) for secret in (OLD, NEW))
        ways = [RequestSpec("hook", "POST", "/api/webhooks/stripe", 200, *one) for one in sent]
        old, new = (send(site.port, way).status for way in ways)
        return old, new

    assert statuses(start(SECRET_KEY=OLD, STRIPE_WEBHOOK_SECRET=OLD)) == (200, 400)
    assert statuses(start(SECRET_KEY=OLD, STRIPE_WEBHOOK_SECRET=f"{NEW},{OLD}")) == (200, 200)
    assert statuses(start(SECRET_KEY=OLD, STRIPE_WEBHOOK_SECRET=NEW)) == (400, 200)
