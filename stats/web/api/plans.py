"""Granting plans, and what a plan gives."""

from datetime import UTC, datetime

from flask import jsonify
from flask.typing import ResponseReturnValue

from stats.store.keys import operation_id
from stats.user_stats import grant_plan, open_stats
from stats.web.api.authorisation import authorise, require_service_key
from stats.web.api.blueprint import bp
from stats.web.api.dashboard import changed, read_stats
from stats.web.api.idempotency import idempotency_key
from stats.web.api.request_models import PlanBody, read_body
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db


@bp.patch("/plan")
def set_plan() -> ResponseReturnValue:
    """Set or remove an operator's grant."""
    require_service_key()
    subject, body = authorise(), read_body(PlanBody)
    snapshot = grant_plan(
        db(),
        subject.user_id,
        body.plan,
        create=True,
        op=operation_id("plan", idempotency_key()),
    )
    event("plan.granted", subject.user_id, plan=body.plan)
    return changed("The plan is set.", snapshot)


@bp.get("/entitlements")
def entitlements() -> ResponseReturnValue:
    """Answer what the plan gives, and how much of it was used today."""
    subject = authorise()
    if subject.service:
        snapshot = open_stats(db(), subject.user_id, create=False)
    else:
        snapshot = read_stats(subject)
    now = datetime.now(UTC)
    plan = snapshot.plan_at(now)
    return jsonify(
        success=True,
        plan=plan,
        limits={"daily_conversations": plan.daily_conversations},
        used={"daily_conversations": snapshot.used_on(now)},
    )
