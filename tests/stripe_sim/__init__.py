"""A simulated Stripe that the real stripe-python client talks to over loopback HTTP."""

import json
from collections.abc import Sequence
from typing import Any

from stripe import WebhookSignature

from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import Request, StripeServer
from tests.stripe_sim.spec import ApiError

__all__ = ["ApiError", "Request", "Stripe", "StripeServer", "deliver"]


def deliver(
    event: dict[str, Any], secret: str | Sequence[str], *, timestamp: int | None = None
) -> tuple[bytes, dict[str, str]]:
    """Return the body and headers of a webhook delivery; several secrets as while one is rolled."""
    body = json.dumps(event, indent=2, ensure_ascii=False)
    secrets = [secret] if isinstance(secret, str) else secret
    signed = [
        WebhookSignature.generate_signature_header(body, one, timestamp).split(",")
        for one in secrets
    ]
    header = ",".join([signed[0][0], *(signature for _, signature in signed)])
    return body.encode(), {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": header,
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
