"""Stripe's webhook."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from stats import billing
from stats.errors import BillingUnavailable
from stats.web.audit import event as note
from stats.web.runtime import runtime

bp = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")


@bp.post("/stripe")
def stripe() -> ResponseReturnValue:
    """Take a delivery; 200 only once its effect is stored."""
    held = runtime()
    signature = request.headers.get("Stripe-Signature", "")
    event = billing.verify(request.get_data(), signature, held.webhook_secrets)
    if held.gateway is None:
        raise BillingUnavailable("Stripe is not set up here.")
    keys = held.settings.secret_keys
    done = billing.handle(held.db, held.gateway, event, keys, grace=held.grace)
    note("stripe.event", None, id=str(event["id"]), type=str(event["type"]), result=done)
    return jsonify(received=True)
