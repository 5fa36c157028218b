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
from stats.billing.customers import bind_customer, buys_from_us, pays_us, read_state
from stats.billing.gateways.gateway import Gateway, UnknownCustomer
from stats.billing.open_sales import (
    close_link_sessions,
    close_sessions,
    close_sessions_of_payer,
)
from stats.billing.orphans import keep_orphan
from stats.billing.ownership import customer_of, is_about_us, named_user
from stats.billing.sync import log, sync
from stats.errors import BillingUnavailable, InvalidInput
from stats.lib.text import as_text, check_id
from stats.plans.plan import Plan
from stats.snapshot import user_stats_exist
from stats.store.client import Db
from stats.store.keys import customer_key

TOLERANCE = 300
SUBSCRIPTION = "customer.subscription."
DELETED = "customer.deleted"
COMPLETED = "checkout.session.completed"
ACTED_ON = (
    COMPLETED,
    "checkout.session.async_payment_succeeded",
    *(SUBSCRIPTION + what for what in ("created", "updated", "deleted", "paused", "resumed")),
    DELETED,
    "invoice.paid",
    "invoice.payment_failed",
)
DISPUTE = "charge.dispute.created"
NOT_OURS = "not ours"


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
        event["id"], event["data"]["object"].keys()
        if _is_acted_on(event["type"]):
            event["data"]["object"]["id"]
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
    if reason := _unacted(gateway, event):
        return reason
    stripe_object = event["data"]["object"]
    kind, customer = event["type"], customer_of(stripe_object)
    if kind == DELETED:
        customer = stripe_object.get("id")
    bound = db.get(customer_key(customer)) if customer else None
    if bound is not None:
        user_id = as_text(bound)
    else:
        user_id = _named_user(stripe_object, gateway.products, reference_keys) or ""
        if outcome := _unbound(db, gateway, event, user_id, customer):
            return outcome
    outcome = sync(db, gateway, user_id, event=event, customer=customer or "", grace=grace)
    if outcome == "gone":
        # The look-up of a customer may outlive its user.
        return _gone(db, gateway, event, customer)
    named = _named_user(stripe_object, gateway.products, reference_keys)
    if kind == COMPLETED and named == user_id:
        _close_other_tabs(db, gateway, user_id, reference_keys)
    else:
        close_sessions_of_payer(db, gateway, user_id)
    return outcome


def _gone(db: Db, gateway: Gateway, event: Mapping[str, Any], customer: str | None) -> str:
    """Keep what somebody who is gone pays for; return what was done."""
    is_payer = customer is not None and pays_us(gateway, customer)
    return keep_orphan(db, event, customer, "no such user") if is_payer else "gone"


def _close_other_tabs(db: Db, gateway: Gateway, user_id: str, keys: Sequence[str]) -> None:
    # What was bought in one tab is not for sale in another any more, whichever customer it names,
    # and while a bank pays, too.
    close_sessions(gateway, user_id, read_state(db, user_id)[1])
    close_link_sessions(db, gateway, user_id, keys)


def _unacted(gateway: Gateway, event: Mapping[str, Any]) -> str:
    """Return why an event is not acted on whomever it is about, "" if it is."""
    kind = str(event.get("type"))
    if event.get("account"):
        # https://docs.stripe.com/api/events/object#event_object-account: a connected account's.
        log.error("event %s is another account's", event.get("id"))
        return "other account"
    if bool(event.get("livemode")) != gateway.livemode:
        log.error("event %s is of the other mode (live or test) than the key", event.get("id"))
        return "other mode"
    if kind == DISPUTE:
        log.error("a payment is disputed: event %s", event.get("id"))
        return "logged"
    return "" if _is_acted_on(kind) else "ignored"


def _is_acted_on(kind: str) -> bool:
    return kind in ACTED_ON or kind.startswith(SUBSCRIPTION)


def _unbound(
    db: Db, gateway: Gateway, event: Mapping[str, Any], user_id: str, customer: str | None
) -> str:
    """Bind a customer who is nobody's yet to the user whom an event names; return why not, or "".

    The customer is bound before the ticket is taken: whoever takes a later one sees it.
    """
    stripe_object = event["data"]["object"]
    if not user_id:
        if not _is_orphan(gateway, stripe_object, customer):
            return NOT_OURS
        return keep_orphan(db, event, customer, "no user")
    if not user_stats_exist(db, user_id):
        return _gone(db, gateway, event, customer)
    if customer and not buys_from_us(gateway, customer):
        return NOT_OURS
    if customer and not bind_customer(db, user_id, customer):
        return keep_orphan(db, event, customer, "bound to another user")
    return ""


def _is_orphan(gateway: Gateway, stripe_object: Mapping[str, Any], customer: str | None) -> bool:
    """Return whether an event that names no user is about what is ours."""
    if is_about_us(stripe_object, gateway.products):
        return True
    if stripe_object.get("mode") != "subscription" or customer is None:
        return False
    try:
        # A Checkout Session does not say what it sells.
        return buys_from_us(gateway, customer)
    except UnknownCustomer:
        return False


def _named_user(
    stripe_object: Mapping[str, Any], products: Mapping[str, Plan], keys: Sequence[str]
) -> str | None:
    """Return the user in the metadata of a subscription to a product of ours, or in a reference
    that we signed."""
    if stripe_object.get("object") == "subscription":
        return _our_id(named_user(stripe_object, products))
    reference = stripe_object.get("client_reference_id")
    return read_reference(str(reference), keys) if reference else None


def _our_id(metadata_user_id: object) -> str | None:
    # Another product of the account's may have put anything into the metadata.
    try:
        return check_id(metadata_user_id)
    except InvalidInput:
        return None
