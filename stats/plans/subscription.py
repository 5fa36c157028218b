"""What a Stripe subscription is, and which plan it gives when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stats.plans.plan import Plan, highest
from stats.plans.price import Price, read_price, sum_prices

# https://docs.stripe.com/api/subscriptions/object#subscription_object-status
PAYING = frozenset({"active", "trialing"})
OVERDUE = "past_due"
INCOMPLETE = "incomplete"
LIVE = PAYING | {OVERDUE}
# Nothing brings these back to life.
ENDED = frozenset({"canceled", "incomplete_expired"})
# https://docs.stripe.com/invoicing/overview#invoice-statuses
UNPAID_INVOICES = frozenset({"open", "uncollectible"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A Stripe subscription as far as it matters here; moments are in seconds since 1970.

    `plan` is None when no setting maps any of its products. `renews` is the end of the paid
    period, `cancels` the moment for which its end was asked, `overdue_since` the one at which a
    `past_due` one became so, `patience` the one at which it stops giving its plan; each None
    where there is none. `price` is what all its items cost together, without a discount; None
    where that is no single amount. While nothing is collected, `collection_resumes` may say until
    when. `is_scheduled` is for a change that Stripe will make later; `livemode` is None where an
    older release stored it.
    """

    id: str
    status: str
    plan: Plan | None
    renews: int | None
    cancels: int | None = None
    patience: int | None = None
    overdue_since: int | None = None
    price: Price | None = None
    discounted: bool = False
    collection_paused: bool = False
    collection_resumes: int | None = None
    is_scheduled: bool = False
    livemode: bool | None = None

    @property
    def ends(self) -> int | None:
        """The moment at which it stops giving its plan, None while it goes on."""
        return min((end for end in (self.cancels, self.patience) if end is not None), default=None)

    @property
    def is_live(self) -> bool:
        """Whether Stripe may still charge for it, whatever it is worth."""
        return self.status in LIVE

    @property
    def has_ended(self) -> bool:
        """Whether it is over for good. One that is neither ended nor live may come back."""
        return self.status in ENDED

    def is_lost(self, now: float) -> bool:
        """Whether it would still give its plan at `now`, had it been paid."""
        over = self.patience is not None and now >= self.patience
        return self.is_live and over and (self.cancels is None or now < self.cancels)

    def worth(self, now: float) -> Plan:
        """Return the plan that it entitles to at `now`."""
        if not self.is_live or self.plan is None or (self.ends is not None and now >= self.ends):
            return Plan.FREE
        return self.plan


def read_subscription(
    stored: Mapping[str, Any],
    products: Mapping[str, Plan],
    grace: int,
    overdue_since: int | None = None,
) -> Subscription:
    """Return what a subscription object of Stripe's says, whatever API version wrote it.

    `products` maps product ids to plans, `grace` is the patience with `past_due` in seconds,
    counted from `overdue_since`. A period that has begun may have been paid, so it says nothing.
    """
    items = (stored.get("items") or {}).get("data") or []
    plans = [products[name] for item in items if (name := _product(item)) in products]
    renews = _period(stored, items, "current_period_end")
    cancels = stored.get("cancel_at")
    if cancels is None and stored.get("cancel_at_period_end"):
        cancels = renews
    since = overdue_since if stored.get("status") == OVERDUE else None
    pause = stored.get("pause_collection") or {}
    return Subscription(
        id=str(stored["id"]),
        status=str(stored.get("status")),
        plan=highest(plans) if plans else None,
        renews=renews,
        cancels=cancels,
        patience=None if since is None else since + grace,
        overdue_since=since,
        price=sum_prices(_item_price(item) for item in items),
        discounted=any(one.get("discounts") or one.get("discount") for one in (stored, *items)),
        collection_paused=bool(pause),
        collection_resumes=pause.get("resumes_at"),
        is_scheduled=bool(stored.get("schedule")),
        livemode=bool(stored.get("livemode")),
    )


def _item_price(item: Mapping[str, Any]) -> Price | None:
    return read_price(item.get("price") or {}, int(item.get("quantity") or 1))


def overdue_since(invoices: Iterable[Mapping[str, Any]]) -> int | None:
    """Return when a `past_due` subscription became so, by its invoices, newest first.

    That is the date of the oldest one that nobody has paid since the last payment; None if there
    is none. The latest invoice makes the status, so whatever was left unpaid before a payment is
    settled (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
    """
    since = None
    for invoice in invoices:
        if invoice.get("status") == "paid":
            break
        if invoice.get("status") in UNPAID_INVOICES:
            since = _due(invoice) or since
    return since


def _due(invoice: Mapping[str, Any]) -> int | None:
    """Return when an invoice was to be paid: its due date if it is sent, else when it was final."""
    final = (invoice.get("status_transitions") or {}).get("finalized_at")
    moment = invoice.get("due_date") or final or invoice.get("created")
    return None if moment is None else int(moment)


def _product(item: Mapping[str, Any]) -> str:
    product = (item.get("price") or item.get("plan") or {}).get("product")
    return str(product.get("id") if isinstance(product, Mapping) else product)


def _period(stored: Mapping[str, Any], items: Iterable[Mapping[str, Any]], name: str) -> int | None:
    """Return a period's edge: from the items (newer API versions), else from the subscription."""
    values = [item[name] for item in items if item.get(name) is not None]
    if values:
        return int(max(values))
    value = stored.get(name)
    return None if value is None else int(value)
