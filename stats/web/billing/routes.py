"""The plans page, redirects to Stripe, and the practice checkout."""

import time

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.billing import checkout, sync
from stats.billing.gateways.gateway import Gateway
from stats.billing.gateways.practice_gateway import ACTIONS, PracticeGateway, sign
from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.billing.portal_visit import Visit, begin_visit, read_visit
from stats.errors import BillingUnavailable, InvalidInput
from stats.plans.plan import Plan, check_plan
from stats.plans.price import Interval
from stats.web.billing.offers import make_offers, offered_by, saving
from stats.web.billing.plan_card import PlanView
from stats.web.billing.plan_change import change_message
from stats.web.billing.webhook import accept_event
from stats.web.http.access import public
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.runtime import current_runtime, db

bp = Blueprint("billing", __name__)


@bp.get("/plans")
@public
def plans() -> ResponseReturnValue:
    """Show the plans; to a user also their own one and the actions on it.

    Who comes back from the portal sees the new state, and what has changed.
    """
    if current_user.is_authenticated and request.args.get("from") == "portal":
        _sync_after_visit()
        return redirect(url_for("billing.plans", after="portal"))
    runtime = current_runtime()
    runtime.prices.read()
    plan = PlanView(current_dashboard(), runtime.prices) if current_user.is_authenticated else None
    visit = read_visit(db(), current_user.id) if plan and request.args.get("after") else None
    message = _change_message(visit, plan) if visit and plan else None
    if "look" in request.args and message is None:
        return "", 204
    return render_template(
        "billing/plans.html",
        **_offers(plan),
        plan=plan,
        notice=message,
        looks=visit is not None and message is None,
        practice=isinstance(runtime.gateway, PracticeGateway),
        available=runtime.gateway is not None,
        at_stripe=isinstance(runtime.gateway, StripeGateway),
    )


def _offers(plan: PlanView | None) -> dict[str, object]:
    """Return the offers, by what they are paid for, and what paying by the year saves."""
    prices = current_runtime().prices
    live = plan is not None and any(one.plan for one in current_dashboard().billing.live)
    by = offered_by(prices, request.args.get("by"), plan)
    offers = make_offers(prices, plan, has_subscription=live, by=by or Interval.MONTH)
    return {"offers": offers, "by": by, "saving": saving(prices, plan), "has_subscription": live}


def _change_message(visit: Visit, plan: PlanView) -> str | None:
    change = visit.change(current_dashboard().billing, time.time())
    return None if change is None else change_message(change, plan, current_runtime().prices)


def _sync_after_visit() -> None:
    """Read the user's subscriptions from Stripe, after a visit to the portal alone."""
    runtime = current_runtime()
    if runtime.gateway is None or read_visit(runtime.db, current_user.id) is None:
        return
    try:
        sync.sync(runtime.db, runtime.gateway, current_user.id, grace=runtime.grace)
    except BillingUnavailable:
        # The page looks again by itself; the event comes, too.
        current_app.logger.warning("Stripe could not be asked after a visit to the portal")


@bp.post("/billing/checkout")
@repeatable
def start() -> ResponseReturnValue:
    """Redirect to Checkout, a Payment Link or the customer portal."""
    try:
        plan = check_plan(request.form.get("plan"))
    except InvalidInput:
        abort(400)
    interval = _interval(plan)
    if plan == Plan.FREE or interval is None:
        abort(400)
    runtime = current_runtime()
    begin_visit(runtime.db, current_user.id)
    target = checkout.start_checkout(
        runtime.db,
        gateway(),
        current_user.id,
        current_user.email,
        plan,
        keys=runtime.settings.secret_keys,
        back=_base_url(),
        grace=runtime.grace,
        link=_payment_link(plan, interval),
        interval=interval,
    )
    return redirect(target, 303)


def _interval(plan: Plan) -> Interval | None:
    """Return by what the form wants to pay, None for what is not offered."""
    by = request.form.get("by", Interval.MONTH)
    if by == Interval.YEAR and plan not in current_runtime().base_settings.stripe_yearly_prices:
        return None
    return Interval(by) if by in list(Interval) else None


def _payment_link(plan: Plan, interval: Interval) -> str | None:
    """Return the Payment Link that sells a plan; there is none by the year."""
    links = current_runtime().base_settings.stripe_payment_links
    return links.get(plan) if interval == Interval.MONTH else None


def gateway() -> Gateway:
    """Return the gateway of the app; raises BillingUnavailable without one."""
    configured = current_runtime().gateway
    if configured is None:
        raise BillingUnavailable("Upgrading is not set up here.")
    return configured


def _base_url() -> str:
    return current_runtime().base_settings.public_url or request.host_url.rstrip("/")


@bp.post("/billing/portal")
def portal() -> ResponseReturnValue:
    """Redirect to the customer portal."""
    begin_visit(db(), current_user.id)
    return redirect(checkout.open_portal(db(), gateway(), current_user.id, back=_base_url()), 303)


@bp.route("/billing/practice", methods=["GET", "POST"])
@repeatable
def practice() -> ResponseReturnValue:
    """Show the practice checkout, which stands in for Stripe's pages, or carry out an action."""
    runtime = current_runtime()
    if not isinstance(runtime.gateway, PracticeGateway):
        abort(404)
    live = runtime.gateway.live(current_user.id)
    if request.method == "POST":
        return _practice_action(runtime.gateway)
    return render_template(
        "billing/practice.html",
        subscription=live,
        current_plan=PlanView(current_dashboard(), runtime.prices),
        plan=check_plan(request.args.get("plan", "Plus")),
        prices=runtime.prices.cached(),
    )


def _practice_action(practice_gateway: PracticeGateway) -> ResponseReturnValue:
    action = request.form.get("action", "")
    if action not in ACTIONS:
        abort(400)
    plan = check_plan(request.form.get("plan", "Plus"))
    begin_visit(db(), current_user.id)
    body = practice_gateway.act(current_user.id, action, plan)
    _deliver(body)
    if action == "pay":
        return redirect(url_for("billing.back", plan=plan, session_id="practice"), 303)
    return redirect(url_for("billing.plans", after="portal"), 303)


def _deliver(body: bytes) -> None:
    """Sign a practice event and handle it like a delivery of Stripe's webhook."""
    try:
        accept_event(body, sign(body, current_runtime().webhook_secrets[0]))
    except InvalidInput:
        raise BillingUnavailable("The practice payment did not arrive.") from None
