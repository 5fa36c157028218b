"""The plans page, redirects to Stripe and back, and the practice checkout."""

import re
import time

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.billing import checkout, sync
from stats.billing.gateways.gateway import Gateway
from stats.billing.gateways.practice_gateway import ACTIONS, PracticeGateway, sign
from stats.billing.gateways.stripe_gateway import StripeGateway
from stats.billing.open_sales import close_sessions_of_payer
from stats.billing.portal_visit import Visit, begin_visit, read_visit
from stats.billing.unheard_sales import bind_link_buyers, sync_session
from stats.errors import BillingUnavailable, InvalidInput, WritesRefused
from stats.plans.billing_state import BillingState
from stats.plans.plan import PAID_PLANS, Plan, check_plan
from stats.plans.price import Interval
from stats.plans.purchase import Outcome, Purchase
from stats.web.billing.offers import make_offers, offered_by, saving
from stats.web.billing.plan_card import PlanView
from stats.web.billing.plan_change import change_message
from stats.web.billing.webhook import accept_event
from stats.web.http.access import public
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.runtime import current_runtime, db

bp = Blueprint("billing", __name__)

MAX_RETURN_POLLS = 30


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


@bp.get("/billing/return")
def back() -> ResponseReturnValue:
    """Poll until what was bought has arrived; the first request may sync from Stripe.

    A grant is no payment: it ends no waiting. The address only says what to wait for.
    """
    count, named, session_id = _poll_number(), _named_plan(), _session_id()
    purchase = _purchase(current_dashboard().billing, named or Plan.PLUS)
    is_paid = purchase.outcome == Outcome.ARRIVED
    is_known = is_paid and (named is not None or session_id is None)
    if count == 0 and not is_known and request.method == "GET":
        purchase = _sync_bought(named, session_id)
        if purchase.outcome == Outcome.ARRIVED:
            return redirect(url_for("billing.back", plan=purchase.plan))
    page = "billing/checkout_return.html" if count == 0 else "billing/_checkout_return.html"
    return render_template(
        page,
        outcome=purchase.outcome,
        bought=purchase.plan,
        session_id=session_id,
        polls=purchase.outcome == Outcome.WAITING and count < MAX_RETURN_POLLS,
        next_try=count + 1,
        plan=PlanView(current_dashboard(), current_runtime().prices),
    )


def _poll_number() -> int:
    number = request.args.get("try", "0")
    usable = number.isascii() and number.isdigit() and len(number) < 4
    return int(number) if usable else MAX_RETURN_POLLS


def _named_plan() -> Plan | None:
    """Return the plan that the address names as bought, None if it names none."""
    named = request.args.get("plan")
    return Plan(named) if named in PAID_PLANS else None


def _session_id() -> str | None:
    """Return what stands in the address as the id of a Checkout Session; it may be anybody's."""
    session_id = request.args.get("session_id", "")
    return session_id if re.fullmatch(r"cs_[A-Za-z0-9_]{1,200}", session_id) else None


def _purchase(state: BillingState, bought: Plan) -> Purchase:
    """Return what is known of a purchase without its session: whether the plan is there."""
    has_arrived = state.plan(time.time()).rank >= bought.rank
    return Purchase(Outcome.ARRIVED if has_arrived else Outcome.WAITING, bought)


def _sync_bought(named: Plan | None, session_id: str | None) -> Purchase:
    """Read the user's subscriptions from Stripe; return what became of what was bought.

    The session says it if it is the user's; else the plan counts that the address names, else the
    lowest that is sold.
    """
    runtime, bought = current_runtime(), named or Plan.PLUS
    purchase = Purchase(Outcome.WAITING, bought)
    if runtime.gateway is None:
        return purchase
    try:
        if session_id is None:
            # A Payment Link that leads here without its session.
            _bind_link_buyers(runtime.gateway)
        sync.sync(runtime.db, runtime.gateway, current_user.id, grace=runtime.grace)
        purchase = _purchase(sync.read_state(runtime.db, current_user.id)[0], bought)
        if session_id and not (named and purchase.outcome == Outcome.ARRIVED):
            purchase = _sync_session(runtime.gateway, session_id, bought)
        close_sessions_of_payer(runtime.db, runtime.gateway, current_user.id)
    except BillingUnavailable:
        current_app.logger.warning("Stripe could not be asked on the return page")
    except WritesRefused:
        current_app.logger.warning("The return page waits: the store takes no writes")
    return purchase


def _bind_link_buyers(gateway: Gateway) -> None:
    runtime, user_id = current_runtime(), current_user.id
    known = sync.read_state(runtime.db, user_id)[1]
    bind_link_buyers(runtime.db, gateway, user_id, runtime.settings.secret_keys, known)


def _sync_session(gateway: Gateway, session_id: str, bought: Plan) -> Purchase:
    """Sync with what a session has sold to the user; return what became of it."""
    runtime = current_runtime()
    purchase = sync_session(
        runtime.db,
        gateway,
        current_user.id,
        session_id,
        keys=runtime.settings.secret_keys,
        grace=runtime.grace,
    )
    if purchase.outcome == Outcome.WAITING:
        return _purchase(sync.read_state(runtime.db, current_user.id)[0], bought)
    return purchase._replace(plan=purchase.plan or bought)


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
