"""Stripe's webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from msgspec import Struct

from stats.billing import webhook
from stats.errors import BillingUnavailable, InvalidInput
from stats.web.http.documented import NO_CREDENTIALS, documented
from stats.web.monitoring.audit_log import record_event
from stats.web.monitoring.counters import UNKNOWN, count_webhook
from stats.web.runtime import current_runtime

bp = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")

SIGNATURE: dict[str, Any] = {
    "name": "Stripe-Signature",
    "in": "header",
    "required": True,
    "description": "https://docs.stripe.com/webhooks/signature",
    "schema": {"type": "string"},
}


class Delivery(Struct):
    """An event; https://docs.stripe.com/api/events says what it holds."""

    id: str
    type: str


class Received(Struct):
    received: Literal[True]


@bp.post("/stripe")
@documented(
    "Take a delivery from Stripe",
    description="For Stripe alone: the signature is the credential.",
    security=NO_CREDENTIALS,
    parameters=[SIGNATURE],
    body=Delivery,
    body_example={"id": "evt_1", "type": "customer.subscription.updated"},
    response=Received,
    response_example={"received": True},
)
def stripe() -> ResponseReturnValue:
    """Handle a delivery; 200 only once its effect is stored."""
    accept_event(request.get_data(), request.headers.get("Stripe-Signature", ""))
    return jsonify(received=True)


def accept_event(body: bytes, signature: str) -> None:
    """Verify a signed event, handle, count and log it; returns once its effect is stored.

    For Stripe's events and those of the practice checkout. Raises InvalidInput for a bad signature,
    BillingUnavailable, and the errors of the store.
    """
    runtime = current_runtime()
    with _counted() as outcome:
        event = webhook.verify(body, signature, runtime.webhook_secrets)
        outcome.event_type = str(event["type"])
        if runtime.gateway is None:
            raise BillingUnavailable("Stripe is not set up here.")
        keys = runtime.settings.secret_keys
        outcome.result = webhook.handle(
            runtime.db, runtime.gateway, event, keys, grace=runtime.grace
        )
    record_event(
        "stripe.event", None, id=str(event["id"]), type=outcome.event_type, result=outcome.result
    )


@dataclass(slots=True)
class Outcome:
    """The type of a delivered event and what came of it, for the metrics."""

    event_type: str = UNKNOWN
    result: str = "failed"


@contextmanager
def _counted() -> Iterator[Outcome]:
    """Count a delivery by its outcome."""
    outcome = Outcome()
    try:
        yield outcome
    except InvalidInput:
        outcome.result = "refused"
        raise
    finally:
        count_webhook(outcome.event_type, outcome.result)
