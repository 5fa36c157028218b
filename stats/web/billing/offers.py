"""What the plans page offers: each plan with its price, its button, and what pressing it costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from stats.billing.prices import Prices
from stats.plans.plan import Plan
from stats.plans.price import Interval, Price
from stats.web.billing.plan_card import PlanView, free_price
from stats.web.templating.translation import _, ngettext, price_parts

YEAR = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan on the plans page.

    `action` is join, current, upgrade, change, manage, keep, end or none; `by` how often it is
    paid for; `by_month` what a price by the year makes a month.
    """

    plan: Plan
    price: str | None
    action: str
    by: Interval = Interval.MONTH
    by_month: str | None = None

    @property
    def daily(self) -> int | None:
        """How many conversations a day it includes, None for no limit."""
        return self.plan.daily_conversations

    @property
    def amount(self) -> str | None:
        """The amount alone: `£6`."""
        return price_parts(self.price)[0] if self.price else None


def make_offers(
    prices: Prices, plan: PlanView | None, *, has_subscription: bool, by: Interval
) -> list[Offer]:
    """Return the offers to a visitor (`plan` None) or a user, by the month or by the year."""
    return [_offer(offered, prices, plan, has_subscription, by) for offered in Plan]


def _offer(offered: Plan, prices: Prices, plan: PlanView | None, live: bool, by: Interval) -> Offer:
    own = plan.subscription.price if plan and plan.subscription else None
    yearly = _yearly(offered, prices, own) if by == Interval.YEAR else None
    offered_by = Interval.YEAR if yearly else Interval.MONTH
    action = _action(offered, plan, live, offered_by) if plan else "join"
    if offered == Plan.FREE:
        nothing = Price(own.currency, 0).amount_text if own else free_price(prices)
        return Offer(offered, nothing, action)
    if plan and plan.subscription and action in ("manage", "keep"):
        return Offer(offered, plan.own_price(prices, offered), action)
    if yearly:
        by_month = yearly.by_month.amount_text if yearly.by_month else None
        return Offer(offered, yearly.text, action, offered_by, by_month)
    return Offer(offered, _listed(offered, prices, plan), action)


def _yearly(offered: Plan, prices: Prices, own: Price | None) -> Price | None:
    """Return a plan's price by the year, None if it is in another currency than the user's own."""
    listed = prices.listed(Interval.YEAR).get(offered)
    return None if own and listed and own.currency != listed.currency else listed


def _listed(offered: Plan, prices: Prices, plan: PlanView | None) -> str | None:
    """Return a plan's price in words, None if it is in another currency than the user pays in."""
    own = plan.subscription.price if plan and plan.subscription else None
    listed = prices.listed(Interval.MONTH).get(offered)
    if own and listed and own.currency != listed.currency:
        return None
    return prices.cached().get(offered)


def _action(offered: Plan, plan: PlanView, live: bool, by: Interval) -> str:
    unpaid = plan.unpaid
    owed = (plan.name, unpaid.plan) if unpaid and unpaid.is_paid_rest else (unpaid and unpaid.plan,)
    if offered in owed and offered != Plan.FREE and not plan.granted:
        return "manage"
    if offered == plan.name:
        if not live:
            return "current"
        if by == Interval.YEAR and not plan.granted and paid_by(plan) == Interval.MONTH:
            return "change"
        return "keep" if plan.ends else "manage"
    if offered == Plan.FREE:
        return "end" if live and not plan.is_ending else "none"
    if plan.granted and offered.rank < plan.name.rank:
        return "none"
    if live:
        return "change"
    return "upgrade" if offered.rank > plan.name.rank else "none"


def paid_by(plan: PlanView) -> Interval:
    """Return how often a user pays: by the year, or by the month as far as it is known."""
    price = plan.subscription.price if plan.subscription else None
    return Interval.YEAR if price and price.interval == Interval.YEAR else Interval.MONTH


def saving(prices: Prices, plan: PlanView | None) -> str | None:
    """Return in words what paying by the year saves, counted from the prices; None for nothing.

    It is said of prices of one product alone, and to no payer of a price that is not sold any more.
    """
    monthly, yearly = prices.listed(Interval.MONTH), prices.listed(Interval.YEAR)
    if not all(prices.are_of_one_product(sold) for sold in yearly) or _pays_otherwise(plan, prices):
        return None
    months = [_months(monthly.get(plan), price) for plan, price in yearly.items()]
    known = [number for number in months if number is not None]
    if not known or len(known) < len(months) or max(known) >= YEAR:
        return None
    if len(set(known)) == 1 and known[0] == int(known[0]):
        return ngettext(
            "By the year you pay for %(num)s month of twelve.",
            "By the year you pay for %(num)s months of twelve.",
            int(known[0]),
        )
    percent = int((YEAR - max(known)) * 100 / YEAR)
    return (
        _("By the year you pay at least %(percent)s%% less.", percent=percent) if percent else None
    )


def _pays_otherwise(plan: PlanView | None, prices: Prices) -> bool:
    own = plan.paid if plan else None
    if own is None or own.plan is None:
        return False
    sold = [prices.listed(interval).get(own.plan) for interval in Interval]
    return own.price is None or own.discounted or own.price not in sold


def _months(monthly: Price | None, yearly: Price) -> float | None:
    """Return for how many months a year's price would pay, None if they cannot be compared."""
    each = monthly.by_month if monthly else None
    if each is None or each.currency != yearly.currency or not each.amount:
        return None
    return yearly.amount / each.amount


def offered_by(prices: Prices, asked: str | None, plan: PlanView | None) -> Interval | None:
    """Return by what the page shows its prices, None where no price by the year is set.

    It begins where the payer is.
    """
    listed: Mapping[Plan, Price] = prices.listed(Interval.YEAR)
    if not listed:
        return None
    if asked in list(Interval):
        return Interval(asked)
    return paid_by(plan) if plan else Interval.MONTH
