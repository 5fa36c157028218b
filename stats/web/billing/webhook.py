"""Stripe's webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from stats.billing import webhook
from stats.errors import BillingUnavailable, InvalidInput
from stats.web.monitoring.audit_log import event as note
from stats.web.monitoring.counters import UNKNOWN, count_webhook
from stats.web.runtime import runtime

bp = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")


@bp.post("/stripe")
def stripe() -> ResponseReturnValue:
    """Take a delivery; 200 only once its effect is stored."""
    held = runtime()
    signature = request.headers.get("Stripe-Signature", "")
    with counted() as delivery:
        event = webhook.verify(request.get_data(), signature, held.webhook_secrets)
        delivery.kind = str(event["type"])
        if held.gateway is None:
            raise BillingUnavailable("Stripe is not set up here.")
        keys = held.settings.secret_keys
        done = webhook.handle(held.db, held.gateway, event, keys, grace=held.grace)
        delivery.result = done
    note("stripe.event", None, id=str(event["id"]), type=delivery.kind, result=done)
    return jsonify(received=True)


@dataclass(slots=True)
class Delivery:
    """What is known of a delivery so far: nothing at first, and that it is not done."""

    kind: str = UNKNOWN
    result: str = "failed"


@contextmanager
def counted() -> Iterator[Delivery]:
    """Count a delivery by what is known of it in the end."""
    delivery = Delivery()
    try:
        yield delivery
    except InvalidInput:
        delivery.result = "refused"
        raise
    finally:
        count_webhook(delivery.kind, delivery.result)
