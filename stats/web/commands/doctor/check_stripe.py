"""`flask doctor`: checks of Stripe's key, products, prices and Payment Links; changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import stripe
from stripe import StripeClient

from stats.billing.gateways.stripe_gateway import PAGE_SIZE, PATIENT_TIMEOUT, stripe_client
from stats.plans.plan import PAID_PLANS, Plan
from stats.settings import Settings
from stats.web.commands.doctor.check_portal import check_portal
from stats.web.commands.doctor.findings import Code, Finding

T = TypeVar("T")


def check_stripe(settings: Settings) -> Iterator[Finding]:
    """Yield what would prevent upgrades, or sell the wrong product."""
    if not settings.stripe_secret_key:
        return
    client = stripe_client(settings, settings.stripe_secret_key, PATIENT_TIMEOUT, 0)
    try:
        for plan in PAID_PLANS:
            yield from _check_plan(client, settings, plan)
        yield from _check_currencies(client, settings)
        yield from check_portal(client, settings.stripe_products)
    except stripe.StripeError as error:
        yield unavailable(error)


def unavailable(error: stripe.StripeError) -> Finding:
    """Return the finding for an error that does not depend on the object that was requested."""
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return Finding(
            Code.STRIPE_KEY,
            "Stripe refuses the key",
            "copy STRIPE_SECRET_KEY anew; a restricted key must read products, prices, invoices, "
            "Payment Links and webhook endpoints, and write customers, subscriptions, Checkout and "
            "portal",
        )
    return Finding(
        Code.STRIPE_UNREACHABLE,
        f"Stripe cannot be used ({type(error).__name__})",
        "see https://status.stripe.com, the network, and STRIPE_API_BASE",
    )


def is_live(settings: Settings) -> bool:
    """Return whether the key is one of live mode."""
    return "_live_" in str(settings.stripe_secret_key)


def mode_of(settings: Settings) -> str:
    """Return the mode of the key: `live` or `test`."""
    return "live" if is_live(settings) else "test"


def _retrieve(request: Callable[[], T]) -> T | None:
    """Return the result of a request to Stripe, None for an object that does not exist."""
    try:
        return request()
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return None


def _check_plan(client: StripeClient, settings: Settings, plan: Plan) -> Iterator[Finding]:
    product_id = next(
        product for product, sold_plan in settings.stripe_products.items() if sold_plan == plan
    )
    variable = f"STRIPE_PRODUCT_{plan.upper()}"
    product = _product(client, product_id)
    if product is None or not product.get("active"):
        problem = "is not at Stripe" if product is None else "is archived at Stripe"
        yield Finding(
            Code.PRODUCT,
            f"the product of {plan} {problem}",
            f"set {variable} to one that is on sale, of the same account and mode as the key",
        )
        return
    if bool(product.get("livemode")) != is_live(settings):
        yield Finding(
            Code.STRIPE_MODE,
            f"the key is of {mode_of(settings)} mode and the product of {plan} is not",
            f"take STRIPE_SECRET_KEY and {variable} from the same mode",
        )
    yield from _check_price(client, settings, plan, product)
    if plan in settings.stripe_payment_links:
        yield from _check_link(client, settings.stripe_payment_links[plan], plan, product_id)


def _check_price(
    client: StripeClient, settings: Settings, plan: Plan, product: Mapping[str, Any]
) -> Iterator[Finding]:
    variable = f"STRIPE_PRICE_{plan.upper()}"
    price = _price(client, settings, plan, product)
    if problem := _price_problem(price, str(product["id"])):
        yield Finding(
            Code.PRICE,
            f"the price of {plan} {problem}",
            f"set {variable}, or the product's default price, to an active price "
            "of that product that is charged every month or year",
        )
    if yearly := settings.stripe_yearly_prices.get(plan):
        yield from _check_yearly_price(client, f"{variable}_YEARLY", yearly, str(product["id"]))


def _check_yearly_price(
    client: StripeClient, variable: str, price_id: str, product: str
) -> Iterator[Finding]:
    price = _find_price(client, price_id)
    problem = _price_problem(price, product)
    every = (price or {}).get("recurring") or {}
    if not problem and (every.get("interval"), every.get("interval_count")) != ("year", 1):
        problem = "is not charged once a year"
    if problem:
        yield Finding(
            Code.PRICE,
            f"the price in {variable} {problem}",
            f"set {variable} to an active price of that product that is charged every year",
        )


def _find_price(client: StripeClient, price_id: object) -> dict[str, Any] | None:
    if not price_id:
        return None
    return _retrieve(lambda: client.v1.prices.retrieve(str(price_id)).to_dict(for_json=True))


def _price(
    client: StripeClient, settings: Settings, plan: Plan, product: Mapping[str, Any]
) -> dict[str, Any] | None:
    return _find_price(client, settings.stripe_prices.get(plan) or product.get("default_price"))


def _check_currencies(client: StripeClient, settings: Settings) -> Iterator[Finding]:
    """Yield a finding if nobody could change plans: a customer has one currency.

    https://docs.stripe.com/billing/customer#currency
    """
    currencies = set()
    for product_id, plan in settings.stripe_products.items():
        product = _product(client, product_id)
        prices = [
            product and _price(client, settings, plan, product),
            _find_price(client, settings.stripe_yearly_prices.get(plan)),
        ]
        currencies |= {price["currency"] for price in prices if price}
    if len(currencies) > 1:
        yield Finding(
            Code.PRICE,
            f"the plans are sold in different currencies ({', '.join(sorted(currencies))})",
            "sell all in one: Stripe refuses a customer a second currency",
        )


def _product(client: StripeClient, product_id: str) -> dict[str, Any] | None:
    return _retrieve(lambda: client.v1.products.retrieve(product_id).to_dict(for_json=True))


def _price_problem(price: Mapping[str, Any] | None, product: str) -> str:
    if price is None:
        return "is not at Stripe"
    if not price.get("active"):
        return "is archived at Stripe"
    if price.get("product") != product:
        return "belongs to another product, so who pays it would not get the plan"
    return "" if price.get("recurring") else "is charged once and not again"


def _check_link(client: StripeClient, url: str, plan: Plan, product: str) -> Iterator[Finding]:
    payment_link = _find_link(client, url)
    if payment_link is None or not payment_link.active:
        problem = "is not at Stripe" if payment_link is None else "is switched off at Stripe"
    else:
        lines = client.v1.payment_links.line_items.list(payment_link.id, {"limit": PAGE_SIZE}).data
        product_ids = [line.price.product for line in lines if line.price]
        problem = (
            ""
            if product in product_ids
            else "sells another product, so who pays would not get the plan"
        )
    if problem:
        yield Finding(
            Code.PAYMENT_LINK,
            f"the Payment Link of {plan} {problem}",
            f"set STRIPE_PAYMENT_LINK_{plan.upper()} to one of this account that sells the product",
        )


def _find_link(client: StripeClient, url: str) -> Any:
    links = client.v1.payment_links.list({"limit": PAGE_SIZE}).auto_paging_iter()
    return next((link for link in links if link.url == url), None)
