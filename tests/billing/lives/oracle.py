"""What the user of a random life is entitled to, by Stripe and by what was seen of it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan, highest
from tests.stripe_sim.model import Stripe

DAY = 86_400
GRACE = 14 * DAY
PAYING = ("active", "trialing")


@dataclass(frozen=True)
class Seen:
    """The plan of a subscription when it was last seen active, until when that is paid for, and
    the grace above it."""

    plan: Plan
    until: int
    graced: int | None = None


class Oracle:
    """Knows a Stripe, and what the app has seen of it and stored."""

    def __init__(self, stripe: Stripe, products: dict[str, Plan]) -> None:
        self.stripe, self.products = stripe, products
        self.seen: dict[str, Seen] = {}

    def note(self, listed: Iterable[dict[str, Any]], stored: BillingState) -> None:
        """Note what the app has seen: what Stripe listed, and since when it took it as overdue."""
        since = {row.id: row.overdue_since for row in stored.subscriptions}
        for subscription in listed:
            if subscription["id"] in since:
                self._note(subscription, since[subscription["id"]])

    def _note(self, subscription: dict[str, Any], since: int | None) -> None:
        name, plan = subscription["id"], self.plan_of(subscription)
        seen, item = self.seen.get(name), subscription["items"]["data"][0]
        if plan is None:
            return
        if subscription["status"] in PAYING:
            begins, until = item["current_period_start"], item["current_period_end"]
            graced = seen.graced if seen and begins < seen.until else None
            self.seen[name] = Seen(plan, until, graced)
            return
        if subscription["status"] != "past_due":
            return
        if (seen := self._paid(name, seen)) is None:
            return
        self.seen[name] = seen
        is_above = since is not None and plan.rank > seen.plan.rank
        if is_above and (seen.graced is None or self._paid_after(name, seen.graced)):
            self.seen[name] = replace(seen, graced=since)

    def _paid(self, name: str, seen: Seen | None) -> Seen | None:
        """What money came for, and no more than was seen: the rest of a higher plan is credited."""
        paid = self.stripe.last_paid(name)
        if paid is None or paid[0] not in self.products:
            return seen
        plan = self.products[paid[0]]
        if seen is None:
            return Seen(plan, paid[1])
        return Seen(min(plan, seen.plan, key=lambda one: one.rank), paid[1], seen.graced)

    def _paid_after(self, name: str, moment: int) -> bool:
        return any(
            invoice["amount_paid"] > 0 and _paid_at(invoice) > moment
            for invoice in self.stripe.all("invoice", status="paid")
            if invoice["parent"]["subscription_details"]["subscription"] == name
        )

    def plan_of(self, subscription: dict[str, Any]) -> Plan | None:
        """What a subscription was sold as, None for another application's product."""
        return self.products.get(subscription["items"]["data"][0]["price"]["product"])

    def due(self, customers: Collection[str]) -> Plan:
        """What the money of these customers entitles to now."""
        listed = self.stripe.all("subscription")
        return highest(self._worth(one) for one in listed if one["customer"] in customers)

    def _worth(self, subscription: dict[str, Any]) -> Plan:
        now, plan = self.stripe.now, self.plan_of(subscription)
        if plan is None or subscription["status"] not in (*PAYING, "past_due"):
            return Plan.FREE
        if subscription["cancel_at"] is not None and now >= subscription["cancel_at"]:
            return Plan.FREE
        if subscription["status"] in PAYING:
            return plan
        seen, since = self.seen.get(subscription["id"]), self.overdue_since(subscription)
        if seen and seen.graced is not None and plan.rank > seen.plan.rank:
            since = min(since, seen.graced)
        if now < since + GRACE:
            return plan
        if seen and now < seen.until:
            return min(plan, seen.plan, key=lambda one: one.rank)
        return Plan.FREE

    def overdue_since(self, subscription: dict[str, Any]) -> int:
        """Return when a subscription became past due, by the changes of its status alone."""
        changes = [
            event["created"]
            for event in self.stripe.events
            if event["data"]["object"]["id"] == subscription["id"]
            and "status" in event["data"].get("previous_attributes", {})
        ]
        return int(changes[-1])


def _paid_at(invoice: dict[str, Any]) -> int:
    return int(invoice["status_transitions"]["paid_at"] or invoice["created"])
