"""Billing: a delivery from Stripe becomes a plan that is recomputed from what Stripe says now.

An event only says when to look. A ticket taken before Stripe is asked makes an older answer
unable to overwrite a newer one.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import stripe

from stats.billing.client_reference import read_reference
from stats.billing.gateway import Gateway
from stats.billing.sync import keep_orphan, log, sync
from stats.errors import BillingUnavailable, InvalidInput
from stats.lib.text import as_text, check_id
from stats.store.client import Db
from stats.store.keys import customer_key

TOLERANCE = 300
SUBSCRIPTION = "customer.subscription."
ACTED_ON = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    *(SUBSCRIPTION + what for what in ("created", "updated", "deleted", "paused", "resumed")),
    "customer.deleted",
    "invoice.paid",
    "invoice.payment_failed",
)
DISPUTE = "charge.dispute.created"


def verify(body: bytes, header: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Return the event in a delivery's raw body, signed with any of the secrets.

    Raises InvalidInput for a bad signature, one older than 300 s or from the future, and for a
    body that is no event; BillingUnavailable when no secret is set, so that Stripe tries again
    (https://docs.stripe.com/webhooks#verify-manually).
    """
    if not secrets:
        log.error("a Stripe event came, but STRIPE_WEBHOOK_SECRET is not set")
        raise BillingUnavailable("Webhooks are not set up here.")
    if not any(_signed(body, header, secret) for secret in secrets):
        raise InvalidInput("The signature is not valid.")
    try:
        event: dict[str, Any] = json.loads(body)
        event["id"], event["type"], event["data"]["object"].keys()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InvalidInput("The body is not an event.") from None
    return event


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
        stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
        # The library takes timestamps from the future.
        return len(stamps) == 1 and int(stamps[0]) <= time.time() + TOLERANCE
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        # TypeError: the library cannot compare a signature that is not ASCII.
        return False


def handle(
    db: Db, gateway: Gateway, event: Mapping[str, Any], reference_keys: Sequence[str], *, grace: int
) -> str:
    """Act on a verified event; return what was done, for the log.

    Returning means that Stripe need not send it again; anything unfinished raises.
    """
    kind = str(event.get("type"))
    if bool(event.get("livemode")) != gateway.livemode:
        log.error("event %s is of the other mode (live or test) than the key", event.get("id"))
        return "other mode"
    if kind == DISPUTE:
        log.error("a payment is disputed: event %s", event.get("id"))
        return "logged"
    if kind not in ACTED_ON and not kind.startswith(SUBSCRIPTION):
        return "ignored"
    stripe_object = event["data"]["object"]
    customer = _customer_of(kind, stripe_object)
    user_id = _resolve(db, customer, stripe_object, reference_keys)
    if user_id is None:
        return keep_orphan(db, event, customer, "no user")
    return sync(db, gateway, user_id, event=event, customer=customer, grace=grace)


def _customer_of(kind: str, stripe_object: Mapping[str, Any]) -> str | None:
    value = stripe_object.get("id") if kind == "customer.deleted" else stripe_object.get("customer")
    return value.get("id") if isinstance(value, Mapping) else value


def _resolve(
    db: Db, customer: str | None, stripe_object: Mapping[str, Any], keys: Sequence[str]
) -> str | None:
    """Return the user by the bound customer, else by metadata, else by the signed reference."""
    bound = db.get(customer_key(customer)) if customer else None
    if bound is not None:
        return as_text(bound)
    if stripe_object.get("object") == "subscription":
        metadata_user_id = (stripe_object.get("metadata") or {}).get("user_id")
        return _our_id(metadata_user_id)
    reference = stripe_object.get("client_reference_id")
    return read_reference(str(reference), keys) if reference else None


def _our_id(metadata_user_id: object) -> str | None:
    # Another product of the account's may have put anything into the metadata.
    try:
        return check_id(metadata_user_id)
    except InvalidInput:
        return None
