"""What the plans cost, from one source: Stripe's prices with a key, the settings without."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from stats.billing.stripe_gateway import StripeGateway
from stats.errors import BillingUnavailable
from stats.plans.plan import Plan

PRICES_SECONDS, RETRY_SECONDS = 300.0, 10.0
SYMBOLS = {"gbp": "£", "eur": "€", "usd": "$"}
# https://docs.stripe.com/currencies#zero-decimal
WHOLE = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905
)

# https://docs.stripe.com/currencies#three-decimal
THOUSANDTHS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def price_text(price: Mapping[str, Any]) -> str | None:
    """Return a Stripe price in words: `£6 a month`, `CHF 72.50 a year`, `$5 every 3 months`.

    None for a price that is no single amount (tiers).
    """
    currency, cents = str(price["currency"]), price.get("unit_amount_decimal")
    cents = price.get("unit_amount") if cents is None else cents
    if cents is None:
        return None
    amount = float(cents) / (1 if currency in WHOLE else 1000 if currency in THOUSANDTHS else 100)
    number = f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.2f}"
    symbol = SYMBOLS.get(currency, currency.upper() + " ")
    every = price.get("recurring") or {}
    count, unit = int(every.get("interval_count") or 1), str(every.get("interval") or "month")
    return f"{symbol}{number} " + (f"a {unit}" if count == 1 else f"every {count} {unit}s")


class Prices:
    """The prices in words, read from Stripe at most every five minutes."""

    def __init__(self, gateway: StripeGateway | None, configured: Mapping[Plan, str]) -> None:
        self._gateway, self._configured = gateway, configured
        self._cached: dict[Plan, str] = {}
        self._read_at = -PRICES_SECONDS
        self._lock = threading.Lock()

    def cached(self) -> Mapping[Plan, str]:
        """Return the prices as configured or last read, without a request to Stripe."""
        return self._configured if self._gateway is None else self._cached

    def read(self) -> Mapping[Plan, str]:
        """Return the prices, asking Stripe if they are old. A plan that Stripe has no price for
        is left out."""
        if self._gateway is None:
            return self._configured
        if time.monotonic() - self._read_at > PRICES_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._ask(self._gateway)
            finally:
                self._lock.release()
        return self._cached

    def _ask(self, gateway: StripeGateway) -> None:
        try:
            prices = {plan: gateway.price_of(plan) for plan in (Plan.PLUS, Plan.PREMIUM)}
            texts = {plan: price_text(price) for plan, price in prices.items() if price}
            self._cached = {plan: text for plan, text in texts.items() if text}
            self._read_at = time.monotonic()
        except BillingUnavailable:
            # What was known still stands; pages do not wait for Stripe again and again.
            self._read_at = time.monotonic() - PRICES_SECONDS + RETRY_SECONDS
