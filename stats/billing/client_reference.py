"""The signed token that stands for a user in an address which the payer can edit."""

import base64
from collections.abc import Sequence

from itsdangerous import BadSignature, Signer

from stats.errors import BillingUnavailable

REFERENCE_LENGTH = 200


def reference(user_id: str, keys: Sequence[str]) -> str:
    """Return the signed token that stands for a user in an address a payer can edit.

    Only A-Z a-z 0-9 _ - occur, 200 at most (https://docs.stripe.com/payment-links/url-parameters).
    Raises BillingUnavailable for a user id that is too long for it.
    """
    token = base64.urlsafe_b64encode(_signer(keys).sign(user_id)).rstrip(b"=").decode()
    if len(token) > REFERENCE_LENGTH:
        raise BillingUnavailable("This account cannot upgrade here.")
    return token


def read_reference(token: str, keys: Sequence[str]) -> str | None:
    """Return the user id in a token of ours, None for any other."""
    try:
        signed = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        return _signer(keys).unsign(signed).decode()
    except (ValueError, BadSignature):
        return None


def _signer(keys: Sequence[str]) -> Signer:
    # itsdangerous signs with the last key and takes them all.
    return Signer(list(reversed(keys)), salt="stripe-reference")
