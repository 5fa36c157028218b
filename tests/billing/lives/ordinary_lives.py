"""Random lives of one customer on the simulated Stripe, delivered as badly as networks can."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from stats.billing import sync, webhook
from stats.billing.gateways.gateway import UnknownCustomer
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.store.client import Db
from stats.store.keys import customer_key
from stats.user_stats import create_user_stats, open_stats
from tests.billing.lives.oracle import DAY, GRACE, Oracle
from tests.billing.lives.strange_lives import KEYS, STRANGE
from tests.stripe_sim.model import ENDED, Stripe

ACTIONS = ("subscribe", "pay_later", "settle", "cancel", "cancel_at_end", "keep", "change", "fail")
ACTIONS += ("unpaid", "recover", "pause", "resume", "wait", "wait_long", "decline")
ACTIONS += tuple(STRANGE)
ACTIONS += ("decline_upgrade", "go_back", "void", "pause_collection", "resume_collection")
# Declined within a paid period, taken back, and declined again.
ACTIONS += ("decline_upgrade", "go_back", "wait")
CHANGES = ("change", "decline_upgrade", "go_back")
run_replicated, make_state, apply = sync.run_replicated, sync.make_state, sync._apply


class Crash(Exception):
    """The process dies here."""


@dataclass
class World:
    """A user, a Stripe, and a gateway whose answers can be overtaken or lost."""

    db: Db
    random: random.Random
    user_id: str = "alice"
    livemode: bool = False
    nested: int = 0
    crashes: float = 0.15
    overtakes: float = 0.25
    surprises: int = 10
    sessions: list[str] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    sold_twice: int = 0
    unheard: int = 0

    def __post_init__(self) -> None:
        self.stripe = Stripe(seed=self.random.randrange(1 << 30), now=1_700_000_000)
        self.other_price = self.stripe.add_product("A book club")["default_price"]
        amounts = {Plan.PLUS: 900, Plan.PREMIUM: 1200}
        products = {plan: self.stripe.add_product(plan, cost) for plan, cost in amounts.items()}
        self.prices = {plan: product["default_price"] for plan, product in products.items()}
        self.all_prices = list(self.prices.values())
        self.all_prices += [
            self.stripe.add_price(product["id"], 6 * amounts[plan], interval="year")["id"]
            for plan, product in products.items()
        ]
        self.products = {product["id"]: plan for plan, product in products.items()}
        create_user_stats(self.db, self.user_id)
        metadata = {"user_id": self.user_id}
        self.customer = self.stripe.create_customer(metadata=metadata)["id"]
        self.customers = [self.customer]
        self.metadata = {"metadata": metadata}
        self.oracle = Oracle(self.stripe, self.products)

    # The gateway

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        """Answer the list; meanwhile other deliveries may come and be done with."""
        if not self.stripe.all("customer", id=customer):
            raise UnknownCustomer("Stripe does not know you.", "resource_missing")
        answer = self.stripe.all("subscription", customer=customer)
        if self.random.random() < self.crashes:
            raise Crash
        while self.nested < 3 and self.random.random() < self.overtakes:
            self.nested += 1
            if self.surprises and self.random.random() < 0.5:
                self.surprises -= 1
                self.act(self.random.choice(ACTIONS))
            self.deliver_one()
            self.nested -= 1
        return answer

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """No session stays open here: each is paid as soon as it is there."""

    def open_sessions(self, since: int) -> list[dict[str, Any]]:
        """None stays open here."""
        return []

    def invoices(self, subscription: str) -> list[dict[str, Any]]:
        """Answer the list of a subscription's invoices."""
        listed = self.stripe.all("invoice")
        details = [invoice["parent"]["subscription_details"] for invoice in listed]
        pairs = zip(listed, details, strict=True)
        return [invoice for invoice, of in pairs if of["subscription"] == subscription]

    # What the customer and the clock do

    def act(self, action: str) -> None:
        """Do something at Stripe, if it makes sense now."""
        own = [s for s in self.stripe.all("subscription") if s["customer"] in self.customers]
        live = [s for s in own if s["status"] not in ENDED]
        steps: dict[str, Callable[[], object]] = {
            "subscribe": lambda: self.checkout(pay=True),
            "pay_later": lambda: self.checkout(pay=False),
            "settle": self.settle,
            "wait": lambda: self.stripe.advance(self.random.randrange(2 * DAY)),
            "wait_long": lambda: self.stripe.advance(self.random.randrange(40 * DAY)),
            "decline": lambda: self.stripe.declining.symmetric_difference_update({self.customer}),
        }
        if action in steps:
            steps[action]()
        elif action in STRANGE:
            with suppress(Crash):
                STRANGE[action](self)
        elif live:
            self.change(action, self.random.choice(live))

    def checkout(self, *, pay: bool) -> None:
        price = self.random.choice(self.all_prices)
        session = self.stripe.open_session(
            [price], customer=self.customer, subscription_data=self.metadata
        )
        self.stripe.pay(session["id"], asynchronous=not pay)
        if not pay:
            self.sessions.append(session["id"])

    def settle(self) -> None:
        if not self.sessions:
            return
        session = self.stripe.get("checkout.session", self.sessions.pop())
        if self.stripe.get("subscription", session["subscription"])["status"] == "incomplete":
            self.stripe.settle(session["id"], succeeded=self.random.random() < 0.7)

    def change(self, action: str, subscription: dict[str, Any]) -> None:
        name, status = subscription["id"], subscription["status"]
        if action == "cancel":
            self.stripe.cancel(name)
        elif action == "cancel_at_end" and status in ("active", "trialing", "past_due"):
            self.stripe.cancel(name, at_period_end=True)
        elif action == "keep":
            self.stripe.keep(name)
        elif not self.oracle.plan_of(subscription) and action in CHANGES:
            return
        elif action == "change" and status != "incomplete":
            self.stripe.change_plan(name, self.random.choice(self.all_prices))
        elif action in ("fail", "unpaid") and status in ("active", "past_due"):
            to = {"fail": "past_due", "unpaid": "unpaid"}[action]
            self.stripe.fail_payment(name, to=to)
        elif action == "recover" and status in ("past_due", "unpaid"):
            self.stripe.recover_payment(name)
        elif action == "pause" and status == "active":
            self.stripe.pause(name)
        elif action == "resume" and status == "paused":
            self.stripe.resume(name)
        else:
            self.change_payment(action, subscription)

    def change_payment(self, action: str, subscription: dict[str, Any]) -> None:
        """Decline an upgrade in the middle of a period, or change what is collected."""
        name, status = subscription["id"], subscription["status"]
        if action == "decline_upgrade" and status in ("active", "past_due"):
            self.stripe.decline_upgrade(name, self.random.choice(self.all_prices))
        elif action == "go_back" and status == "past_due":
            self.stripe.go_back(name, self.random.choice(self.all_prices))
        elif action == "void" and status == "past_due":
            self.stripe.void_invoices(name)
        elif action == "pause_collection" and status in ("active", "past_due"):
            self.stripe.pause(name, collection_only=True)
        elif action == "resume_collection" and subscription["pause_collection"]:
            self.stripe.resume(name)

    # The network

    def deliver_one(self) -> None:
        """Deliver any event, delivered before or not; it may be lost on the way."""
        fresh = self.stripe.event_ids(undelivered=True)
        is_fresh = fresh and self.random.random() < 0.7
        name = self.random.choice(fresh if is_fresh else self.stripe.event_ids())
        self.deliver(self.stripe.get("event", name))

    def deliver(self, event: dict[str, Any]) -> bool:
        """Deliver one event; return whether it was taken."""
        try:
            self.handle(event)
        except Crash:
            return False
        if self.random.random() < self.crashes:
            return False  # done, but the answer never reached Stripe
        self.stripe.mark_delivered(event["id"])
        return True

    def handle(self, event: dict[str, Any]) -> None:
        """Act on an event."""
        with self.watched():
            webhook.handle(self.db, self, event, KEYS, grace=GRACE)  # type: ignore[arg-type]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Run the app by the clock of Stripe, let it die behind a claim, note what it stores."""

        def run(db: Db, script: str, *args: Any) -> Any:
            reply = run_replicated(db, script, *args)
            if script == "lookups/claim" and self.random.random() < self.crashes:
                raise Crash
            return reply

        def make(gateway: Any, listed: list[dict[str, Any]], *args: Any) -> BillingState:
            self.listed = listed
            return make_state(gateway, listed, *args)

        def store(db: Db, user_id: str, ticket: int, event_id: str, state: BillingState) -> str:
            outcome = apply(db, user_id, ticket, event_id, state)
            if outcome == "applied":
                self.oracle.note(self.listed, state)
            return outcome

        with (
            patch("stats.billing.webhook.time.time", lambda: self.stripe.now),
            patch.multiple(sync, run_replicated=run, make_state=make, _apply=store),
        ):
            yield

    def come_to_rest(self) -> None:
        """Stripe tries again, in any order, until everything was taken."""
        while fresh := self.stripe.undelivered():
            self.random.shuffle(fresh)
            for event in fresh:
                self.deliver(event)

    # The truth

    def due(self) -> Plan:
        """What the money entitles to now."""
        return self.oracle.due(self.customers)

    def shown(self) -> Plan:
        """What the user is shown now."""
        now = datetime.fromtimestamp(self.stripe.now, UTC)
        return open_stats(self.db, self.user_id, create=False).plan_at(now)


def live(db: Db, seed: str) -> tuple[Plan, Plan, int]:
    """Live one random life; return what is shown, what is due, and how many events there were."""
    world = World(db, random.Random(seed))
    for _ in range(world.random.randint(4, 16)):
        world.act(world.random.choice(ACTIONS))
        for _ in range(world.random.randint(0, 3)):
            world.deliver_one()
    world.come_to_rest()
    assert not world.sold_twice
    assert not world.unheard
    assert not any(db.exists(customer_key(stranger)) for stranger in world.strangers)
    return world.shown(), world.due(), len(world.stripe.events)
