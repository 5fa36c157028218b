"""Granting plans, and the entitlements of a plan."""

from datetime import UTC, datetime

from flask import jsonify
from flask.typing import ResponseReturnValue

from stats.user_stats import grant_plan, open_stats
from stats.web.api.authorisation import authorise, require_service_key
from stats.web.api.blueprint import bp
from stats.web.api.dashboard import changed_response, read_stats
from stats.web.api.idempotency import idempotent_operation
from stats.web.api.models import examples
from stats.web.api.models.request_models import PlanBody, read_body
from stats.web.api.models.response_models import Changed, Given
from stats.web.api.parameters import IDEMPOTENCY_KEY, USER_ID, documented_for_user
from stats.web.http.documented import SERVICE_KEY, documented
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db


@bp.patch("/plan")
@documented(
    "Grant a plan",
    description="A grant is kept apart from what is paid for: the higher one counts, and "
    "`Free` takes the grant away.",
    security=SERVICE_KEY,
    parameters=[USER_ID, IDEMPOTENCY_KEY],
    body=PlanBody,
    body_example=examples.PLAN_BODY,
    response=Changed,
    response_example=examples.PLAN_SET,
)
def set_plan() -> ResponseReturnValue:
    """Set the plan that an operator grants; Free removes the grant."""
    require_service_key()
    subject, body = authorise(), read_body(PlanBody)
    snapshot = grant_plan(
        db(),
        subject.user_id,
        body.plan,
        create=True,
        op=idempotent_operation("plan", body),
    )
    record_event("plan.granted", subject.user_id, plan=body.plan)
    return changed_response("The plan is set.", snapshot)


@bp.get("/entitlements")
@documented_for_user(
    "What the plan gives",
    description="A limit of `null` is no limit. Nobody is stopped by this service: ask before "
    "a conversation begins.",
    response=Given,
    response_example=examples.ENTITLEMENTS,
)
def entitlements() -> ResponseReturnValue:
    """Answer the limits of the plan, and how much of them was used today."""
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
