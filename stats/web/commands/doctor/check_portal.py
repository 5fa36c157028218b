"""`flask doctor`: checks of the customer portal, where payers change and end what they pay for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stripe import StripeClient

from stats.web.commands.doctor.findings import Code, Finding

FIX = "save it under Settings, Billing, Customer portal in Stripe's dashboard, in each mode"
FEATURES = {
    "subscription_update": "change plans",
    "subscription_cancel": "end their plan",
    "payment_method_update": "mend a card that was refused",
}


def check_portal(client: StripeClient, products: Iterable[str]) -> Iterator[Finding]:
    """Yield what would keep payers of these products from helping themselves.

    Without saved settings Stripe opens no portal at all
    (https://docs.stripe.com/customer-management/integrate-customer-portal).
    """
    params: Any = {
        "is_default": True,
        "active": True,
        "expand": ["data.features.subscription_update.products"],
    }
    saved = client.v1.billing_portal.configurations.list(params).data
    if not saved:
        yield Finding(Code.PORTAL, "the customer portal's settings were never saved", FIX)
        return
    features = saved[0].to_dict(for_json=True)["features"]
    for problem in _problems(features, products):
        yield Finding(Code.PORTAL, f"the customer portal {problem}", FIX)


def _problems(features: Mapping[str, Any], products: Iterable[str]) -> Iterator[str]:
    for name, act in FEATURES.items():
        if not (features.get(name) or {}).get("enabled"):
            yield f"does not let people {act}"
    cancel = features.get("subscription_cancel") or {}
    if cancel.get("enabled") and cancel.get("mode") == "immediately":
        yield "ends a plan at once, not at the end of what was paid for"
    update = features.get("subscription_update") or {}
    if update.get("enabled") and "price" not in (update.get("default_allowed_updates") or ()):
        yield "does not let people change to another price"
    offered = update.get("products")
    if offered and not set(products) <= {product["product"] for product in offered}:
        yield "does not offer the products of all plans"
