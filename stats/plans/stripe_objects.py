"""Reading what is nested in Stripe's objects, whose shape goes by the version that wrote them."""

from collections.abc import Mapping
from typing import Any


def part(stored: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the object under these names, one within the other; empty where there is none."""
    for name in names:
        inner = stored.get(name)
        if not isinstance(inner, Mapping):
            return {}
        stored = inner
    return stored


def listed(stored: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list under a name (https://docs.stripe.com/api/pagination)."""
    data = part(stored, name).get("data")
    return [one for one in data if isinstance(one, Mapping)] if isinstance(data, list) else []
