"""Stripe's endpoints: what each does to the model, and how lists and ``expand`` work."""

import re
from collections.abc import Callable
from typing import Any

from tests.stripe_sim.model import ENDED, Stripe
from tests.stripe_sim.objects import Object, no_such
from tests.stripe_sim.spec import ApiError


def match(method: str, path: str) -> tuple[str, str]:
    """Return the endpoint of a request, as in spec.PARAMS, and the id in its path."""
    for endpoint in ROUTES:
        verb, template = endpoint.split()
        found = re.fullmatch(template.replace("{id}", "([^/]+)"), path)
        if verb == method and found:
            return endpoint, "".join(found.groups())
    raise ApiError(f"Unrecognized request URL ({method}: {path}).", status=404)


def execute(stripe: Stripe, endpoint: str, id: str, params: Object) -> Object:
    """Carry a request out, one at a time, and return the answer's body."""
    rest = {name: value for name, value in params.items() if name != "expand"}
    with stripe.lock:
        body = ROUTES[endpoint](stripe, id, rest)
        for path in params.get("expand", []):
            _expand(stripe, body, path.split("."), path)
    return body


def _expand(stripe: Stripe, body: Any, path: list[str], whole: str) -> None:
    if isinstance(body, list):
        for entry in body:
            _expand(stripe, entry, path, whole)
        return
    name, *rest = path
    if name == "line_items" and body.get("object") == "checkout.session":
        body[name] = _lines(stripe, body["id"], {})
    if not isinstance(body, dict) or name not in body:
        raise ApiError(f"This property cannot be expanded ({whole}).")
    if isinstance(body[name], str):
        body[name] = stripe.view(stripe._objects[body[name]])
    if rest and body[name] is not None:
        _expand(stripe, body[name], rest, whole)


def _pick(params: Object, names: str) -> Object:
    return {name: params[name] for name in names.split() if name in params}


def _page(
    stripe: Stripe, url: str, everything: list[Object], params: Object, keep: Callable[..., Any]
) -> Object:
    """Return one page; the cursor may be an object that the filter hides."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise ApiError(
            "limit must be from 1 to 100", param="limit", code="parameter_invalid_integer"
        )
    at = {obj["id"]: index for index, obj in enumerate(everything)}
    for name in {"starting_after", "ending_before"} & params.keys():
        if params[name] not in at:
            raise no_such(everything[0]["object"] if everything else url, params[name], name)
    first = at[params["starting_after"]] + 1 if "starting_after" in params else 0
    last = at[params["ending_before"]] if "ending_before" in params else len(everything)
    matching = [obj for obj in everything[first:last] if keep(obj)]
    page = matching[-limit:] if "ending_before" in params else matching[:limit]
    data = [stripe.view(obj) for obj in page]
    return {"object": "list", "url": url, "has_more": len(matching) > len(page), "data": data}


def _listing(kind: str, url: str, filters: str, keep: Callable[..., Any]) -> Callable[..., Object]:
    """A list endpoint. Filters that are no plain equality are left to ``keep``."""

    def run(stripe: Stripe, id: str, params: Object) -> Object:
        paging = {"limit", "starting_after", "ending_before", "created", "customer"}
        if unknown := params.keys() - paging - set(filters.split()):
            raise NotImplementedError(f"not simulated: {kind} list with {unknown}")
        if "customer" in params and not stripe.all("customer", id=params["customer"]):
            raise no_such("customer", params["customer"], "customer")

        def wanted(obj: Object) -> bool:
            same = params.get("customer") in (None, obj.get("customer"))
            return (
                same
                and _within(obj["created"], params.get("created"))
                and keep(stripe, obj, params)
            )

        return _page(stripe, url, stripe._all(kind)[::-1], params, wanted)

    return run


def _within(at: int, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return wanted in (None, at)
    low = at >= wanted.get("gte", at) and at > wanted.get("gt", at - 1)
    return low and at <= wanted.get("lte", at) and at < wanted.get("lt", at + 1)


def _same(stripe: Stripe, obj: Object, params: Object) -> bool:
    names = params.keys() - {"limit", "starting_after", "ending_before", "created", "ids"}
    named = "ids" not in params or obj["id"] in params["ids"]
    return named and all(obj.get(name) == params[name] for name in names)


def _subscription_fits(stripe: Stripe, sub: Object, params: Object) -> bool:
    status = params.get("status")
    prices = [item["price"]["id"] for item in sub["items"]["data"]]
    fits = {None: sub["status"] != "canceled", "all": True, "ended": sub["status"] in ENDED}
    return fits.get(status, sub["status"] == status) and params.get("price", prices[0]) in prices


def _invoice_fits(stripe: Stripe, invoice: Object, params: Object) -> bool:
    of = invoice["parent"]["subscription_details"]["subscription"]
    same_status = params.get("status") in (None, invoice["status"])
    return same_status and params.get("subscription") in (None, of)


def _event_fits(stripe: Stripe, event: Object, params: Object) -> bool:
    types = params.get("types") or [params.get("type", event["type"])]
    delivered = event["pending_webhooks"] == 0
    return event["type"] in types and params.get("delivery_success", delivered) == delivered


def _lines(stripe: Stripe, id: str, params: Object) -> Object:
    stripe.get("checkout.session", id)
    prices = [stripe.get("price", price) for price in stripe._objects[id]["_prices"]]
    lines = [
        {"id": f"li_{n}", "object": "item", "price": price, "quantity": 1, "amount_discount": 0}
        | {"amount_tax": 0, "currency": price["currency"], "description": None}
        | dict.fromkeys(("amount_subtotal", "amount_total"), price["unit_amount"])
        for n, price in enumerate(prices)
    ]
    url = f"/v1/checkout/sessions/{id}/line_items"
    return _page(stripe, url, lines, params, lambda line: True)


def _create_subscription(stripe: Stripe, id: str, params: Object) -> Object:
    stripe.get("customer", params["customer"], param="customer")
    return stripe.create_subscription(
        params["customer"],
        [item["price"] for item in params["items"]],
        metadata=params.get("metadata"),
        trial_days=params.get("trial_period_days", 0),
    )


def _update_subscription(stripe: Stripe, id: str, params: Object) -> Object:
    allowed = "cancel_at cancel_at_period_end description items metadata pause_collection"
    silent = {"proration_behavior", "payment_behavior", "cancellation_details"}
    if unknown := params.keys() - set(allowed.split()) - silent:
        raise NotImplementedError(f"not simulated: subscription update with {unknown}")
    sub = stripe.get("subscription", id)
    if sub["status"] in ENDED and params.keys() - {"metadata", "cancellation_details"}:
        raise ApiError(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    if params.get("cancel_at_period_end") or params.get("cancel_at"):
        period = bool(params.get("cancel_at_period_end")) or "period_end" in params["cancel_at"]
        at = None if period else int(params["cancel_at"])
        stripe.cancel(id, at_period_end=period, cancel_at=at)
    elif {"cancel_at_period_end", "cancel_at"} & params.keys():
        stripe.keep(id)
    if "pause_collection" in params:
        act = stripe.pause if params["pause_collection"] else stripe.resume
        act(id, **({"collection_only": True} if params["pause_collection"] else {}))
    places = {item["id"]: n for n, item in enumerate(sub["items"]["data"])}
    for item in params.get("items", []):
        stripe.change_plan(id, item["price"], item=places[item["id"]])
    return stripe.update("subscription", id, **_pick(params, "metadata description"))


def _create_session(stripe: Stripe, id: str, params: Object) -> Object:
    if params["mode"] != "subscription":
        raise NotImplementedError("not simulated: sessions that are no subscription")
    if "customer" in params:
        stripe.get("customer", params["customer"], param="customer")
        if "customer_email" in params:
            raise ApiError(
                "You may only specify one of these parameters: customer, customer_email."
            )
    if params.get("ui_mode", "hosted_page") == "hosted_page" and "success_url" not in params:
        raise ApiError(
            "Missing required param: success_url.", param="success_url", code="parameter_missing"
        )
    for number, line in enumerate(params["line_items"]):
        _refuse_unsellable(stripe, line["price"], f"line_items[{number}][price]", params)
    names = "allow_promotion_codes cancel_url client_reference_id customer customer_email "
    names += "expires_at metadata mode subscription_data success_url ui_mode"
    return stripe.open_session(
        [line["price"] for line in params["line_items"]], **_pick(params, names)
    )


def _refuse_unsellable(stripe: Stripe, id: str, param: str, session: Object) -> None:
    price = stripe.get("price", id, param=param)
    if not price["active"] or not stripe.get("product", price["product"])["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise ApiError(message, param=param)
    bought = stripe.all("subscription", customer=session.get("customer", ""))
    others = {sub["currency"] for sub in bought if sub["status"] not in ENDED}
    if others - {price["currency"]}:
        raise ApiError(
            "You cannot combine currencies on a single customer. This customer has an active "
            f"subscription, subscription schedule, discount, quote, or invoice item with currency "
            f"{min(others)}."
        )


def _create_portal(stripe: Stripe, id: str, params: Object) -> Object:
    stripe.get("customer", params["customer"], param="customer")
    if not stripe.portal_configurations:
        raise ApiError(
            "No configuration provided and your test mode default configuration has not been "
            "created. Provide a configuration or create your default by saving your customer "
            "portal settings in test mode at "
            "https://dashboard.stripe.com/test/settings/billing/portal."
        )
    flow = params.get("flow_data")
    if flow and flow["type"].startswith("subscription_"):
        param = f"flow_data[{flow['type']}]"
        if flow["type"] not in flow:
            raise ApiError(
                f"Missing required param: {param}.", param=param, code="parameter_missing"
            )
        sub = flow[flow["type"]]["subscription"]
        subscription = stripe.get("subscription", sub, param=f"{param}[subscription]")
        if subscription["customer"] != params["customer"] or subscription["status"] in ENDED:
            raise no_such("subscription", sub, f"{param}[subscription]")
    return stripe.open_portal(
        params["customer"], flow=flow, **_pick(params, "configuration locale return_url")
    )


def _portal_configurations(stripe: Stripe, id: str, params: Object) -> Object:
    url, configurations = "/v1/billing_portal/configurations", stripe.portal_configurations
    return _page(stripe, url, configurations, params, lambda one: _same(stripe, one, params))


def _get(kind: str) -> Callable[..., Object]:
    return lambda stripe, id, params: stripe.get(kind, id)


_PERSON = "email name phone description metadata"
ROUTES: dict[str, Callable[[Stripe, str, Object], Object]] = {
    "POST /v1/customers": lambda s, id, params: s.create_customer(**_pick(params, _PERSON)),
    "GET /v1/customers": _listing("customer", "/v1/customers", "email", _same),
    "GET /v1/customers/{id}": _get("customer"),
    "POST /v1/customers/{id}": lambda s, id, params: s.update(
        "customer", id, **_pick(params, _PERSON)
    ),
    "DELETE /v1/customers/{id}": lambda s, id, params: s.delete_customer(id),
    "POST /v1/subscriptions": _create_subscription,
    "GET /v1/subscriptions": _listing(
        "subscription", "/v1/subscriptions", "status price", _subscription_fits
    ),
    "GET /v1/subscriptions/{id}": _get("subscription"),
    "POST /v1/subscriptions/{id}": _update_subscription,
    "DELETE /v1/subscriptions/{id}": lambda s, id, params: s.cancel(id),
    "POST /v1/checkout/sessions": _create_session,
    "GET /v1/checkout/sessions": _listing(
        "checkout.session", "/v1/checkout/sessions", "status subscription payment_link", _same
    ),
    "GET /v1/checkout/sessions/{id}": _get("checkout.session"),
    "GET /v1/checkout/sessions/{id}/line_items": _lines,
    "POST /v1/checkout/sessions/{id}/expire": lambda s, id, params: s.expire_session(id),
    "POST /v1/billing_portal/sessions": _create_portal,
    "GET /v1/billing_portal/configurations": _portal_configurations,
    "GET /v1/products": _listing("product", "/v1/products", "active ids type", _same),
    "GET /v1/products/{id}": _get("product"),
    "GET /v1/prices": _listing("price", "/v1/prices", "active currency product type", _same),
    "GET /v1/prices/{id}": _get("price"),
    "GET /v1/invoices": _listing("invoice", "/v1/invoices", "status subscription", _invoice_fits),
    "GET /v1/events": _listing("event", "/v1/events", "delivery_success type types", _event_fits),
    "GET /v1/events/{id}": _get("event"),
}
