"""`flask doctor`: checks of the webhook: its endpoint at Stripe, and its own responses."""

import contextvars
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import stripe
from flask import Flask
from werkzeug.sansio.utils import host_is_trusted

from stats.billing.gateways.stripe_gateway import PAGE_SIZE, PATIENT_TIMEOUT, stripe_client
from stats.billing.webhook import ACTED_ON, DISPUTE
from stats.settings import Settings
from stats.web.commands.doctor.check_stripe import is_live, mode_of, unavailable
from stats.web.commands.doctor.findings import Code, Finding

PATH = "/api/webhooks/stripe"
# No handler exists for this type.
EVENT_TYPE = "aira.doctor"
WRONG_SIGNING_KEY = "whsec_that_nobody_has"


def check_webhook(app: Flask, settings: Settings) -> Iterator[Finding]:
    """Yield what would lose payments, or accept forged ones."""
    if not settings.stripe_secret_key:
        return
    if not settings.stripe_webhook_secrets:
        yield Finding(
            Code.WEBHOOK_SECRET,
            "STRIPE_WEBHOOK_SECRET is not set, so who pays gets no plan",
            "copy it from the endpoint's page at Stripe",
        )
    else:
        yield from _check_responses(app, settings)
    yield from _check_endpoint(settings)


def _check_responses(app: Flask, settings: Settings) -> Iterator[Finding]:
    statuses = {_deliver(app, settings, secret) for secret in settings.stripe_webhook_secrets}
    if failed := statuses - {200}:
        yield Finding(
            Code.WEBHOOK_FAILS,
            f"our webhook answers {max(failed)} to an event with the right signature",
            "see the findings above and the log; TRUSTED_HOSTS must have the host Stripe calls",
        )
    status = _deliver(app, settings, WRONG_SIGNING_KEY)
    if status != 400:
        yield Finding(
            Code.WEBHOOK_OPEN,
            f"our webhook answers {status} to an event with a wrong signature",
            "take this server off the network: anybody may be able to make up payments",
        )


def _deliver(app: Flask, settings: Settings, secret: str) -> int:
    """Post a signed event to the app itself; return the status."""
    event = {
        "id": "evt_doctor",
        "object": "event",
        "type": EVENT_TYPE,
        "livemode": is_live(settings),
    }
    body = json.dumps({**event, "created": int(time.time()), "data": {"object": {}}})
    sign = stripe.WebhookSignature.generate_signature_header
    headers = {"Stripe-Signature": sign(body, secret), "Content-Type": "application/json"}
    client, base = app.test_client(), f"http://{_host(settings)}"

    def post() -> int:
        return client.post(PATH, data=body, headers=headers, base_url=base).status_code

    # In an empty context, as in a server: not in the app context of this command.
    return contextvars.Context().run(post)


def _host(settings: Settings) -> str:
    """Return the host of PUBLIC_URL, or a trusted one if it is not trusted (another finding)."""
    host, trusted = (
        urlsplit(settings.public_url or "").hostname or "localhost",
        settings.trusted_hosts,
    )
    return host if not trusted or host_is_trusted(host, trusted) else trusted[0].lstrip(".")


def _check_endpoint(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url:
        yield Finding(
            Code.ENDPOINT_UNKNOWN,
            "without PUBLIC_URL nobody can tell which webhook endpoint at Stripe is ours",
            "set it",
        )
        return
    client = stripe_client(settings, str(settings.stripe_secret_key), PATIENT_TIMEOUT, 0)
    try:
        endpoints = client.v1.webhook_endpoints.list({"limit": PAGE_SIZE}).auto_paging_iter()
        ours = [endpoint for endpoint in endpoints if endpoint.url == settings.public_url + PATH]
    except stripe.StripeError as error:
        yield unavailable(error)
        return
    yield from _check_enabled(settings, ours)


def _check_enabled(settings: Settings, ours: list[stripe.WebhookEndpoint]) -> Iterator[Finding]:
    enabled = [endpoint for endpoint in ours if endpoint.status == "enabled"]
    if not enabled:
        problem = "is switched off" if ours else "is not registered"
        yield Finding(
            Code.ENDPOINT,
            f"our webhook {problem} at Stripe, so who pays gets no plan",
            f"add or enable {settings.public_url}{PATH} in {mode_of(settings)} mode",
        )
    elif any(endpoint.livemode != is_live(settings) for endpoint in enabled):
        yield Finding(
            Code.STRIPE_MODE,
            f"the key is of {mode_of(settings)} mode and the webhook endpoint is not",
            "take STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET from the same mode",
        )
    events = {name for endpoint in enabled for name in endpoint.enabled_events}
    missing = sorted({*ACTED_ON, DISPUTE} - events)
    if enabled and missing and "*" not in events:
        yield Finding(
            Code.ENDPOINT_EVENTS,
            f"our webhook endpoint is not sent {', '.join(missing)}",
            "choose these events on its page at Stripe",
        )
