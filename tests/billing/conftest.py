"""Fixtures: a simulated Stripe behind real HTTP, and the app that sells Plus and Premium there."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis
import stripe
from flask import Flask

from app import create_app
from stats.accounts import sign_up as accounts
from stats.activity.clock import Clock
from stats.plans.plan import Plan
from stats.settings import Settings
from stats.user_stats import open_stats
from tests.conftest import SECRET_KEY, SERVICE_KEY
from tests.stripe_sim import deliver
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.conftest import TEMPLATES
from tests.web.helpers import Browser, sign_up

SECRET = "whsec_of_the_tests"
LINKS = {
    Plan.PLUS: "https://buy.stripe.com/test_plus",
    Plan.PREMIUM: "https://buy.stripe.com/test_premium?locale=de",
}


class Shop:
    """The app, its Stripe and its users, as the tests of billing see them."""

    def __init__(self, stripe: Stripe, server: StripeServer, db: redis.Redis) -> None:
        self.stripe, self.server, self.db = stripe, server, db
        self.prices = {
            plan: stripe.add_product(plan, amount, currency="gbp")["default_price"]
            for plan, amount in ((Plan.PLUS, 600), (Plan.PREMIUM, 1200))
        }
        self.products = {
            stripe.get("price", price)["product"]: plan for plan, price in self.prices.items()
        }
        self.settings = Settings(
            redis_url="redis://unused",
            secret_keys=(SECRET_KEY,),
            api_keys=(SERVICE_KEY,),
            stripe_secret_key=server.key,
            stripe_webhook_secrets=("whsec_the_new_one", SECRET),
            stripe_products=self.products,
            stripe_api_base=server.url,
        )
        self.app: Flask = create_app(self.settings, db)
        self.app.jinja_env.bytecode_cache = TEMPLATES

    def user(self, name: str = "alice") -> str:
        """Sign somebody up; return the user id."""
        return accounts.sign_up(
            self.db,
            name=name,
            email=f"{name}@example.org",
            password="a sentence nobody knows",
            clock=Clock(),
        ).user_id

    def customer(self, user_id: str) -> str:
        """Return a new customer at Stripe that is the user's by its metadata, not bound yet."""
        customer_id: str = self.stripe.create_customer(metadata={"user_id": user_id})["id"]
        return customer_id

    def subscribe(self, user_id: str, plan: Plan = Plan.PLUS, **kwargs: Any) -> dict[str, Any]:
        """Start a subscription of a user's own; the first customer is used again."""
        customers = [
            c
            for c in self.stripe.all("customer")
            if c.get("metadata", {}).get("user_id") == user_id
        ]
        customer = customers[-1]["id"] if customers else self.customer(user_id)
        return self.stripe.create_subscription(
            customer, [self.prices[plan]], metadata={"user_id": user_id}, **kwargs
        )

    def next_subscription_event(self) -> dict[str, Any]:
        """Return the first event about a subscription that is not delivered yet."""
        events = self.stripe.undelivered()
        return next(event for event in events if event["type"].startswith("customer.subscription"))

    def send(self, event: dict[str, Any], secret: str = SECRET) -> int:
        """Deliver an event; return the status of the answer."""
        body, headers = deliver(event, secret)
        status = self.post(body, headers)
        if 200 <= status < 300:
            self.stripe.mark_delivered(event["id"])
        return status

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a raw delivery; return the status of the answer."""
        client = self.app.test_client()
        return client.post("/api/webhooks/stripe", data=body, headers=headers).status_code

    def send_all(self, events: list[dict[str, Any]]) -> list[int]:
        """Deliver events one after the other; return the statuses."""
        return [self.send(event) for event in events]

    def deliver_pending(self) -> None:
        """Deliver what is not delivered yet."""
        self.send_all(self.stripe.undelivered())

    def send_concurrently(self, events: list[dict[str, Any]]) -> list[int]:
        """Deliver events at the same time; return the statuses."""
        with ThreadPoolExecutor(len(events)) as pool:
            return list(pool.map(self.send, events))

    def plan(self, user_id: str) -> str:
        """Return the plan that everybody sees."""
        headers = {"Authorization": f"Bearer {SERVICE_KEY}"}
        client = self.app.test_client()
        answer = client.get(f"/api/entitlements?userId={user_id}", headers=headers)
        assert answer.status_code == 200, answer.text
        stored = self.db.hget(f"user:{{{user_id}}}:stats", "plan")
        assert stored == answer.get_json()["plan"] == open_stats(self.db, user_id).stats().plan
        return str(stored)

    def orphans(self) -> dict[str, Any]:
        """Return the events that fit no user."""
        return {key: json.loads(value) for key, value in self.db.hgetall("billing:orphans").items()}


@pytest.fixture(autouse=True)
def fast_password_hashing(fast_password_hashing: None) -> None:
    """For every test of this folder."""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stripe-python wait for next to nothing before it tries again."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)


@pytest.fixture
def alice(shop: Shop) -> Browser:
    """Alice, who has just signed up in the shop."""
    return sign_up(shop.app, "Alice")


@pytest.fixture
def bob(shop: Shop) -> Browser:
    """Bob, who has just signed up in the shop."""
    return sign_up(shop.app, "Bob")


@pytest.fixture
def link_app(shop: Shop) -> Flask:
    """The shop, which sells both plans by Payment Links."""
    shop.app = create_app(replace(shop.settings, stripe_payment_links=LINKS), shop.db)
    shop.app.jinja_env.bytecode_cache = TEMPLATES
    return shop.app


@pytest.fixture
def buyer(link_app: Flask) -> Browser:
    """Somebody who can buy at a Payment Link."""
    return sign_up(link_app, "Alice")


@pytest.fixture
def shop(valkey: redis.Redis) -> Iterator[Shop]:
    """An empty shop."""
    stripe = Stripe()
    with StripeServer(stripe) as server:
        yield Shop(stripe, server, valkey)
