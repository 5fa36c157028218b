"""The plans page, redirects to Stripe and back, and the practice checkout."""

import time
from dataclasses import dataclass

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.billing import checkout, sync
from stats.billing.gateway import Gateway
from stats.billing.practice_gateway import ACTIONS, PracticeGateway, sign
from stats.billing.stripe_gateway import StripeGateway
from stats.errors import BillingUnavailable, InvalidInput
from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan, check_plan, highest
from stats.web.billing.plan_card import PlanView
from stats.web.billing.webhook import accept_event
from stats.web.http.access import public
from stats.web.http.current_user import current_dashboard
from stats.web.runtime import current_runtime, db

bp = Blueprint("billing", __name__)

MAX_RETURN_POLLS = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan on the plans page.

    `action` is join, current, upgrade, change, manage, back or none.
    """

    plan: Plan
    price: str | None
    action: str

    @property
    def daily(self) -> int | None:
        """How many conversations a day it includes, None for no limit."""
        return self.plan.daily_conversations


@bp.get("/plans")
@public
def plans() -> ResponseReturnValue:
    """Show the plans; to a user also their own one and the actions on it."""
    runtime, logged_in = current_runtime(), current_user.is_authenticated
    prices = runtime.prices.read()
    plan = PlanView(current_dashboard(), prices) if logged_in else None
    live = logged_in and any(subscription.plan for subscription in current_dashboard().billing.live)
    offers = [
        Offer(
            offered,
            "£0" if offered == Plan.FREE else prices.get(offered),
            _action(offered, plan.name, live) if plan else "join",
        )
        for offered in Plan
    ]
    return render_template(
        "billing/plans.html",
        offers=offers,
        plan=plan,
        has_subscription=live,
        practice=isinstance(runtime.gateway, PracticeGateway),
        available=runtime.gateway is not None,
        at_stripe=isinstance(runtime.gateway, StripeGateway),
    )


def _action(plan: Plan, current: Plan, live: bool) -> str:
    if plan == current:
        return "manage" if live else "current"
    if plan == Plan.FREE:
        return "back" if live else "none"
    if live:
        return "change"
    return "upgrade" if plan.rank > current.rank else "none"


@bp.post("/billing/checkout")
def start() -> ResponseReturnValue:
    """Redirect to Checkout, a Payment Link or the customer portal."""
    try:
        plan = check_plan(request.form.get("plan"))
    except InvalidInput:
        abort(400)
    if plan == Plan.FREE:
        abort(400)
    runtime = current_runtime()
    target = checkout.start_checkout(
        runtime.db,
        gateway(),
        current_user.id,
        current_user.email,
        plan,
        keys=runtime.settings.secret_keys,
        back=_base_url(),
        grace=runtime.grace,
        link=runtime.base_settings.stripe_payment_links.get(plan),
    )
    return redirect(target, 303)


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
    return redirect(checkout.open_portal(db(), gateway(), current_user.id, back=_base_url()), 303)


@bp.get("/billing/return")
def back() -> ResponseReturnValue:
    """Poll until what was bought has arrived; the first request may sync from Stripe.

    A grant is no payment: it ends no waiting. The address only says what to wait for.
    """
    count, bought = _poll_number(), _bought()
    paid = _has_arrived(current_dashboard().billing, bought)
    if count == 0 and not paid and request.method == "GET" and _sync_bought(bought):
        return redirect(url_for("billing.back", plan=bought))
    page = "billing/checkout_return.html" if count == 0 else "billing/_checkout_return.html"
    return render_template(
        page,
        paid=paid,
        bought=bought,
        waiting=not paid and count < MAX_RETURN_POLLS,
        next_try=count + 1,
        plan=PlanView(current_dashboard(), current_runtime().prices.cached()),
    )


def _poll_number() -> int:
    number = request.args.get("try", "0")
    usable = number.isascii() and number.isdigit() and len(number) < 4
    return int(number) if usable else MAX_RETURN_POLLS


def _bought() -> Plan:
    """Return the plan that the address names, the lowest that is sold if it names none."""
    try:
        return highest((check_plan(request.args.get("plan")), Plan.PLUS))
    except InvalidInput:
        return Plan.PLUS


def _has_arrived(state: BillingState, bought: Plan) -> bool:
    return state.plan(time.time()).rank >= bought.rank


def _sync_bought(bought: Plan) -> bool:
    """Read the user's subscriptions from Stripe; return whether what was bought is there now."""
    runtime = current_runtime()
    if runtime.gateway is None:
        return False
    try:
        sync.sync(runtime.db, runtime.gateway, current_user.id, grace=runtime.grace)
    except BillingUnavailable:
        current_app.logger.warning("Stripe could not be asked on the return page")
    return _has_arrived(sync.read_state(runtime.db, current_user.id)[0], bought)


@bp.route("/billing/practice", methods=["GET", "POST"])
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
        current_plan=PlanView(current_dashboard(), runtime.prices.cached()),
        plan=check_plan(request.args.get("plan", "Plus")),
        prices=runtime.prices.cached(),
    )


def _practice_action(practice_gateway: PracticeGateway) -> ResponseReturnValue:
    action = request.form.get("action", "")
    if action not in ACTIONS:
        abort(400)
    plan = check_plan(request.form.get("plan", "Plus"))
    body = practice_gateway.act(current_user.id, action, plan)
    _deliver(body)
    if action == "pay":
        return redirect(url_for("billing.back", plan=plan, session_id="practice"), 303)
    return redirect(url_for("billing.plans"), 303)


def _deliver(body: bytes) -> None:
    """Sign a practice event and handle it like a delivery of Stripe's webhook."""
    try:
        accept_event(body, sign(body, current_runtime().webhook_secrets[0]))
    except InvalidInput:
        raise BillingUnavailable("The practice payment did not arrive.") from None
