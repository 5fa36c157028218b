"""Whether a request carries a valid service key."""

import hmac

from flask import abort, request

from stats import service_keys
from stats.web.runtime import db, runtime


def is_service() -> bool:
    """Return whether the request carries a valid service key; 401 for a wrong one."""
    scheme, _, key = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return False
    if scheme.lower() != "bearer" or not _opens(key.strip()):
        abort(401, "The service key is not valid.")
    return True


def _opens(key: str) -> bool:
    """Return whether a key stands in the settings, or else was made by `flask keys`."""
    given, keys = key.encode(), runtime().settings.api_keys
    # Every key is compared, so that the time taken tells nothing about them.
    configured = sum(hmac.compare_digest(given, one.encode()) for one in keys)
    # A generated key's file may be empty, and an empty key opens nothing.
    return bool(key) and (bool(configured) or service_keys.check(db(), key) is not None)
