"""The Idempotency-Key header: a repeated change counts once."""

from flask import request

from stats.lib.text import clean
from stats.store.operations import operation

KEY_LENGTH = 255


def idempotent_operation(route: str, body: object) -> str:
    """Return the operation that the header's key stands for, "" without one."""
    return operation(route, idempotency_key(), body)


def idempotency_key() -> str:
    """Return the key of the header, "" without one; raises InvalidInput for a bad one."""
    return clean(
        request.headers.get("Idempotency-Key", ""), "Idempotency-Key", max_length=KEY_LENGTH
    )
