"""The Idempotency-Key header."""

from flask import request

from stats.lib.text import clean

KEY_LENGTH = 255


def idempotency_key() -> str:
    """Return the header's key, "" without one."""
    return clean(
        request.headers.get("Idempotency-Key", ""), "Idempotency-Key", max_length=KEY_LENGTH
    )
