"""What stripe-python raises, as errors of our own: Stripe is away, or it refuses."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from stats.billing.gateways.gateway import StripeRefused
from stats.errors import BillingUnavailable

log = logging.getLogger("stats.billing.webhook")

# Another request with the same idempotency key is on its way.
CONFLICT = 409
AWAY = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)
MISSING = "resource_missing"


@contextmanager
def translated_errors(about: str = "") -> Iterator[None]:
    """Raise BillingUnavailable where Stripe is away, StripeRefused where it refuses.

    https://docs.stripe.com/error-handling?lang=python says what raises which. A refusal is logged
    here, once, with the id of the object that the request is `about`.
    """
    try:
        yield
    except stripe.StripeError as error:
        if isinstance(error, AWAY) or error.http_status == CONFLICT:
            raise BillingUnavailable("Stripe cannot be reached. Try again in a moment.") from error
        reason, request = _reason(error), error.request_id
        log.error("Stripe refuses a request about %s: %s (%s)", about or "-", reason, request)
        raise StripeRefused(
            "Stripe did not accept that. We are looking into it.", error.code
        ) from error


def _reason(error: stripe.StripeError) -> str:
    """Return Stripe's code; without one its message, which then repeats nothing of a person's."""
    if code := error.code or getattr(error.error, "code", None):
        return f"{code} {getattr(error, 'param', None) or ''}".strip()
    if isinstance(error, stripe.InvalidRequestError):
        return str(error.user_message)
    return type(error).__name__
