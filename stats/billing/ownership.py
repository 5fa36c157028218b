"""Which objects of a Stripe account are ours: other applications may sell on the same account.

Ours is what sells a product that a setting maps, what was ours when it was seen last, and what our
own Checkout has marked. A user id in the metadata alone says nothing: others write theirs there.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from stats.plans.invoices import line_products
from stats.plans.plan import PAID_PLANS, Plan
from stats.plans.price import Interval
from stats.plans.stripe_objects import listed, part
from stats.plans.subscription import read_subscription

Stored = Mapping[str, Any]
# Another application may write a user's id and a plan into its metadata, too.
SELLER = "aira"


def customer_of(stripe_object: Stored) -> str | None:
    """Return the id of the customer of a subscription, session or invoice, expanded or not."""
    value = stripe_object.get("customer")
    return value.get("id") if isinstance(value, Mapping) else value


def sells_our_product(subscription: Stored, products: Mapping[str, Plan]) -> bool:
    """Return whether a setting maps the product of any item of a subscription."""
    return read_subscription(subscription, products, 0).plan is not None


def is_bundle(subscription: Stored, products: Mapping[str, Plan]) -> bool:
    """Return whether another application sells a product of ours together with its own."""
    return marked_user(subscription) is None and (
        read_subscription(subscription, products, 0).is_bundled
    )


def named_user(subscription: Stored, products: Mapping[str, Plan]) -> str | None:
    """Return the user id in the metadata of a subscription to a product of ours, as it stands.

    None for a bundle of another application's: it writes the ids of its own users there.
    """
    if not sells_our_product(subscription, products) or is_bundle(subscription, products):
        return marked_user(subscription)
    return part(subscription, "metadata").get("user_id")


def marked_user(stripe_object: Stored) -> str | None:
    """Return the user id in the metadata that our Checkout writes, None without such metadata."""
    metadata = part(stripe_object, "metadata")
    is_sale = metadata.get("seller") == SELLER and metadata.get("plan") in PAID_PLANS
    return metadata.get("user_id") if is_sale else None


def sale_metadata(user_id: str, plan: Plan, interval: Interval) -> dict[str, str]:
    """Return the metadata that our Checkout writes: to whom it sells what, and by the year."""
    by = {"by": str(interval)} if interval != Interval.MONTH else {}
    return {"user_id": user_id, "plan": str(plan), "seller": SELLER, **by}


def sells(session: Stored, plan: Plan, price: str) -> bool:
    """Return whether a Checkout Session of ours sells a plan at the price with this id."""
    metadata = part(session, "metadata")
    return metadata.get("plan") == plan and metadata.get("price") == price


def is_ours(
    subscription: Stored, products: Mapping[str, Plan], known_ids: Container[str], user_id: str
) -> bool:
    """Return whether a user's subscription is one of ours, or was when `known_ids` were seen."""
    return (
        sells_our_product(subscription, products)
        or subscription["id"] in known_ids
        or marked_user(subscription) == user_id
    )


def is_about_us(stripe_object: Stored, products: Mapping[str, Plan]) -> bool:
    """Return whether an event's object names a product of ours, or was marked by our Checkout."""
    if stripe_object.get("object") == "invoice":
        parent = part(stripe_object, "parent", "subscription_details")
        return bool(marked_user(parent)) or any(
            name in products for name in _invoiced_products(stripe_object)
        )
    return bool(marked_user(stripe_object)) or (
        stripe_object.get("object") == "subscription" and sells_our_product(stripe_object, products)
    )


def _invoiced_products(invoice: Stored) -> Iterator[object]:
    for line in listed(invoice, "lines"):
        yield from line_products(line)
