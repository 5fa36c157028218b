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
    """Take a delivery; 200 only once its effect is stored."""
    accept_event(request.get_data(), request.headers.get("Stripe-Signature", ""))
    return jsonify(received=True)


def accept_event(body: bytes, signature: str) -> None:
    """Verify a signed event, act on it, count it and write it down; returns once it is stored.

    Stripe's events and those of the practice checkout come this way. Raises InvalidInput for one
    that is not signed as it should be, BillingUnavailable, and what the store raises.
    """
    current = current_runtime()
    with counted() as delivery:
        event = webhook.verify(body, signature, current.webhook_secrets)
        delivery.kind = str(event["type"])
        if current.gateway is None:
            raise BillingUnavailable("Stripe is not set up here.")
        keys = current.settings.secret_keys
        delivery.result = webhook.handle(
            current.db, current.gateway, event, keys, grace=current.grace
        )
    record_event(
        "stripe.event", None, id=str(event["id"]), type=delivery.kind, result=delivery.result
    )


@dataclass(slots=True)
class Outcome:
    """What is known of a delivery so far: nothing at first, and that it is not done."""

    kind: str = UNKNOWN
    result: str = "failed"


@contextmanager
def counted() -> Iterator[Outcome]:
    """Count a delivery by what is known of it in the end."""
    outcome = Outcome()
    try:
        yield outcome
    except InvalidInput:
        outcome.result = "refused"
        raise
    finally:
        count_webhook(outcome.kind, outcome.result)
