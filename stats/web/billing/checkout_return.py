"""The page on which a payer waits after Checkout or a Payment Link."""

import re
import time

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.billing.customers import read_state
from stats.billing.gateways.gateway import Gateway
from stats.billing.open_sales import close_sessions_of_payer
from stats.billing.sync import sync
from stats.billing.unheard_sales import bind_link_buyers, sync_session
from stats.errors import BillingUnavailable, WritesRefused
from stats.plans.billing_state import BillingState
from stats.plans.plan import PAID_PLANS, Plan
from stats.plans.purchase import Outcome, Purchase
from stats.web.billing.plan_card import PlanView
from stats.web.billing.routes import bp
from stats.web.http.current_user import current_dashboard
from stats.web.runtime import current_runtime

MAX_RETURN_POLLS = 30


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
        sync(runtime.db, runtime.gateway, current_user.id, grace=runtime.grace)
        purchase = _purchase(read_state(runtime.db, current_user.id)[0], bought)
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
    known = read_state(runtime.db, user_id)[1]
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
        return _purchase(read_state(runtime.db, current_user.id)[0], bought)
    return Purchase(purchase.outcome, purchase.plan or bought)
