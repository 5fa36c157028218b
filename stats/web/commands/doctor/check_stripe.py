"""`flask doctor`: Stripe's key, products, prices and Payment Links. Nothing is changed there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import stripe
from stripe import StripeClient

from stats.billing.stripe_gateway import PAGE_SIZE, PATIENT_TIMEOUT, stripe_client
from stats.plans.plan import Plan
from stats.settings import Settings
from stats.web.commands.doctor.findings import Code, Finding

SOLD = (Plan.PLUS, Plan.PREMIUM)
T = TypeVar("T")


def check_stripe(settings: Settings) -> Iterator[Finding]:
    """Find what would keep people from upgrading, or sell them the wrong thing."""
    if not settings.stripe_secret_key:
        return
    client = stripe_client(settings, settings.stripe_secret_key, PATIENT_TIMEOUT, 0)
    try:
        for plan in SOLD:
            yield from _check_plan(client, settings, plan)
    except stripe.StripeError as error:
        yield unusable(error)


def unusable(error: stripe.StripeError) -> Finding:
    """Return what an error says that has nothing to do with what was asked for."""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return Finding(
            Code.STRIPE_KEY,
            "Stripe refuses the key",
            "copy STRIPE_SECRET_KEY anew; a restricted key must read products, prices, Payment "
            "Links and webhook endpoints, and write customers, subscriptions, Checkout and portal",
        )
    return Finding(
        Code.STRIPE_AWAY,
        f"Stripe cannot be used ({type(error).__name__})",
        "see https://status.stripe.com, the network, and STRIPE_API_BASE",
    )


def live(settings: Settings) -> bool:
    """Return whether the key moves real money."""
    return "_live_" in str(settings.stripe_secret_key)


def mode_of(settings: Settings) -> str:
    """Return the key's mode in a word."""
    return "live" if live(settings) else "test"


def _found(ask: Callable[[], T]) -> T | None:
    """Return what Stripe has, None for what it has not."""
    try:
        return ask()
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return None


def _check_plan(client: StripeClient, settings: Settings, plan: Plan) -> Iterator[Finding]:
    product = next(name for name, given in settings.stripe_products.items() if given == plan)
    variable = f"STRIPE_PRODUCT_{plan.upper()}"
    kept = _found(lambda: client.v1.products.retrieve(product).to_dict(for_json=True))
    if kept is None or not kept.get("active"):
        why = "is not at Stripe" if kept is None else "is archived at Stripe"
        yield Finding(
            Code.PRODUCT,
            f"the product of {plan} {why}",
            f"set {variable} to one that is on sale, of the same account and mode as the key",
        )
        return
    if bool(kept.get("livemode")) != live(settings):
        yield Finding(
            Code.STRIPE_MODE,
            f"the key is of {mode_of(settings)} mode and the product of {plan} is not",
            f"take STRIPE_SECRET_KEY and {variable} from the same mode",
        )
    yield from _check_price(client, settings, plan, kept)
    if plan in settings.stripe_payment_links:
        yield from _check_link(client, settings.stripe_payment_links[plan], plan, product)


def _check_price(
    client: StripeClient, settings: Settings, plan: Plan, product: Mapping[str, Any]
) -> Iterator[Finding]:
    name = settings.stripe_prices.get(plan) or product.get("default_price")
    price = name and _found(lambda: client.v1.prices.retrieve(str(name)).to_dict(for_json=True))
    if why := _wrong_price(price or None, str(product["id"])):
        yield Finding(
            Code.PRICE,
            f"the price of {plan} {why}",
            f"set STRIPE_PRICE_{plan.upper()}, or the product's default price, to an active price "
            "of that product that is charged every month or year",
        )


def _wrong_price(price: Mapping[str, Any] | None, product: str) -> str:
    if price is None:
        return "is not at Stripe"
    if not price.get("active"):
        return "is archived at Stripe"
    if price.get("product") != product:
        return "belongs to another product, so who pays it would not get the plan"
    return "" if price.get("recurring") else "is charged once and not again"


def _check_link(client: StripeClient, url: str, plan: Plan, product: str) -> Iterator[Finding]:
    found = _link(client, url)
    if found is None or not found.active:
        why = "is not at Stripe" if found is None else "is switched off at Stripe"
    else:
        lines = client.v1.payment_links.line_items.list(found.id, {"limit": PAGE_SIZE}).data
        sold = [line.price.product for line in lines if line.price]
        why = "" if product in sold else "sells another product, so who pays would not get the plan"
    if why:
        yield Finding(
            Code.PAYMENT_LINK,
            f"the Payment Link of {plan} {why}",
            f"set STRIPE_PAYMENT_LINK_{plan.upper()} to one of this account that sells the product",
        )


def _link(client: StripeClient, url: str) -> Any:
    links = client.v1.payment_links.list({"limit": PAGE_SIZE}).auto_paging_iter()
    return next((link for link in links if link.url == url), None)
