"""Plans, the ways to Stripe and back, and the practice checkout."""

from dataclasses import dataclass

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.billing import checkout, sync
from stats.billing.practice_gateway import ACTIONS, PracticeGateway, sign
from stats.billing.stripe_gateway import Gateway
from stats.errors import BillingUnavailable, InvalidInput
from stats.plans.plan import Plan, check_plan
from stats.user_stats import open_stats
from stats.web.billing.plan_card import PlanView
from stats.web.billing.webhook import accept_event
from stats.web.http.access import public
from stats.web.http.current_user import board
from stats.web.runtime import db, runtime

bp = Blueprint("billing", __name__)

TRIES = 30


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
        """How many conversations a day it gives, None for no limit."""
        return self.plan.daily_conversations


@bp.get("/plans")
@public
def plans() -> ResponseReturnValue:
    """Show the three plans; to a member also which one it is now and what can be done."""
    held, member = runtime(), current_user.is_authenticated
    prices = held.prices.read()
    plan = PlanView(board(), prices) if member else None
    live = member and any(found.plan for found in board().billing.live)
    offers = [
        Offer(
            one,
            "£0" if one == Plan.FREE else prices.get(one),
            _action(one, plan.name, live) if plan else "join",
        )
        for one in Plan
    ]
    return render_template(
        "billing/plans.html",
        offers=offers,
        plan=plan,
        has_subscription=live,
        practice=isinstance(held.gateway, PracticeGateway),
        available=held.gateway is not None,
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
    """Go where the plan can be had: Checkout, a Payment Link, or the portal."""
    try:
        plan = check_plan(request.form.get("plan"))
    except InvalidInput:
        abort(400)
    if plan == Plan.FREE:
        abort(400)
    held = runtime()
    target = checkout.start_checkout(
        held.db,
        gateway(),
        current_user.id,
        current_user.email,
        plan,
        keys=held.settings.secret_keys,
        back=_back(),
        grace=held.grace,
        link=held.given.stripe_payment_links.get(plan),
    )
    return redirect(target, 303)


def gateway() -> Gateway:
    """Return Stripe or its stand-in; raises BillingUnavailable when there is neither."""
    found = runtime().gateway
    if found is None:
        raise BillingUnavailable("Upgrading is not set up here.")
    return found


def _back() -> str:
    return runtime().given.public_url or request.host_url.rstrip("/")


@bp.post("/billing/portal")
def portal() -> ResponseReturnValue:
    """Go to the customer portal."""
    return redirect(checkout.open_portal(db(), gateway(), current_user.id, back=_back()), 303)


@bp.get("/billing/return")
def back() -> ResponseReturnValue:
    """Wait for the webhook. Nothing is granted here; Stripe may be asked, once, for this user."""
    tries = request.args.get("try", "0")
    count = int(tries) if tries.isascii() and tries.isdigit() and len(tries) < 4 else TRIES
    paid = board().plan != Plan.FREE
    if count == 0 and not paid and request.method == "GET" and _look_once():
        return redirect(url_for("billing.back"))
    page = "billing/checkout_return.html" if count == 0 else "billing/_checkout_return.html"
    return render_template(
        page,
        paid=paid,
        waiting=not paid and count < TRIES,
        next_try=count + 1,
        plan=PlanView(board(), runtime().prices.cached()),
    )


def _look_once() -> bool:
    held = runtime()
    if held.gateway is None:
        return False
    try:
        sync.sync(held.db, held.gateway, current_user.id, grace=held.grace)
    except BillingUnavailable:
        current_app.logger.warning("Stripe could not be asked on the return page")
    return open_stats(held.db, current_user.id, create=False).stats().plan != Plan.FREE


@bp.route("/billing/practice", methods=["GET", "POST"])
def practice() -> ResponseReturnValue:
    """Stand in for Stripe's pages; no money moves."""
    held = runtime()
    if not isinstance(held.gateway, PracticeGateway):
        abort(404)
    live = held.gateway.live(current_user.id)
    if request.method == "POST":
        return _practise(held.gateway)
    wanted = request.args.get("plan", "Plus")
    return render_template(
        "billing/practice.html",
        subscription=live,
        current_plan=PlanView(board(), held.prices.cached()),
        plan=check_plan(wanted),
        prices=held.prices.cached(),
    )


def _practise(stand_in: PracticeGateway) -> ResponseReturnValue:
    action = request.form.get("action", "")
    if action not in ACTIONS:
        abort(400)
    plan = check_plan(request.form.get("plan", "Plus"))
    body = stand_in.act(current_user.id, action, plan)
    _deliver(body)
    if action == "pay":
        return redirect(url_for("billing.back", session_id="practice"), 303)
    return redirect(url_for("billing.plans"), 303)


def _deliver(body: bytes) -> None:
    """Sign a practice event and have it verified and acted on as one of Stripe's."""
    try:
        accept_event(body, sign(body, runtime().webhook_secrets[0]))
    except InvalidInput:
        raise BillingUnavailable("The practice payment did not arrive.") from None
