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
from stats.web.monitoring.audit_log import event as note
from stats.web.monitoring.counters import UNKNOWN, count_webhook
from stats.web.runtime import runtime

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
    answer=Received,
    answer_example={"received": True},
)
def stripe() -> ResponseReturnValue:
    """Take a delivery; 200 only once its effect is stored."""
    held = runtime()
    signature = request.headers.get("Stripe-Signature", "")
    with counted() as outcome:
        event = webhook.verify(request.get_data(), signature, held.webhook_secrets)
        outcome.kind = str(event["type"])
        if held.gateway is None:
            raise BillingUnavailable("Stripe is not set up here.")
        keys = held.settings.secret_keys
        done = webhook.handle(held.db, held.gateway, event, keys, grace=held.grace)
        outcome.result = done
    note("stripe.event", None, id=str(event["id"]), type=outcome.kind, result=done)
    return jsonify(received=True)


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
