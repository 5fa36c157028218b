"""A Stripe in memory: the objects, what happens to them, and the events that Stripe would send.

Whatever a method returns is a copy. ``now`` is the clock: set it, or let ``advance`` play what
happens meanwhile. The same seed, clock and calls make the same ids.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Literal

from tests.stripe_sim.spec import API_VERSION, ApiError

Object = dict[str, Any]
HOUR, DAY = 3600, 86400
ENDED = ("canceled", "incomplete_expired")
ENTITLING = ("active", "trialing", "past_due")
_UPDATED = "customer.subscription.updated"


def _locked(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def run(self: "Stripe", *args: Any, **kwargs: Any) -> Any:
        with self.lock:
            return method(self, *args, **kwargs)

    return run


def period_end(anchor: int, after: int, recurring: Object) -> int:
    """Return the first period's end later than ``after``, counted from ``anchor``."""
    unit, count, n = recurring["interval"], recurring["interval_count"], 1
    if unit in ("day", "week"):
        step = count * DAY * (7 if unit == "week" else 1)
        return anchor + step * max(1, (after - anchor) // step + 1)
    start, months = datetime.fromtimestamp(anchor, UTC), count * (12 if unit == "year" else 1)
    while True:
        years, month = divmod(start.month - 1 + n * months, 12)
        day = start.day
        while True:  # 31 January plus a month is the last day of February
            try:
                end = start.replace(year=start.year + years, month=month + 1, day=day)
                break
            except ValueError:
                day -= 1
        if end.timestamp() > after:
            return int(end.timestamp())
        n += 1


class Stripe:
    """One account.

    ``shape`` says where periods stand: on the items ("new"), on the subscription ("old", which also
    has ``invoice.subscription``), or in "both" places. Renewals of customers in ``declining`` fail.
    """

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
        self.declining: set[str] = set()
        self._random = random.Random(seed)
        self._objects: dict[str, Object] = {}
        self._delivered: set[str] = set()

    # Reading

    def view(self, obj: Object) -> Object:
        """Return a copy of an object as it goes over the wire."""
        shown = json.loads(json.dumps({k: v for k, v in obj.items() if k[0] != "_"}))
        if self.shape == "new":
            return shown
        if shown["object"] == "invoice":
            shown["subscription"] = shown["parent"]["subscription_details"]["subscription"]
        for item in shown["items"]["data"] if shown["object"] == "subscription" else ():
            for name in ("current_period_start", "current_period_end"):
                shown[name] = item[name] if self.shape == "both" else item.pop(name)
        return shown

    @_locked
    def get(self, kind: str, id: str, *, param: str = "id", status: int = 404) -> Object:
        """Return a copy of one object; raises ApiError when there is none."""
        return self.view(self._get(kind, id, param=param, status=status))

    @_locked
    def all(self, kind: str, **fields: Any) -> list[Object]:
        """Return copies of the objects with these fields, newest first."""
        return [self.view(obj) for obj in reversed(self._all(kind, **fields))]

    @property
    def events(self) -> list[Object]:
        """All events, oldest first."""
        return self.all("event")[::-1]

    @_locked
    def undelivered(self) -> list[Object]:
        """The events that no endpoint has taken yet, oldest first."""
        return [self.view(e) for e in self._all("event") if e["id"] not in self._delivered]

    @_locked
    def mark_delivered(self, *event_ids: str) -> None:
        """Note that the endpoint answered 2xx."""
        for event_id in event_ids:
            self._get("event", event_id)["pending_webhooks"] = 0
            self._delivered.add(event_id)

    @_locked
    def live_plan_products(self, customer: str) -> set[str]:
        """The products that the customer is entitled to now: the truth to compare a plan with."""
        subs = [s for s in self._all("subscription", customer=customer)]
        items = [i for s in subs if s["status"] in ENTITLING for i in s["items"]["data"]]
        return {item["price"]["product"] for item in items}

    # Products, customers

    @_locked
    def add_product(self, name: str, unit_amount: int = 900, **price: Any) -> Object:
        """Add a product with a monthly default price."""
        product = self._add(
            "product", "prod", name=name, active=True, images=[], marketing_features=[],
            metadata={}, type="service", updated=self.now, description=None, default_price=None,
        )  # fmt: skip
        product["default_price"] = self.add_price(product["id"], unit_amount, **price)["id"]
        return self.view(product)

    @_locked
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
        recurring = {
            "interval": interval, "interval_count": interval_count, "usage_type": "licensed",
            "meter": None, "trial_period_days": None,
        }  # fmt: skip
        return self.view(self._add(
            "price", "price", active=True, billing_scheme="per_unit", currency=currency,
            lookup_key=None, metadata={}, nickname=None, product=product,
            recurring=recurring if interval else None,
            type="recurring" if interval else "one_time",
            unit_amount=unit_amount, unit_amount_decimal=str(unit_amount),
        ))  # fmt: skip

    @_locked
    def create_customer(self, *, metadata: Object | None = None, **fields: Any) -> Object:
        customer = self._add(
            "customer", "cus", **{"email": None, "name": None, **fields},
            metadata=metadata or {}, balance=0, delinquent=False, currency=None,
        )  # fmt: skip
        self._emit("customer.created", customer)
        return self.view(customer)

    @_locked
    def update(self, kind: str, id: str, *, metadata: Object | None = None, **fields: Any) -> Object:
        """Change a customer or subscription as an API call would; an empty value removes a key."""
        obj = self._get(kind, id)
        if metadata is not None:
            merged = {**obj["metadata"], **metadata} if metadata else {}
            fields["metadata"] = {key: value for key, value in merged.items() if value != ""}
        self._change(obj, f"customer.{'subscription.' * (kind == 'subscription')}updated", **fields)
        return self.view(obj)

    @_locked
    def delete_customer(self, id: str) -> Object:
        """Delete a customer, which ends its subscriptions at once."""
        customer = self._get("customer", id)
        for sub in self._all("subscription", customer=id):
            if sub["status"] not in ENDED:
                self._end(sub)
        self._emit("customer.deleted", customer)
        self._objects[id] = {"id": id, "object": "customer", "deleted": True}
        return self.view(self._objects[id])

    # Subscriptions

    @_locked
    def create_subscription(
        self,
        customer: str,
        prices: Sequence[str],
        *,
        status: str | None = None,
        metadata: Object | None = None,
        trial_days: int = 0,
    ) -> Object:
        """Start a subscription with one item a price: active, trialing, or in a given status."""
        status = status or ("trialing" if trial_days else "active")
        trial_end = self.now + trial_days * DAY if trial_days else None
        sub = self._add(
            "subscription", "sub", automatic_tax={"enabled": False, "liability": None},
            billing_cycle_anchor=trial_end or self.now, billing_schedules=[],
            billing_mode={"type": "flexible", "flexible": {"proration_discounts": "included"}},
            cancel_at=None, cancel_at_period_end=False, canceled_at=None,
            cancellation_details={"comment": None, "feedback": None, "reason": None},
            collection_method="charge_automatically", currency="usd", customer=customer,
            default_payment_method=None, description=None, discounts=[], ended_at=None,
            invoice_settings={"issuer": {"type": "self"}, "account_tax_ids": None},
            latest_invoice=None, metadata=metadata or {}, pause_collection=None, schedule=None,
            start_date=self.now, status=status, trial_start=self.now if trial_end else None,
            trial_end=trial_end,
        )  # fmt: skip
        url = f"/v1/subscription_items?subscription={sub['id']}"
        sub["items"] = {"object": "list", "data": [], "has_more": False, "url": url}
        sub["items"]["data"] = [self._item(sub, price, trial_end) for price in prices]
        sub["currency"] = sub["items"]["data"][0]["price"]["currency"]
        sub["latest_invoice"] = self._invoice(sub, status in ENTITLING, "create", silent=True)["id"]
        self._emit("customer.subscription.created", sub)
        if status in ENTITLING:
            self._emit("invoice.paid", self._objects[sub["latest_invoice"]])
        return self.view(sub)

    @_locked
    def cancel(
        self, sub: str, *, at_period_end: bool = False, cancel_at: int | None = None
    ) -> Object:
        """Cancel now, at the period's end, or at a time (then the flag stays false)."""
        held = self._get("subscription", sub)
        if at_period_end or cancel_at:
            end = cancel_at or min(i["current_period_end"] for i in held["items"]["data"])
            self._change(
                held, cancel_at=end, cancel_at_period_end=at_period_end, canceled_at=self.now
            )
        elif held["status"] in ENDED:
            raise _no_such("subscription", sub)
        else:
            self._end(held, canceled_at=self.now)
        return self.view(held)

    @_locked
    def keep(self, sub: str) -> Object:
        """Take a cancellation back that has not happened yet."""
        held = self._get("subscription", sub)
        self._change(held, cancel_at=None, cancel_at_period_end=False, canceled_at=None)
        return self.view(held)

    @_locked
    def change_plan(self, sub: str, price: str, *, item: int = 0) -> Object:
        """Put another price on an item, as the portal does."""
        held = self._get("subscription", sub)
        data = [dict(entry) for entry in held["items"]["data"]]
        new = self._item(held, price, None)
        data[item] |= {"price": new["price"], "plan": new["plan"]}
        self._change(held, items={**held["items"], "data": data})
        return self.view(held)

    @_locked
    def fail_payment(self, sub: str, *, to: str = "past_due") -> Object:
        """A payment fails. ``to="unpaid"`` or ``"canceled"``: it was the last attempt."""
        held = self._get("subscription", sub)
        self._invoice(held, False, "cycle")
        if to == "canceled":
            self._end(held, canceled_at=self.now)
        elif held["status"] != "incomplete":
            self._change(held, status=to)
        return self.view(held)

    @_locked
    def recover_payment(self, sub: str) -> Object:
        """The open invoice is paid after all; the subscription is active again."""
        held = self._get("subscription", sub)
        self._invoice(held, True, "cycle")
        self._change(held, status="active")
        return self.view(held)

    @_locked
    def pause(self, sub: str, *, collection_only: bool = False) -> Object:
        """Pause. With ``collection_only`` no money is asked for and the status stays."""
        held = self._get("subscription", sub)
        if collection_only:
            self._change(held, pause_collection={"behavior": "void", "resumes_at": None})
        else:
            self._change(held, status="paused")
            self._emit("customer.subscription.paused", held)
        return self.view(held)

    @_locked
    def resume(self, sub: str) -> Object:
        held = self._get("subscription", sub)
        was_paused = held["status"] == "paused"
        status = "active" if was_paused else held["status"]
        self._change(held, status=status, pause_collection=None)
        if was_paused:
            self._emit("customer.subscription.resumed", held)
        return self.view(held)

    @_locked
    def dispute(self, sub: str) -> Object:
        """A chargeback. A dispute names its charge, and neither customer nor subscription."""
        self._get("subscription", sub)
        dispute = self._add(
            "dispute", "du", amount=900, balance_transactions=[], charge=self._id("ch"),
            currency="usd", enhanced_eligibility_types=[], evidence={}, evidence_details={},
            is_charge_refundable=False, metadata={}, reason="fraudulent", status="needs_response",
            payment_intent=self._id("pi"),
        )  # fmt: skip
        self._emit("charge.dispute.created", dispute)
        return self.view(dispute)

    # Checkout and the portal

    @_locked
    def open_session(
        self,
        prices: Sequence[str],
        *,
        customer: str | None = None,
        subscription_data: Object | None = None,
        **fields: Any,
    ) -> Object:
        """Open a Checkout Session."""
        lines = [self._get("price", p, param="line_items[0][price]", status=400) for p in prices]
        total, id = sum(line["unit_amount"] for line in lines), self._id("cs_test")
        return self.view(self._add("checkout.session", id, **{
            "allow_promotion_codes": None, "amount_subtotal": total, "amount_total": total,
            "automatic_tax": {"enabled": False, "liability": None, "status": None},
            "cancel_url": None, "client_reference_id": None, "custom_fields": [],
            "currency": lines[0]["currency"], "customer": customer, "customer_details": None,
            "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit")),
            "customer_email": None, "expires_at": self.now + DAY, "invoice": None, "metadata": {},
            "mode": "subscription", "payment_intent": None, "payment_link": None,
            "payment_method_types": ["card"], "payment_status": "unpaid", "shipping_options": [],
            "status": "open", "subscription": None, "success_url": None, "ui_mode": "hosted_page",
            "url": f"https://checkout.stripe.com/c/pay/{id}", **fields,
            "_prices": list(prices), "_data": subscription_data or {},
        }))  # fmt: skip

    @_locked
    def open_payment_link(self, price: str, client_reference_id: str | None = None) -> Object:
        """Someone opens a Payment Link: a session whose customer is made when it is paid."""
        link = self._id("plink")
        return self.open_session([price], client_reference_id=client_reference_id, payment_link=link)

    @_locked
    def pay(
        self, session: str, *, asynchronous: bool = False, email: str = "payer@example.com"
    ) -> Object:
        """Complete a session; ``asynchronous`` leaves the subscription incomplete until settled."""
        held = self._get("checkout.session", session)
        if held["status"] != "open":
            raise ApiError(f"The session is {held['status']}.")
        data = held["_data"]
        held["customer"] = held["customer"] or self.create_customer(email=email)["id"]
        trial = data.get("trial_period_days", 0)
        sub = self._get("subscription", self.create_subscription(
            held["customer"], held["_prices"], status="trialing" if trial else "incomplete",
            metadata=data.get("metadata"), trial_days=trial,
        )["id"])  # fmt: skip
        held |= {"status": "complete", "url": None, "subscription": sub["id"]}
        held |= {"invoice": sub["latest_invoice"], "customer_details": {"email": email}}
        if not asynchronous:
            held["payment_status"] = "no_payment_required" if trial else "paid"
            self._settle_invoice(sub)
        self._emit("checkout.session.completed", held)
        return self.view(held)

    @_locked
    def settle(self, session: str, *, succeeded: bool = True) -> Object:
        """The money of an asynchronous payment arrives, or does not."""
        held = self._get("checkout.session", session)
        sub = self._get("subscription", held["subscription"])
        if sub["status"] != "incomplete":
            raise ApiError(f"The subscription is {sub['status']}.")
        if succeeded:
            held["payment_status"] = "paid"
            self._settle_invoice(sub)
        else:
            self._emit("invoice.payment_failed", self._objects[sub["latest_invoice"]])
        outcome = "succeeded" if succeeded else "failed"
        self._emit(f"checkout.session.async_payment_{outcome}", held)
        return self.view(held)

    @_locked
    def expire_session(self, session: str) -> Object:
        held = self._get("checkout.session", session, param="session")
        if held["status"] != "open":
            raise ApiError(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
                f"Session has a status of `{held['status']}`.", param="session",
            )  # fmt: skip
        held |= {"status": "expired", "url": None}
        self._emit("checkout.session.expired", held)
        return self.view(held)

    def success_url(self, session: str) -> str:
        """Where Checkout sends the browser back to."""
        held = self.get("checkout.session", session)
        return (held["success_url"] or "").replace("{CHECKOUT_SESSION_ID}", session)

    @_locked
    def open_portal(self, customer: str, **fields: Any) -> Object:
        id = self._id("bps")
        return self.view(self._add(
            "billing_portal.session", id, configuration="bpc_default", customer=customer,
            **{"flow": None, "locale": None, "return_url": None, **fields},
            url=f"https://billing.stripe.com/p/session/{id}",
        ))  # fmt: skip

    # Time

    @_locked
    def advance(self, seconds: int) -> None:
        """Let time pass: renewals, ends, expiries, each at its own moment and in order."""
        until = self.now + seconds
        while due := min(
            (step for obj in self._objects.values() if (step := self._due(obj)) and step[0] <= until),
            key=lambda step: step[0], default=None,
        ):  # fmt: skip
            self.now = max(self.now, due[0])
            due[1](due[2])
        self.now = until

    def _due(self, obj: Object) -> tuple[int, Callable[[Any], object], Any] | None:
        status = obj.get("status")
        if obj["object"] == "checkout.session" and status == "open":
            return obj["expires_at"], self.expire_session, obj["id"]
        if obj["object"] != "subscription" or status in ENDED:
            return None
        if status == "incomplete":
            return obj["created"] + 23 * HOUR, self._expire, obj
        ends = [item["current_period_end"] for item in obj["items"]["data"]]
        renewal = min(ends) if status in ENTITLING else None
        if obj["cancel_at"] and (renewal is None or obj["cancel_at"] <= renewal):
            return obj["cancel_at"], self._end, obj
        return (renewal, self._renew, obj) if renewal else None

    def _renew(self, sub: Object) -> None:
        data = [dict(item) for item in sub["items"]["data"]]
        for item in data:
            if (start := item["current_period_end"]) <= self.now:
                end = period_end(sub["billing_cycle_anchor"], start, item["price"]["recurring"])
                item |= {"current_period_start": start, "current_period_end": end}
        changes: Object = {"items": {**sub["items"], "data": data}}
        if sub["status"] != "past_due":
            paid = sub["customer"] not in self.declining
            changes["status"] = "active" if paid else "past_due"
            changes["latest_invoice"] = self._invoice(sub, paid, "cycle")["id"]
        self._change(sub, **changes)

    # Inside

    def _expire(self, sub: Object) -> None:
        self._change(sub, status="incomplete_expired", ended_at=self.now)

    def _end(self, sub: Object, **changes: Any) -> None:
        sub |= {"status": "canceled", "ended_at": self.now, **changes}
        sub["canceled_at"] = sub["canceled_at"] or self.now
        self._emit("customer.subscription.deleted", sub)

    def _settle_invoice(self, sub: Object) -> None:
        if sub["status"] == "incomplete":
            invoice = self._objects[sub["latest_invoice"]]
            invoice |= {"status": "paid", "amount_paid": invoice["total"], "amount_remaining": 0}
            self._change(sub, status="active")
            self._emit("invoice.paid", invoice)

    def _item(self, sub: Object, price_id: str, end: int | None) -> Object:
        price = self._get("price", price_id, param="items[0][price]", status=400)
        if not price["recurring"]:
            raise ApiError("The price specified is set to `type=one_time`.", param="items[0][price]")
        plan = {
            **{k: price[k] for k in ("active", "billing_scheme", "created", "currency", "livemode")},
            **price["recurring"], "id": price_id, "object": "plan", "amount": price["unit_amount"],
            "metadata": {}, "product": price["product"],
        }  # fmt: skip
        return {
            "id": self._id("si"), "object": "subscription_item", "created": self.now,
            "current_period_start": self.now, "discounts": [], "metadata": {}, "plan": plan,
            "current_period_end": end or period_end(self.now, self.now, price["recurring"]),
            "price": dict(price), "quantity": 1, "subscription": sub["id"], "tax_rates": [],
        }  # fmt: skip

    def _invoice(self, sub: Object, paid: bool, reason: str, *, silent: bool = False) -> Object:
        prices = [item["price"] for item in sub["items"]["data"]]
        total = 0 if sub["status"] == "trialing" else sum(p["unit_amount"] for p in prices)
        details = {"subscription": sub["id"], "metadata": dict(sub["metadata"])}
        names = "amount_overpaid amount_shipping post_payment_credit_notes_amount "
        names += "pre_payment_credit_notes_amount starting_balance"
        invoice = self._add(
            "invoice", "in", **dict.fromkeys(names.split(), 0), amount_due=total,
            amount_paid=total if paid else 0, amount_remaining=0 if paid else total,
            attempt_count=1, attempted=True, automatic_tax={"enabled": False, "status": None},
            billing_reason=f"subscription_{reason}", collection_method="charge_automatically",
            currency=sub["currency"], customer=sub["customer"], default_tax_rates=[],
            discounts=[], issuer={"type": "self"}, metadata={}, payment_settings={},
            lines={"object": "list", "data": [], "has_more": False, "url": "/v1/invoices/lines"},
            parent={"type": "subscription_details", "subscription_details": details},
            period_start=self.now, period_end=self.now, status="paid" if paid else "open",
            status_transitions={"paid_at": self.now if paid else None}, subtotal=total, total=total,
        )  # fmt: skip
        if not silent:
            self._emit("invoice.paid" if paid else "invoice.payment_failed", invoice)
        return invoice

    def _change(self, obj: Object, event: str = _UPDATED, **changes: Any) -> None:
        previous = {k: obj.get(k) for k, value in changes.items() if obj.get(k) != value}
        obj |= changes
        if previous:
            self._emit(event, obj, previous)

    def _emit(self, type: str, obj: Object, previous: Object | None = None) -> None:
        data = {"object": self.view(obj)} | ({"previous_attributes": previous} if previous else {})
        request = {"id": None, "idempotency_key": None}
        self._add(
            "event", "evt", api_version=self.api_version, data=json.loads(json.dumps(data)),
            pending_webhooks=1, request=request, type=type,
        )  # fmt: skip

    def _add(self, kind: str, id: str, **fields: Any) -> Object:
        id = id if id.count("_") and id[-1].isdigit() else self._id(id)
        base = {"id": id, "object": kind, "created": int(self.now), "livemode": self.livemode}
        self._objects[id] = base | fields
        return self._objects[id]

    def _id(self, prefix: str) -> str:
        return f"{prefix}_1{self._random.getrandbits(60):015x}{len(self._objects):06d}"

    def _get(self, kind: str, id: str, *, param: str = "id", status: int = 404) -> Object:
        obj = self._objects.get(id)
        if not obj or obj["object"] != kind or (obj.get("deleted") and status == 400):
            raise _no_such(kind, id, param, status)
        return obj

    def _all(self, kind: str, **fields: Any) -> list[Object]:
        same = fields.items()
        found = [obj for obj in self._objects.values() if obj["object"] == kind]
        return [obj for obj in found if all(obj.get(k) == v for k, v in same)]


def _no_such(kind: str, id: str, param: str = "id", status: int = 404) -> ApiError:
    message = f"No such {kind}: '{id}'"
    return ApiError(message, param=param, code="resource_missing", status=status)
