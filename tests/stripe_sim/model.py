"""What happens at Stripe: customers, subscriptions, Checkout and time, each with its events.

``Stripe.now`` is the clock: set it, or let ``advance`` play what happens meanwhile. The same seed,
clock and calls make the same ids.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tests.stripe_sim.objects import Object, Store, copy, locked, no_such, period_end
from tests.stripe_sim.spec import ApiError

HOUR, DAY = 3600, 86400
ENDED = ("canceled", "incomplete_expired")
ENTITLING = ("active", "trialing", "past_due")
# The portal's settings, saved with everything on; `products` None: all that are on sale.
PORTAL_CONFIGURATION: Object = {
    "id": "bpc_default",
    "object": "billing_portal.configuration",
    "active": True,
    "is_default": True,
    "features": {
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": None,
        },
    },
}
UPDATED = "customer.subscription.updated"


@locked
class Stripe(Store):
    """One account.

    ``shape`` says where periods stand: on the items ("new"), on the subscription as in old API
    versions ("old"), or in "both" places; the last two have ``invoice.subscription`` as well.
    Renewals of customers in ``declining`` fail.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.declining: set[str] = set()
        self.portal_configurations: list[Object] = [copy(PORTAL_CONFIGURATION)]

    def live_plan_products(self, customer: str) -> set[str]:
        """Return the products that the customer is entitled to: the truth to compare with."""
        live = [s for s in self._all("subscription", customer=customer) if s["status"] in ENTITLING]
        return {item["price"]["product"] for sub in live for item in sub["items"]["data"]}

    def last_paid(self, sub: str) -> tuple[str, int] | None:
        """Return the product that money came for last, and until when (s); None if it never did."""
        paid: tuple[str, int] | None = self._get("subscription", sub).get("_paid")
        return paid

    # Customers

    def create_customer(self, *, metadata: Object | None = None, **fields: Any) -> Object:
        customer = self._add("customer", self._id("cus"), metadata=metadata or {}, **fields)
        self._emit("customer.created", customer)
        return self.view(customer)

    def update(
        self, kind: str, id: str, *, metadata: Object | None = None, **fields: Any
    ) -> Object:
        """Change a customer or a subscription; an empty value takes a metadata key away."""
        obj = self._get(kind, id)
        if metadata is not None:
            merged = {**obj["metadata"], **metadata} if metadata else {}
            fields["metadata"] = {key: value for key, value in merged.items() if value != ""}
        self._change(obj, UPDATED if kind == "subscription" else "customer.updated", **fields)
        return self.view(obj)

    def delete_customer(self, id: str) -> Object:
        """Delete a customer, which ends the subscriptions at once."""
        customer = self._get("customer", id)
        for sub in self._all("subscription", customer=id):
            if sub["status"] not in ENDED:
                self._end(sub)
        self._emit("customer.deleted", customer)
        self._objects[id] = {"id": id, "object": "customer", "deleted": True}
        return self.view(self._objects[id])

    # Subscriptions

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
        trial = {"trial_start": self.now, "trial_end": self.now + trial_days * DAY}
        sub = self._add(
            "subscription",
            self._id("sub"),
            billing_cycle_anchor=trial["trial_end"],
            customer=customer,
            metadata=metadata or {},
            start_date=self.now,
            status=status or ("trialing" if trial_days else "active"),
            **(trial if trial_days else {}),
        )
        for price in prices:
            sub["items"]["data"].append(self._item(sub, price))
        sub["currency"] = sub["items"]["data"][0]["price"]["currency"]
        invoice = self._invoice(sub, sub["status"] in ENTITLING, "create")
        sub["latest_invoice"] = invoice["id"]
        self._emit("customer.subscription.created", sub)
        if invoice["status"] == "paid":
            self._emit("invoice.paid", invoice)
        return self.view(sub)

    def cancel(
        self, sub: str, *, at_period_end: bool = False, cancel_at: int | None = None
    ) -> Object:
        """Cancel now, at the period's end, or at a time (then the flag stays false)."""
        subscription = self._get("subscription", sub)
        if subscription["status"] in ENDED:
            raise no_such("subscription", sub)
        if at_period_end or cancel_at:
            end = cancel_at or min(
                item["current_period_end"] for item in subscription["items"]["data"]
            )
            when = {"cancel_at": end, "cancel_at_period_end": at_period_end}
            self._change(subscription, UPDATED, canceled_at=self.now, **when)
        else:
            self._end(subscription)
        return self.view(subscription)

    def keep(self, sub: str) -> Object:
        """Take back a cancellation that has not happened yet."""
        return self.update(
            "subscription", sub, cancel_at=None, cancel_at_period_end=False, canceled_at=None
        )

    def change_plan(self, sub: str, price: str, *, item: int = 0) -> Object:
        """Put another price on an item, as the portal does; more is paid for at once."""
        subscription = self._get("subscription", sub)
        before = subscription["items"]["data"][item]["price"]["unit_amount"]
        self._put_price(subscription, price, item)
        after = subscription["items"]["data"][item]["price"]["unit_amount"]
        if after > before and subscription["status"] == "active":
            invoice = self._invoice(subscription, True, "update")
            self._change(subscription, UPDATED, latest_invoice=invoice["id"])
            self._emit("invoice.paid", invoice)
        return self.view(subscription)

    def change_plan_by_bank(self, sub: str, price: str) -> Object:
        """Change to a higher price that a bank pays: until it does, or refuses, it is active."""
        subscription = self._get("subscription", sub)
        self._put_price(subscription, price)
        invoice = self._invoice(subscription, False, "update")
        self._change(subscription, UPDATED, latest_invoice=invoice["id"])
        return self.view(subscription)

    def leave_to_bank(self, sub: str) -> Object:
        """A bank takes days to pay the draft of a period that has begun."""
        subscription = self._get("subscription", sub)
        invoice = self._objects[subscription.pop("_draft")]
        invoice |= {"status": "open", "attempted": True, "attempt_count": 1}
        invoice["status_transitions"]["finalized_at"] = self.now
        return self.view(subscription)

    def refuse_invoice(self, sub: str) -> Object:
        """The last invoice of a subscription, which was on its way, is not paid."""
        subscription = self._get("subscription", sub)
        self._emit("invoice.payment_failed", self._objects[subscription["latest_invoice"]])
        self._change(subscription, UPDATED, status="past_due")
        return self.view(subscription)

    def _put_price(self, sub: Object, price: str, item: int = 0) -> None:
        items, new = copy(sub["items"]), self._item(sub, price)
        items["data"][item] |= {"price": new["price"], "plan": new["plan"]}
        self._change(sub, UPDATED, items=items)

    def schedule_change(self, sub: str) -> Object:
        """Plan a change for the end of the period, as the portal may do with one down."""
        return self.update("subscription", sub, schedule=self._id("sub_sched"))

    def fail_payment(self, sub: str, *, to: str = "past_due") -> Object:
        """A payment fails; ``to="unpaid"`` or ``"canceled"``: it was the last attempt."""
        subscription = self._get("subscription", sub)
        self._emit("invoice.payment_failed", self._invoice(subscription, False, "cycle"))
        if to == "canceled":
            self._end(subscription)
        elif subscription["status"] != "incomplete":
            self._change(subscription, UPDATED, status=to)
        return self.view(subscription)

    def decline_upgrade(self, sub: str, price: str) -> Object:
        """Another price is taken in the middle of a period, and the card for it is declined."""
        subscription = self._get("subscription", sub)
        self._put_price(subscription, price)
        invoice = self._invoice(subscription, False, "update")
        self._emit("invoice.payment_failed", invoice)
        self._change(subscription, UPDATED, status="past_due", latest_invoice=invoice["id"])
        return self.view(subscription)

    def go_back(self, sub: str, price: str) -> Object:
        """A declined upgrade is taken back: its invoice is void, and the credit note costs 0."""
        subscription = self._get("subscription", sub)
        self._put_price(subscription, price)
        self._void(sub)
        invoice = self._invoice(subscription, False, "update")
        invoice |= {"status": "paid", "amount_remaining": 0}
        invoice |= dict.fromkeys(("amount_due", "amount_paid", "subtotal", "total"), 0)
        self._emit("invoice.paid", invoice)
        self._change(subscription, UPDATED, status="active", latest_invoice=invoice["id"])
        return self.view(subscription)

    def void_invoices(self, sub: str) -> Object:
        """The seller forgives what is unpaid: the subscription is active, and no money came."""
        subscription = self._get("subscription", sub)
        self._void(sub)
        self._change(subscription, UPDATED, status="active")
        return self.view(subscription)

    def _void(self, sub: str) -> None:
        for invoice in self._all("invoice", status="open"):
            if invoice["parent"]["subscription_details"]["subscription"] == sub:
                self._change(invoice, "invoice.voided", status="void")

    def recover_payment(self, sub: str) -> Object:
        """The money comes after all: the subscription is active again."""
        subscription = self._get("subscription", sub)
        invoice = self._invoice(subscription, True, "cycle")
        self._emit("invoice.paid", invoice)
        self._change(subscription, UPDATED, status="active", latest_invoice=invoice["id"])
        return self.view(subscription)

    def pause(self, sub: str, *, collection_only: bool = False) -> Object:
        """Pause. With ``collection_only`` no money is asked for and the status stays."""
        subscription = self._get("subscription", sub)
        if collection_only:
            pause = {"behavior": "void", "resumes_at": None}
            self._change(subscription, UPDATED, pause_collection=pause)
        else:
            self._change(subscription, UPDATED, status="paused")
            self._emit("customer.subscription.paused", subscription)
        return self.view(subscription)

    def resume(self, sub: str) -> Object:
        """Take back any kind of pause."""
        subscription = self._get("subscription", sub)
        paused = subscription["status"] == "paused"
        status = "active" if paused else subscription["status"]
        self._change(subscription, UPDATED, status=status, pause_collection=None)
        if paused:
            self._emit("customer.subscription.resumed", subscription)
        return self.view(subscription)

    def dispute(self, sub: str) -> Object:
        """A chargeback. A dispute names its charge, and neither customer nor subscription."""
        self._get("subscription", sub)
        ids = {"charge": self._id("ch"), "payment_intent": self._id("pi")}
        dispute = self._add("dispute", self._id("du"), **ids)
        self._emit("charge.dispute.created", dispute)
        return self.view(dispute)

    # Checkout

    def open_session(
        self, prices: Sequence[str], *, subscription_data: Object | None = None, **fields: Any
    ) -> Object:
        """Open a Checkout Session; ``fields`` are those of the session."""
        lines = [self._get("price", p, param="line_items[0][price]") for p in prices]
        id = self._id("cs_live" if self.livemode else "cs_test")
        defaults: Object = {
            **dict.fromkeys(
                ("amount_subtotal", "amount_total"), sum(p["unit_amount"] for p in lines)
            ),
            "currency": lines[0]["currency"],
            "expires_at": self.now + DAY,
            "url": f"https://checkout.stripe.com/c/pay/{id}",
        }
        hidden = {"_prices": list(prices), "_data": subscription_data or {}}
        return self.view(self._add("checkout.session", id, **(defaults | fields | hidden)))

    def open_payment_link(self, price: str, client_reference_id: str | None = None) -> Object:
        """Someone opens a Payment Link: a session whose customer is made when it is paid."""
        link = self._id("plink")
        return self.open_session(
            [price], client_reference_id=client_reference_id, payment_link=link
        )

    def pay(
        self, session: str, *, asynchronous: bool = False, email: str = "a@example.com"
    ) -> Object:
        """Complete a session; ``asynchronous`` leaves the subscription incomplete until settled."""
        checkout_session = self._get("checkout.session", session)
        if checkout_session["status"] != "open":
            raise ApiError(f"The session is {checkout_session['status']}.")
        data = checkout_session["_data"]
        trial = data.get("trial_period_days", 0)
        checkout_session["customer"] = (
            checkout_session["customer"] or self.create_customer(email=email)["id"]
        )
        sub = self.create_subscription(
            checkout_session["customer"],
            checkout_session["_prices"],
            status="trialing" if trial else "incomplete",
            metadata=data.get("metadata"),
            trial_days=trial,
        )
        checkout_session |= {"status": "complete", "url": None, "subscription": sub["id"]}
        checkout_session |= {"invoice": sub["latest_invoice"], "customer_details": {"email": email}}
        if trial:
            checkout_session["payment_status"] = "no_payment_required"
        elif not asynchronous:
            self._collect(checkout_session)
        self._emit("checkout.session.completed", checkout_session)
        return self.view(checkout_session)

    def settle(self, session: str, *, succeeded: bool = True) -> Object:
        """The money of an asynchronous payment arrives, or does not."""
        checkout_session = self._get("checkout.session", session)
        sub = self._get("subscription", checkout_session["subscription"])
        if sub["status"] != "incomplete":
            raise ApiError(f"The subscription is {sub['status']}.")
        if succeeded:
            self._collect(checkout_session)
        else:
            self._emit("invoice.payment_failed", self._objects[sub["latest_invoice"]])
        outcome = "succeeded" if succeeded else "failed"
        self._emit(f"checkout.session.async_payment_{outcome}", checkout_session)
        return self.view(checkout_session)

    def expire_session(self, session: str) -> Object:
        checkout_session = self._get("checkout.session", session)
        if checkout_session["status"] != "open":
            status = checkout_session["status"]
            raise ApiError(f"Only open Checkout Sessions can be expired, not {status} ones.")
        checkout_session |= {"status": "expired", "url": None}
        self._emit("checkout.session.expired", checkout_session)
        return self.view(checkout_session)

    def success_url(self, session: str) -> str:
        """Return where Checkout sends the browser back to."""
        url = self._get("checkout.session", session)["success_url"] or ""
        return url.replace("{CHECKOUT_SESSION_ID}", session)

    def open_portal(self, customer: str, **fields: Any) -> Object:
        """Open a customer portal session; the test acts what the customer does in it."""
        id = self._id("bps")
        url = f"https://billing.stripe.com/p/session/{id}"
        session = self._add("billing_portal.session", id, customer=customer, url=url, **fields)
        return self.view(session)

    # Time

    def advance(self, seconds: int) -> None:
        """Let time pass: renewals, ends and expiries, in order and each at its own moment."""
        until = self.now + seconds
        while True:
            due = [step for obj in self._objects.values() if (step := self._due(obj))]
            at, act, obj = min(due, key=lambda step: step[0], default=(until + 1, None, None))
            if at > until or act is None:
                break
            self.now = max(self.now, at)
            act(obj)
        self.now = until

    def _due(self, obj: Object) -> tuple[int, Callable[[Object], object], Object] | None:
        status = obj.get("status")
        if obj["object"] == "checkout.session" and status == "open":
            return obj["expires_at"], lambda session: self.expire_session(session["id"]), obj
        if obj["object"] != "subscription" or status in ENDED:
            return None
        if status == "incomplete":
            return obj["created"] + 23 * HOUR, self._expire, obj
        if obj.get("_draft") and status in ENTITLING:
            return self._objects[obj["_draft"]]["created"] + HOUR, self._charge, obj
        renewal = min(item["current_period_end"] for item in obj["items"]["data"])
        if obj["cancel_at"] and (obj["cancel_at"] <= renewal or status not in ENTITLING):
            return obj["cancel_at"], self._end, obj
        return (renewal, self._renew, obj) if status in ENTITLING else None

    def _renew(self, sub: Object) -> None:
        items = copy(sub["items"])
        for item in items["data"]:
            if (start := item["current_period_end"]) <= self.now:
                end = period_end(sub["billing_cycle_anchor"], start, item["price"]["recurring"])
                item |= {"current_period_start": start, "current_period_end": end}
        # A draft at first: https://docs.stripe.com/billing/subscriptions/webhooks
        invoice = self._invoice({**sub, "items": items}, False, "cycle")
        invoice |= {"status": "draft", "attempted": False, "attempt_count": 0}
        invoice["status_transitions"]["finalized_at"] = None
        sub["_draft"] = invoice["id"]
        status = "active" if sub["status"] == "trialing" else sub["status"]
        self._change(sub, UPDATED, items=items, latest_invoice=invoice["id"], status=status)

    def _charge(self, sub: Object) -> None:
        """Charge for the period that has begun; the last invoice alone makes the status."""
        invoice = self._objects[sub.pop("_draft")]
        invoice |= {"attempted": True, "attempt_count": 1}
        is_last = sub["latest_invoice"] == invoice["id"]
        if sub["status"] == "past_due" or sub["customer"] in self.declining:
            transitions = {"finalized_at": self.now, "paid_at": None}
            invoice |= {"status": "open", "status_transitions": transitions}
            self._emit("invoice.payment_failed", invoice)
            if is_last:
                self._change(sub, UPDATED, status="past_due")
            return
        if is_last:
            self._note_payment(sub)
        self._take_money(invoice)

    def _take_money(self, invoice: Object) -> None:
        transitions = {"finalized_at": self.now, "paid_at": self.now}
        invoice |= {"status": "paid", "status_transitions": transitions}
        invoice |= {"amount_paid": invoice["total"], "amount_remaining": 0}
        self._emit("invoice.paid", invoice)

    def _expire(self, sub: Object) -> None:
        self._change(sub, UPDATED, status="incomplete_expired", ended_at=self.now)

    def _end(self, sub: Object) -> None:
        sub |= {"status": "canceled", "ended_at": self.now}
        sub["canceled_at"] = sub["canceled_at"] or self.now
        self._emit("customer.subscription.deleted", sub)

    def _collect(self, session: Object) -> None:
        sub = self._get("subscription", session["subscription"])
        session["payment_status"] = "paid"
        self._note_payment(sub)
        self._change(sub, UPDATED, status="active")
        self._take_money(self._objects[sub["latest_invoice"]])
