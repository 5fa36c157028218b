"""The Idempotency-Key header."""

from flask import request

from stats.lib.text import clean

KEY_LENGTH = 255


def idempotency_key() -> str:
    """Return the key of the header, "" without one; raises InvalidInput for a bad one."""
    return clean(
        request.headers.get("Idempotency-Key", ""), "Idempotency-Key", max_length=KEY_LENGTH
    )
