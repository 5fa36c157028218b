"""What a price or a subscription of Stripe's costs, and how often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stats.plans.stripe_objects import part

SYMBOLS = {"gbp": "£", "eur": "€", "usd": "$"}
# https://docs.stripe.com/currencies#zero-decimal
WHOLE = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905
)
# https://docs.stripe.com/currencies#three-decimal
THOUSANDTHS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
MONTHS = {"month": 1, "year": 12}


class Interval(StrEnum):
    """How often a plan is paid for, as far as it is offered."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in the smallest unit of its currency, paid every `count` intervals."""

    currency: str
    amount: float
    interval: str = "month"
    count: int = 1

    @property
    def amount_text(self) -> str:
        """The amount: `£6`, `CHF 72.50`."""
        units = 1 if self.currency in WHOLE else 1000 if self.currency in THOUSANDTHS else 100
        value = self.amount / units
        number = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
        return SYMBOLS.get(self.currency, self.currency.upper() + " ") + number

    @property
    def text(self) -> str:
        """The price in words: `£6 a month`, `$5 every 3 months`."""
        one = self.count == 1
        every = f"a {self.interval}" if one else f"every {self.count} {self.interval}s"
        return f"{self.amount_text} {every}"

    @property
    def by_month(self) -> "Price | None":
        """What it makes a month, None for what is not counted in months."""
        months = MONTHS.get(self.interval, 0) * self.count
        return Price(self.currency, self.amount / months) if months else None


def read_price(price: Mapping[str, Any], quantity: int = 1) -> Price | None:
    """Return what a price of Stripe's costs; None if it is no single amount (tiers).

    https://docs.stripe.com/api/prices/object
    """
    cents = price.get("unit_amount_decimal")
    cents = price.get("unit_amount") if cents is None else cents
    if cents is None or not price.get("currency"):
        return None
    every = part(price, "recurring")
    interval, count = str(every.get("interval") or "month"), int(every.get("interval_count") or 1)
    return Price(str(price["currency"]), float(cents) * quantity, interval, count)


def sum_prices(prices: Iterable[Price | None]) -> Price | None:
    """Return what some prices cost together; None if they cannot be added, or for none."""
    known = list(prices)
    first = known[0] if known else None
    if first is None:
        return None
    if any(price is None or _period(price) != _period(first) for price in known):
        return None
    total = sum(price.amount for price in known if price)
    return Price(first.currency, total, first.interval, first.count)


def _period(price: Price) -> tuple[str, str, int]:
    return price.currency, price.interval, price.count
