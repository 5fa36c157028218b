"""Stripe over HTTP: the few calls that billing makes, bounded in time and number."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import stripe
from stripe import RequestsClient, StripeClient

from stats.billing.gateways.concurrency import ConcurrencyLimit
from stats.billing.gateways.gateway import StripeRefused, UnknownCustomer
from stats.billing.gateways.stripe_errors import MISSING, translated_errors
from stats.billing.ownership import marked_user, sale_metadata, sells
from stats.errors import BillingUnavailable
from stats.lib.messages import lazy_gettext
from stats.plans.plan import Plan
from stats.plans.price import Interval
from stats.settings import Settings

QUICK_TIMEOUT, PATIENT_TIMEOUT = 6.0, 8.0
PAGE_SIZE = 100
T = TypeVar("T")

# Otherwise the library keeps a file in the home directory.
stripe.enable_telemetry = False


class StripeGateway:
    """The gateway to Stripe itself; each call is limited in time and in number."""

    def __init__(self, settings: Settings) -> None:
        key = str(settings.stripe_secret_key)
        self.livemode = "_live_" in key
        self.products = settings.stripe_products
        self._prices = {
            Interval.MONTH: settings.stripe_prices,
            Interval.YEAR: settings.stripe_yearly_prices,
        }
        self._limit = ConcurrencyLimit()
        self._quick = stripe_client(settings, key, QUICK_TIMEOUT, 0)
        self._patient = stripe_client(settings, key, PATIENT_TIMEOUT, 2)

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        """Return all subscriptions of a customer, every page, within QUICK_TIMEOUT seconds.

        Raises UnknownCustomer.
        """
        return self._ask_about(customer, lambda: self._all_subscriptions(customer))

    def _ask_about(self, customer: str, request: Callable[[], T]) -> T:
        try:
            return self._call(request, customer)
        except StripeRefused as error:
            if error.stripe_code != MISSING:
                raise
            raise UnknownCustomer(
                "Stripe does not know you. We are looking into it.", MISSING
            ) from error

    def _all_subscriptions(self, customer: str) -> list[dict[str, Any]]:
        params: Any = {"customer": customer, "status": "all", "limit": PAGE_SIZE}
        subscriptions, is_all = _pages_in_time(lambda: self._quick.v1.subscriptions.list(params))
        if not is_all:
            raise BillingUnavailable("Stripe takes too long.")
        return subscriptions

    def invoices(self, subscription: str) -> list[dict[str, Any]]:
        """Return the last invoices of a subscription, newest first (PAGE_SIZE at most).

        An empty list where Stripe refuses: a restricted key may have no right to read them.
        """
        params: Any = {"subscription": subscription, "limit": PAGE_SIZE}
        try:
            listed = self._call(lambda: self._quick.v1.invoices.list(params).data, subscription)
        except StripeRefused:
            return []
        return [invoice.to_dict(for_json=True) for invoice in listed]

    def create_customer(self, user_id: str, email: str, replaced: Sequence[str]) -> str:
        """Return the id of a new customer. Repeating it within a day makes no second one."""
        name = f"aira:customer:{user_id}:{email}:{','.join(replaced)}"
        key = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        # Who came by a sign-in link may have no address, and types one at the checkout.
        details: Any = {"metadata": {"user_id": user_id}} | ({"email": email} if email else {})
        return self._call(
            lambda: self._patient.v1.customers.create(details, {"idempotency_key": key}).id
        )

    def change_email(self, customer: str, email: str) -> None:
        """Tell Stripe a customer's new address, to which it sends receipts."""
        self._call(lambda: self._quick.v1.customers.update(customer, {"email": email}), customer)

    def is_deleted(self, customer: str) -> bool:
        """Return whether a customer was deleted."""
        stored = self._call(
            lambda: self._patient.v1.customers.retrieve(customer).to_dict(), customer
        )
        return bool(stored.get("deleted"))

    def session(self, session_id: str) -> dict[str, Any] | None:
        """Return a Checkout Session with its line items, None if Stripe knows none of that id."""
        params: Any = {"expand": ["line_items"]}
        retrieve = self._quick.v1.checkout.sessions.retrieve
        try:
            return self._call(
                lambda: retrieve(session_id, params).to_dict(for_json=True), session_id
            )
        except StripeRefused as error:
            if error.stripe_code != MISSING:
                raise
            return None

    def completed_sessions(self, since: int) -> list[dict[str, Any]]:
        """Return the completed Checkout Sessions opened since a moment (s), newest first.

        Raises BillingUnavailable where Stripe does not list all within QUICK_TIMEOUT seconds.
        """
        sessions, is_all = self._call(lambda: self._sessions_since(since, "complete"))
        if not is_all:
            # One's own may be among the others: nothing may be sold.
            raise BillingUnavailable("Stripe takes too long.")
        return sessions

    def open_sessions(self, since: int) -> list[dict[str, Any]]:
        """Return the open Checkout Sessions opened since a moment (s), newest first.

        What Stripe does not list within QUICK_TIMEOUT seconds is left out.
        """
        return self._call(lambda: self._sessions_since(since, "open"))[0]

    def _sessions_since(self, since: int, status: str) -> tuple[list[dict[str, Any]], bool]:
        """Return the sessions that Stripe lists in time, and whether these are all."""
        params: Any = {"created": {"gte": since}, "status": status, "limit": PAGE_SIZE}
        return _pages_in_time(lambda: self._quick.v1.checkout.sessions.list(params))

    def is_of_session(self, subscription: str) -> bool:
        """Return whether a subscription was sold by Checkout or a Payment Link."""
        params: Any = {"subscription": subscription, "limit": 1}
        sessions = self._quick.v1.checkout.sessions
        return bool(self._call(lambda: sessions.list(params).data, subscription))

    def keep_one_session(
        self, customer: str, plan: Plan, interval: Interval, user_id: str
    ) -> str | None:
        """Close a user's open Checkout Sessions but the newest for this plan at today's price;
        return the address of that one, None if there is none."""
        own = self._own_sessions(self._patient, customer, user_id)
        price = self.price(plan, interval) if own else ""
        kept = next((one for one in own if sells(one, plan, price) and one.get("url")), None)
        self._expire_all(one for one in own if one is not kept)
        return str(kept["url"]) if kept else None

    def _own_sessions(
        self, client: StripeClient, customer: str, user_id: str
    ) -> list[dict[str, Any]]:
        """Return a user's open Checkout Sessions, newest first."""
        sessions = self._open_sessions(client, customer)
        return [session for session in sessions if marked_user(session) == user_id]

    def _expire_all(self, sessions: Iterable[dict[str, Any]]) -> None:
        for session in sessions:
            self.expire_session(str(session["id"]))

    def _open_sessions(self, client: StripeClient, customer: str) -> list[dict[str, Any]]:
        params: Any = {"customer": customer, "status": "open", "limit": PAGE_SIZE}
        listed = self._ask_about(customer, lambda: client.v1.checkout.sessions.list(params).data)
        return [session.to_dict(for_json=True) for session in listed]

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """Close the open Checkout Sessions of a user."""
        self._expire_all(self._own_sessions(self._quick, customer, user_id))

    def expire_session(self, session_id: str) -> None:
        """Close an open Checkout Session; one that was paid meanwhile is fine."""
        sessions = self._quick.v1.checkout.sessions
        try:
            self._call(lambda: sessions.expire(session_id), session_id)
        except StripeRefused:
            stored = self._call(lambda: sessions.retrieve(session_id), session_id)
            if stored.status == "open":
                raise

    def checkout(
        self,
        customer: str,
        plan: Plan,
        reference: str,
        user_id: str,
        back: str,
        interval: Interval,
    ) -> str:
        """Return the address of a new Checkout Session, and close the user's older ones."""
        metadata, price = sale_metadata(user_id, plan, interval), self.price(plan, interval)
        params: Any = {
            "mode": "subscription",
            "customer": customer,
            "client_reference_id": reference,
            "line_items": [{"price": price, "quantity": 1}],
            "metadata": metadata | {"price": price},
            "subscription_data": {"metadata": metadata},
            "success_url": f"{back}/billing/return?plan={plan}&session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{back}/plans",
            "allow_promotion_codes": True,
        }
        options: Any = {"idempotency_key": str(uuid.uuid4())}
        create = self._patient.v1.checkout.sessions.create
        session = self._call(lambda: create(params, options), customer)
        newest, *older = self._own_sessions(self._patient, customer, user_id) or [{}]
        self._expire_all(older)
        # Pressed twice at once, both presses lead to the one that is open.
        return str(newest["url"] if sells(newest, plan, price) else session.url)

    def price(self, plan: Plan, interval: Interval) -> str:
        """Return the id of the price that Checkout sells a plan at."""
        if plan in self._prices[interval] or interval == Interval.YEAR:
            return self._prices[interval][plan]
        price = self.product(plan).get("default_price")
        price_id = price.get("id") if isinstance(price, dict) else price
        if not price_id:
            raise BillingUnavailable(
                lazy_gettext("The %(plan)s plan has no price at Stripe.", plan=plan)
            )
        return str(price_id)

    def product(self, plan: Plan) -> dict[str, Any]:
        """Return the product behind a plan, its default price in full."""
        product = next((key for key, value in self.products.items() if value == plan), None)
        if product is None:
            raise BillingUnavailable(lazy_gettext("The %(plan)s plan is not on sale.", plan=plan))
        params: Any = {"expand": ["default_price"]}
        return self._call(
            lambda: self._quick.v1.products.retrieve(product, params).to_dict(for_json=True)
        )

    def price_of(self, plan: Plan, interval: Interval) -> dict[str, Any] | None:
        """Return the price object that a plan is sold at, None if there is none at Stripe."""
        try:
            if price := self._prices[interval].get(plan):
                retrieve = self._quick.v1.prices.retrieve
                return self._call(lambda: retrieve(price).to_dict(for_json=True))
            # By the year only a price that is set is sold.
            return None if interval == Interval.YEAR else self.product(plan).get("default_price")
        except StripeRefused as error:
            if error.stripe_code != MISSING:
                raise
            return None

    def portal(self, customer: str, subscription: str | None, back: str) -> str:
        """Return the address of the customer portal: all of it where Stripe refuses the update.

        It does unless the portal's settings let people change plans.
        """
        params: Any = {"customer": customer, "return_url": f"{back}/plans?from=portal"}
        if subscription is not None:
            update = {"subscription": subscription}
            flow = {"type": "subscription_update", "subscription_update": update}
            with suppress(StripeRefused):
                return self._portal({**params, "flow_data": flow}, subscription)
        return self._portal(params, customer)

    def _portal(self, params: Any, about: str) -> str:
        create = self._patient.v1.billing_portal.sessions.create
        return str(self._call(lambda: create(params), about).url)

    def cancel(self, subscription: str) -> None:
        """End a subscription now; one that has ended already is fine."""
        try:
            self._call(lambda: self._patient.v1.subscriptions.cancel(subscription), subscription)
        except StripeRefused as error:
            if error.stripe_code != MISSING:
                raise

    def all_subscriptions(self) -> Iterator[dict[str, Any]]:
        """Yield every subscription of the account, whatever its status; for the operator."""
        params: Any = {"status": "all", "limit": PAGE_SIZE}
        with translated_errors():
            for subscription in self._patient.v1.subscriptions.list(params).auto_paging_iter():
                yield subscription.to_dict(for_json=True)

    def undelivered_events(self, types: list[str]) -> Iterator[dict[str, Any]]:
        """Yield the events of these types whose delivery failed, oldest first; at most 30 days."""
        params: Any = {"delivery_success": False, "types": types, "limit": PAGE_SIZE}
        with translated_errors():
            events = list(self._patient.v1.events.list(params).auto_paging_iter())
            for event in reversed(events):
                yield event.to_dict(for_json=True)

    def _call(self, request: Callable[[], T], about: str = "") -> T:
        with self._limit.slot(), translated_errors(about):
            return request()


def _pages_in_time(first: Callable[[], Any]) -> tuple[list[dict[str, Any]], bool]:
    """Return what Stripe lists within QUICK_TIMEOUT seconds, and whether that is all."""
    deadline = time.monotonic() + QUICK_TIMEOUT
    page = first()
    items = [item.to_dict(for_json=True) for item in page.data]
    while page.has_more and time.monotonic() < deadline:
        page = page.next_page()
        items += [item.to_dict(for_json=True) for item in page.data]
    return items, not page.has_more


def stripe_client(settings: Settings, key: str, timeout: float, retries: int) -> StripeClient:
    """Return a client for a secret key; `timeout` (s) is for each attempt."""
    bases: Any = {"api": settings.stripe_api_base} if settings.stripe_api_base else {}
    return StripeClient(
        key,
        base_addresses=bases,
        max_network_retries=retries,
        http_client=RequestsClient(timeout=timeout),
    )
