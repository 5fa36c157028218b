"""What the plans page says after a visit to the portal: what changed, from when, at what cost."""

from stats.billing.portal_visit import Change
from stats.billing.prices import Prices
from stats.plans.subscription import Subscription
from stats.web.billing.plan_card import PlanView
from stats.web.templating.translation import _, price_parts


def change_message(change: Change, plan: PlanView, prices: Prices) -> str:
    """Return the confirmation of a change, as what is paid for stands now."""
    own = plan.paid
    if change == Change.ENDED or own is None:
        return _ended(plan)
    if change == Change.ENDS and own.cancels is not None:
        ends = _("%(plan)s ends on %(day)s.", plan=own.plan, day=plan.day(own.cancels))
        return f"{ends} {_after(plan)}"
    if change == Change.SCHEDULED:
        return _("Your change is noted at Stripe. Until then %(plan)s stays.", plan=own.plan)
    first = {
        Change.MOVED: _moved(own, plan),
        Change.ONE_ENDED: _(
            "One of your subscriptions has ended. %(plan)s goes on.", plan=own.plan
        ),
        Change.PAID: _("The payment went through. %(plan)s goes on.", plan=own.plan),
        Change.PERIOD: _("You pay another price for %(plan)s now.", plan=own.plan),
    }.get(change, _("%(plan)s goes on.", plan=own.plan))
    return " ".join(filter(None, (first, _cost(own, plan, prices))))


def _ended(plan: PlanView) -> str:
    if plan.lapsed:
        return _("Your subscription is on hold. You are on %(plan)s now.", plan=plan.name)
    return _("Your subscription has ended. You are on %(plan)s now.", plan=plan.name)


def _moved(own: Subscription, plan: PlanView) -> str:
    # A grant may give more than is paid for.
    if own.plan == plan.name:
        return _("You have %(plan)s now.", plan=own.plan)
    return _("You pay for %(plan)s now.", plan=own.plan)


def _after(plan: PlanView) -> str:
    return _("After that you are on %(plan)s. Until then nothing changes.", plan=plan.afterwards)


def _cost(own: Subscription, plan: PlanView, prices: Prices) -> str:
    """Return what it costs and when the next payment is, as far as both are known."""
    text = prices.paid(own)
    if text is None:
        return ""
    price = " ".join(price_parts(text)).strip()
    if own.discounted:
        price = _("%(price)s, less your discount", price=price)
    if own.renews is None or own.ends is not None or own.collection_paused or own.is_scheduled:
        return _("It costs %(price)s.", price=price)
    day = plan.day(own.renews)
    return _("It costs %(price)s; the next payment is on %(day)s.", price=price, day=day)
