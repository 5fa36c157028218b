"""What billing needs of Stripe, whoever plays it: Stripe itself or the practice checkout."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stats.errors import BillingUnavailable
from stats.plans.plan import Plan
from stats.plans.price import Interval


class StripeRefused(BillingUnavailable):
    """Stripe will not do this, however often it is asked; `stripe_code` says why, if it did."""

    def __init__(self, message: str, stripe_code: str | None = None) -> None:
        super().__init__(message)
        self.stripe_code = stripe_code


class UnknownCustomer(StripeRefused):
    """Stripe has no such customer: it is another account's, or of the other mode (live or test)."""


class Gateway(Protocol):
    """What billing needs of Stripe. Calls raise StripeRefused, or BillingUnavailable when away."""

    livemode: bool
    products: Mapping[str, Plan]

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        """Return all subscriptions of a customer, whatever their status; raises UnknownCustomer."""

    def invoices(self, subscription: str) -> list[dict[str, Any]]:
        """Return the last invoices of a subscription, newest first; none if they are not known."""

    def create_customer(self, user_id: str, email: str, replaced: Sequence[str]) -> str:
        """Return the id of the user's new customer, in place of those that are of no use now.

        It is the same one when called again soon.
        """

    def change_email(self, customer: str, email: str) -> None:
        """Tell Stripe a customer's new address."""

    def is_deleted(self, customer: str) -> bool:
        """Return whether a customer was deleted: nothing can be sold to it any more."""

    def session(self, session_id: str) -> dict[str, Any] | None:
        """Return a Checkout Session with its line items, None if Stripe knows none of that id."""

    def completed_sessions(self, since: int) -> list[dict[str, Any]]:
        """Return the Checkout Sessions opened since a moment (s) and completed, newest first.

        Raises BillingUnavailable where Stripe does not list all of them in a few seconds.
        """

    def open_sessions(self, since: int) -> list[dict[str, Any]]:
        """Return the Checkout Sessions opened since a moment (s) that can be paid, newest first.

        In a few seconds Stripe may not have listed all of them: those are left out.
        """

    def is_of_session(self, subscription: str) -> bool:
        """Return whether a subscription was sold by Checkout or a Payment Link."""

    def keep_one_session(
        self, customer: str, plan: Plan, interval: Interval, user_id: str
    ) -> str | None:
        """Close a user's open Checkout Sessions but the newest for this plan; return its address,
        None if there is none."""

    def checkout(
        self,
        customer: str,
        plan: Plan,
        reference: str,
        user_id: str,
        back: str,
        interval: Interval,
    ) -> str:
        """Return the address of a new Checkout Session; `back` is our own address.

        The user's older ones are closed: several tabs may open one each at once.
        """

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """Close the open Checkout Sessions of a user, so that nobody pays in one any more.

        Raises UnknownCustomer.
        """

    def expire_session(self, session_id: str) -> None:
        """Close an open Checkout Session."""

    def portal(self, customer: str, subscription: str | None, back: str) -> str:
        """Return the address of the customer portal, at a subscription's update if one is given."""

    def cancel(self, subscription: str) -> None:
        """End a subscription now."""
