"""What the simulated Stripe keeps: objects of Stripe's shapes, their ids, events and clock."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Literal

from tests.stripe_sim.spec import API_VERSION, ApiError

Object = dict[str, Any]
_NESTS = (dict, list)


def _nulls(names: str) -> Object:
    return dict.fromkeys(names.split())


def _list(url: str) -> Object:
    return {"object": "list", "data": [], "has_more": False, "url": url}


# What an object holds when nobody says otherwise.
TEMPLATES: dict[str, Object] = {
    "billing_portal.session": {**_nulls("flow locale return_url"), "configuration": "bpc_default"},
    "checkout.session": {
        **_nulls("allow_promotion_codes cancel_url client_reference_id customer customer_details"),
        **_nulls("customer_email invoice payment_intent payment_link subscription success_url"),
        "automatic_tax": {"enabled": False, "liability": None, "status": None},
        "custom_fields": [],
        "custom_text": _nulls("after_submit shipping_address submit"),
        "metadata": {},
        "mode": "subscription",
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "ui_mode": "hosted_page",
    },
    "customer": {**_nulls("currency email name"), "balance": 0, "delinquent": False},
    "dispute": {
        "amount": 900,
        "balance_transactions": [],
        "currency": "usd",
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {},
        "is_charge_refundable": False,
        "metadata": {},
        "reason": "fraudulent",
        "status": "needs_response",
    },
    "event": {"pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}},
    "invoice": {
        **dict.fromkeys(("amount_overpaid", "amount_shipping", "starting_balance"), 0),
        "attempt_count": 1,
        "attempted": True,
        "automatic_tax": {"enabled": False, "status": None},
        "collection_method": "charge_automatically",
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": _list("/v1/invoices/lines"),
        "metadata": {},
        "payment_settings": _nulls("payment_method_options payment_method_types"),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
    },
    "price": {
        **_nulls("lookup_key nickname"),
        "active": True,
        "billing_scheme": "per_unit",
        "metadata": {},
    },
    "product": {
        **_nulls("default_price description url"),
        "active": True,
        "images": [],
        "marketing_features": [],
        "metadata": {},
        "type": "service",
    },
    "subscription": {
        **_nulls("cancel_at canceled_at default_payment_method description ended_at schedule"),
        **_nulls("latest_invoice pause_collection trial_end trial_start"),
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": _nulls("comment feedback reason"),
        "collection_method": "charge_automatically",
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": _list("/v1/subscription_items"),
    },
    "subscription_item": {"discounts": [], "metadata": {}, "quantity": 1, "tax_rates": []},
}


def copy(value: Any) -> Any:
    """Copy what JSON can hold, several times faster than by way of JSON."""
    if type(value) is dict:
        return {
            key: copy(entry) if type(entry) in _NESTS else entry for key, entry in value.items()
        }
    if type(value) is list:
        return [copy(entry) for entry in value]
    return value


def period_end(anchor: int, after: int, recurring: Object) -> int:
    """Return the first end of a period later than ``after``, counted from ``anchor``."""
    unit, step = recurring["interval"], recurring["interval_count"]
    start, n = datetime.fromtimestamp(anchor, UTC), 0
    end = start
    while end.timestamp() <= after or not n:
        n += step
        if unit in ("day", "week"):
            end = start + timedelta(**{f"{unit}s": n})
            continue
        years, month = divmod(start.month - 1 + n * (12 if unit == "year" else 1), 12)
        first = start.replace(year=start.year + years, month=month + 1, day=1)
        # 31 January plus a month is the last day of February.
        days = [first + timedelta(days=day) for day in range(start.day)]
        end = [day for day in days if day.month == first.month][-1]
    return int(end.timestamp())


def locked(cls: type) -> type:
    """Let one thread at a time into the public methods of a class with a ``lock``."""

    def one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            with self.lock:
                return method(self, *args, **kwargs)

        return run

    for name, method in list(vars(cls).items()):
        if callable(method) and not name.startswith("_"):
            setattr(cls, name, one_at_a_time(method))
    return cls


@locked
class Store:
    """The objects of one account. Whatever a public method returns is a copy."""

    def __init__(
        self,
        *,
        seed: int = 0,
        now: int | None = None,
        livemode: bool = False,
        shape: Literal["new", "both", "old"] = "new",
    ) -> None:
        self.lock = threading.RLock()
        self.now = int(time.time()) if now is None else now
        self.livemode = livemode
        self.shape = shape
        self.api_version = "2024-06-20" if shape == "old" else API_VERSION
        self._random = random.Random(seed)
        self._objects: dict[str, Object] = {}
        self._delivered: set[str] = set()

    def view(self, obj: Object) -> Object:
        """Return a copy of an object as it goes over the wire."""
        shown = copy({key: value for key, value in obj.items() if key[0] != "_"})
        if self.shape == "new":
            return shown
        if shown["object"] == "invoice":
            shown["subscription"] = shown["parent"]["subscription_details"]["subscription"]
        if shown["object"] == "subscription":
            for name in ("current_period_start", "current_period_end"):
                shown[name] = shown["items"]["data"][0][name]
                for item in shown["items"]["data"] if self.shape == "old" else ():
                    del item[name]
        return shown

    def get(self, kind: str, id: str, *, param: str | None = None) -> Object:
        """Return one object; raises ApiError when there is none, naming the parameter if any."""
        return self.view(self._get(kind, id, param=param))

    def all(self, kind: str, **fields: Any) -> list[Object]:
        """Return the objects with these fields, newest first."""
        return [self.view(obj) for obj in reversed(self._all(kind, **fields))]

    @property
    def events(self) -> list[Object]:
        """All events, oldest first."""
        return self.all("event")[::-1]

    def undelivered(self) -> list[Object]:
        """Return the events that no endpoint has taken yet, oldest first."""
        pending = [obj for obj in self._all("event") if obj["id"] not in self._delivered]
        return [self.view(event) for event in pending]

    def event_ids(self, *, undelivered: bool = False) -> list[str]:
        """Return the ids of all events, or of those that no endpoint has taken, oldest first."""
        names = [str(obj["id"]) for obj in self._all("event")]
        return [one for one in names if not (undelivered and one in self._delivered)]

    def mark_delivered(self, *event_ids: str) -> None:
        """Note that the endpoint answered 2xx."""
        for event_id in event_ids:
            self._get("event", event_id)["pending_webhooks"] = 0
            self._delivered.add(event_id)

    def add_product(self, name: str, unit_amount: int = 900, **price: Any) -> Object:
        """Add a product with a monthly default price."""
        product = self._add("product", self._id("prod"), name=name, updated=self.now)
        product["default_price"] = self.add_price(product["id"], unit_amount, **price)["id"]
        return self.view(product)

    def add_price(
        self,
        product: str,
        unit_amount: int,
        *,
        currency: str = "usd",
        interval: str | None = "month",
        interval_count: int = 1,
    ) -> Object:
        """Add a price to a product; without an interval it is paid once."""
        self._get("product", product)
        every = {"interval": interval, "interval_count": interval_count, "usage_type": "licensed"}
        price = self._add(
            "price",
            self._id("price"),
            currency=currency,
            product=product,
            recurring=every if interval else None,
            type="recurring" if interval else "one_time",
            unit_amount=unit_amount,
            unit_amount_decimal=str(unit_amount),
        )
        return self.view(price)

    def _add(self, kind: str, id: str, **fields: Any) -> Object:
        base = {"id": id, "object": kind, "created": int(self.now), "livemode": self.livemode}
        # An event's fields are a copy already.
        fresh = fields if kind == "event" else copy(fields)
        self._objects[id] = base | copy(TEMPLATES[kind]) | fresh
        return self._objects[id]

    def _id(self, prefix: str) -> str:
        return f"{prefix}_1{self._random.getrandbits(60):015x}{len(self._objects):06d}"

    def _get(self, kind: str, id: str, *, param: str | None = None) -> Object:
        obj = self._objects.get(id)
        # As a parameter, a deleted object is as good as none; by its own address it is shown.
        if not obj or obj["object"] != kind or (obj.get("deleted") and param):
            raise no_such(kind, id, param)
        return obj

    def _all(self, kind: str, **fields: Any) -> list[Object]:
        objects = [obj for obj in self._objects.values() if obj["object"] == kind]
        return [obj for obj in objects if all(obj.get(k) == v for k, v in fields.items())]

    def _change(self, obj: Object, event: str, **changes: Any) -> None:
        previous = {k: obj.get(k) for k, value in changes.items() if obj.get(k) != value}
        obj |= copy(changes)
        if previous:
            self._emit(event, obj, previous)

    def _emit(self, type: str, obj: Object, previous: Object | None = None) -> None:
        data = {"object": self.view(obj)} | ({"previous_attributes": previous} if previous else {})
        self._add("event", self._id("evt"), api_version=self.api_version, type=type, data=data)

    def _item(self, sub: Object, price_id: str) -> Object:
        price = self._get("price", price_id, param="items[0][price]")
        if not price["recurring"]:
            raise ApiError("The price given is of `type=one_time`.", param="items[0][price]")
        same = (
            "active",
            "billing_scheme",
            "created",
            "currency",
            "livemode",
            "metadata",
            "product",
        )
        plan = {"id": price_id, "object": "plan", "amount": price["unit_amount"]}
        end = sub["trial_end"] or period_end(self.now, self.now, price["recurring"])
        return copy(TEMPLATES["subscription_item"]) | {
            "id": self._id("si"),
            "object": "subscription_item",
            "created": self.now,
            "current_period_end": end,
            "current_period_start": self.now,
            "plan": plan | {key: price[key] for key in same} | price["recurring"],
            "price": copy(price),
            "subscription": sub["id"],
        }

    def _invoice(self, sub: Object, paid: bool, reason: str) -> Object:
        free = reason == "create" and sub["status"] == "trialing"
        rows = [_invoice_line(item, free) for item in sub["items"]["data"]]
        total = sum(row["amount"] for row in rows)
        details = {"subscription": sub["id"], "metadata": sub["metadata"]}
        lines = {**_list("/v1/invoices/lines"), "data": rows}
        if paid and total:
            self._note_payment(sub)
        return self._add(
            "invoice",
            self._id("in"),
            **dict.fromkeys(("amount_due", "subtotal", "total"), total),
            amount_paid=total if paid else 0,
            amount_remaining=0 if paid else total,
            billing_reason=f"subscription_{reason}",
            currency=sub["currency"],
            customer=sub["customer"],
            lines=lines,
            parent={"type": "subscription_details", "subscription_details": details},
            period_end=self.now,
            period_start=self.now,
            status="paid" if paid else "open",
            due_date=None,
            status_transitions={"finalized_at": self.now, "paid_at": self.now if paid else None},
        )

    def _note_payment(self, sub: Object) -> None:
        """Keep what money came for last: the truth to compare with, which Stripe does not tell."""
        item = sub["items"]["data"][0]
        sub["_paid"] = (item["price"]["product"], item["current_period_end"])


def _invoice_line(item: Object, free: bool) -> Object:
    details = {"price": item["price"]["id"], "product": item["price"]["product"]}
    return {
        "object": "line_item",
        "amount": 0 if free else item["price"]["unit_amount"],
        "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
        "pricing": {"type": "price_details", "price_details": details},
    }


def no_such(kind: str, id: str, param: str | None = None) -> ApiError:
    """Return the error for an object that is not there: named in the path, or by a parameter."""
    status = 400 if param else 404
    return ApiError(
        f"No such {kind}: '{id}'", param=param or "id", code="resource_missing", status=status
    )
