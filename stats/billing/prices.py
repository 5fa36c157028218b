"""What the plans cost, from one source: Stripe's prices with a key, the settings without."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.errors import BillingUnavailable
from stats.plans.plan import PAID_PLANS, Plan
from stats.plans.price import Interval, Price, read_price
from stats.plans.subscription import Subscription

PRICES_SECONDS, RETRY_SECONDS = 300.0, 10.0


class Prices:
    """What the plans are sold for, read from Stripe at most every five minutes."""

    def __init__(self, gateway: StripeGateway | None, configured: Mapping[Plan, str]) -> None:
        self._gateway, self._configured = gateway, configured
        self._listed: dict[Interval, dict[Plan, Price]] = {interval: {} for interval in Interval}
        self._products: dict[Interval, dict[Plan, str]] = {interval: {} for interval in Interval}
        self._read_at = -PRICES_SECONDS
        self._lock = threading.Lock()

    def cached(self) -> Mapping[Plan, str]:
        """Return the prices in words as configured or last read, without a request to Stripe."""
        if self._gateway is None:
            return self._configured
        return {plan: price.text for plan, price in self.listed(Interval.MONTH).items()}

    def listed(self, interval: Interval) -> Mapping[Plan, Price]:
        """Return the prices as last read from Stripe: by the year where one is set for a plan.

        For `MONTH` it is the price that is sold otherwise, whatever its own period is.
        """
        return self._listed[interval]

    def are_of_one_product(self, plan: Plan) -> bool:
        """Return whether a plan's price by the year is the same product's as its other price."""
        month, year = (self._products[interval].get(plan) for interval in Interval)
        return month is not None and month == year

    def read(self) -> Mapping[Plan, str]:
        """Return the prices in words, asking Stripe if they are old. A plan that Stripe has no
        price for is left out."""
        if self._gateway is None:
            return self._configured
        if time.monotonic() - self._read_at > PRICES_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._ask(self._gateway)
            finally:
                self._lock.release()
        return self.cached()

    def paid(self, subscription: Subscription) -> str | None:
        """Return in words what a subscription costs its payer, None if Stripe has not said.

        In practice, where Stripe says nothing, it is the configured price of its plan.
        """
        if subscription.price is not None:
            return subscription.price.text
        plan = subscription.plan
        return self._configured.get(plan) if plan and self._gateway is None else None

    def _ask(self, gateway: StripeGateway) -> None:
        try:
            asked = {interval: _ask_all(gateway, interval) for interval in Interval}
            self._listed = {interval: _read_all(asked[interval]) for interval in Interval}
            self._products = {interval: _products(asked[interval]) for interval in Interval}
            self._read_at = time.monotonic()
        except BillingUnavailable:
            # What was known still stands; pages do not wait for Stripe again and again.
            self._read_at = time.monotonic() - PRICES_SECONDS + RETRY_SECONDS


def _ask_all(gateway: StripeGateway, interval: Interval) -> dict[Plan, dict[str, Any]]:
    prices = {plan: gateway.price_of(plan, interval) for plan in PAID_PLANS}
    return {plan: price for plan, price in prices.items() if price}


def _read_all(asked: Mapping[Plan, Mapping[str, Any]]) -> dict[Plan, Price]:
    read = {plan: read_price(price) for plan, price in asked.items()}
    return {plan: price for plan, price in read.items() if price}


def _products(asked: Mapping[Plan, Mapping[str, Any]]) -> dict[Plan, str]:
    return {plan: str(price.get("product")) for plan, price in asked.items()}
