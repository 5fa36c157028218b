"""The service key of a request: `Authorization: Bearer KEY`."""

import hmac

from flask import abort, request

from stats import service_keys
from stats.web.runtime import current_runtime, db


def has_service_key() -> bool:
    """Return whether the request has a valid service key; aborts with 401 for a wrong one."""
    scheme, _, key = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return False
    if scheme.lower() != "bearer" or not _is_valid(key.strip()):
        abort(401, "The service key is not valid.")
    return True


def _is_valid(key: str) -> bool:
    """Return whether a key is one of STATS_API_KEYS or was made by `flask keys`."""
    encoded, api_keys = key.encode(), current_runtime().settings.api_keys
    # All keys are compared, so that the time taken does not depend on them.
    configured = sum(hmac.compare_digest(encoded, api_key.encode()) for api_key in api_keys)
    # The file of a generated key may be empty, and an empty key is never valid.
    return bool(key) and (bool(configured) or service_keys.check(db(), key) is not None)
