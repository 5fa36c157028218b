"""What the tests of `flask doctor` share: a deployment in which all is well, to be broken."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask

from app import create_app
from stats.billing.webhook import ACTED_ON, DISPUTE
from stats.embedded import server as embedded
from stats.plans.plan import Plan
from stats.settings import Settings
from stats.store.client import Db, connect
from tests.commands.conftest import invoke
from tests.stripe_sim import routes, spec
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer

STRONG_SECRET = "J3n-9ufKq_wb2Xv7sTzRmYpLc4GdHe8AoNi1Bk5WtUy"
PUBLIC_URL = "https://aira.example"
SECRETS = ("whsec_Zk39Qpw7Lm2xT5", "whsec_b8Rn4VtYc1Jh6Ds")
FINDING_LINE = re.compile(r"\[(\d+)\] (?:advice )?\S[^\n]* - \S[^\n]*")


def simulate_webhook_endpoints_and_payment_links(
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[Any], list[Any]]:
    """Teach the simulated Stripe webhook endpoints and Payment Links; return both lists."""
    endpoints: list[Any] = []
    links: list[Any] = []

    def listing(kept: list[Any], url: str) -> Any:
        return lambda stripe, id, params: routes._page(stripe, url, kept, params, lambda _: True)

    def lines(stripe: Stripe, id: str, params: Any) -> Any:
        (link,) = (one for one in links if one["id"] == id)
        price = stripe.get("price", link["_price"])
        item = {"id": "li_1", "object": "item", "price": price, "quantity": 1}
        money = dict.fromkeys(
            ("amount_discount", "amount_tax", "amount_subtotal", "amount_total"), 0
        )
        line = {**item, **money, "currency": "gbp"}
        return {"object": "list", "url": "/", "has_more": False, "data": [line]}

    for path, answer in (
        ("/v1/webhook_endpoints", listing(endpoints, "/v1/webhook_endpoints")),
        ("/v1/payment_links", listing(links, "/v1/payment_links")),
        ("/v1/payment_links/{id}/line_items", lines),
    ):
        monkeypatch.setitem(routes.ROUTES, f"GET {path}", answer)
        monkeypatch.setitem(spec.PARAMS, f"GET {path}", spec._LIST)
    return endpoints, links


class Deployment:
    """A deployment in which `flask doctor` finds nothing, with a Stripe of its own."""

    def __init__(
        self, db: Db, stripe: Stripe, server: StripeServer, endpoints: list[Any], links: list[Any]
    ) -> None:
        self.db, self.stripe, self.server = db, stripe, server
        self.endpoints, self.links = endpoints, links
        self.prices = {
            plan: stripe.add_product(plan, 600, currency="gbp")["default_price"]
            for plan in (Plan.PLUS, Plan.PREMIUM)
        }
        products = {stripe.get("price", one)["product"]: plan for plan, one in self.prices.items()}
        self.settings = Settings(
            redis_url="redis://unused",
            secret_keys=(STRONG_SECRET,),
            public_url=PUBLIC_URL,
            trusted_hosts=("aira.example",),
            trusted_proxies=1,
            stripe_secret_key=server.key,
            stripe_webhook_secrets=SECRETS,
            stripe_products=products,
            stripe_api_base=server.url,
        )
        self.endpoint = {
            "id": "we_1",
            "object": "webhook_endpoint",
            "url": f"{PUBLIC_URL}/api/webhooks/stripe",
            "status": "enabled",
            "enabled_events": [*ACTED_ON, DISPUTE],
            "livemode": False,
            "created": 1,
        }
        endpoints.append(self.endpoint)

    @property
    def portal(self) -> Any:
        """The features that are on in the customer portal."""
        return self.stripe.portal_configurations[0]["features"]

    def change_settings(self, **changed: Any) -> None:
        """Start it with other settings."""
        self.settings = replace(self.settings, **changed)

    def app(self) -> Flask:
        return create_app(self.settings, self.db)

    def run_doctor(self, *args: str) -> tuple[int, list[int], str]:
        """Run the doctor; return its exit code, the codes found, and what it answered."""
        return run_doctor(self.app(), *args)


def run_doctor(app: Flask, *args: str) -> tuple[int, list[int], str]:
    """Run the doctor, which must show no secret and keep to the form."""
    result = invoke(app, "doctor", *args)
    head, *findings = result.stdout.splitlines()
    assert head.startswith("set: ")
    if result.exit_code == 0:
        assert findings.pop() == "All is well."
    matches = [FINDING_LINE.fullmatch(line) for line in findings]
    assert all(matches), findings
    for secret in secrets_of(app.extensions["aira"].base_settings):
        assert secret not in result.output
    return result.exit_code, [int(match[1]) for match in matches if match], result.stdout


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield all that must never be shown."""
    yield from settings.secret_keys
    yield from settings.api_keys
    yield from settings.stripe_webhook_secrets
    yield from (
        one for one in (settings.stripe_secret_key, settings.smtp_url, settings.redis_url) if one
    )
    for url in (settings.smtp_url, settings.redis_url):
        if url and "@" in url:
            yield url.split("//")[1].split("@")[0].split(":")[1]


@contextmanager
def own_server(folder: Path) -> Iterator[redis.Redis]:
    """A server of the test's own, which may be set badly."""
    server = embedded.start(folder)
    client = connect(server.url)
    assert isinstance(client, redis.Redis)
    yield client
    client.close()
    server.close()


class FakeInfoRedis(redis.Redis):
    """A client whose server says what the test wants it to say."""

    info_overrides: Mapping[str, Any] = {}

    def info(self, *args: Any, **kwargs: Any) -> Any:
        answer = {**super().info(*args, **kwargs), **self.info_overrides}
        return {name: value for name, value in answer.items() if value is not None}
