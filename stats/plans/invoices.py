"""What the invoices of a subscription say: since when it is unpaid, and what was paid for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stats.plans.plan import Plan
from stats.plans.stripe_objects import listed, part
from stats.plans.subscription import Paid

Invoice = Mapping[str, Any]
# https://docs.stripe.com/invoicing/overview#invoice-statuses
UNPAID_INVOICES = frozenset({"open", "uncollectible"})
# https://docs.stripe.com/api/invoices/object#invoice_object-billing_reason
RENEWAL = "subscription_cycle"
BEGINS_PERIOD = frozenset({"subscription_create", RENEWAL})


def overdue_since(invoices: Iterable[Invoice]) -> int | None:
    """Return when a `past_due` subscription became so, by its invoices, newest first.

    That is the date of the oldest one that nobody has paid since the last payment; None if there
    is none. The latest invoice makes the status, so whatever was left unpaid before a payment is
    settled (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses).
    """
    moments = (_due(invoice) for invoice in _unpaid(invoices))
    return min((moment for moment in moments if moment is not None), default=None)


def _unpaid(invoices: Iterable[Invoice]) -> Iterator[Invoice]:
    for invoice in invoices:
        if invoice.get("status") == "paid":
            break
        if invoice.get("status") in UNPAID_INVOICES:
            yield invoice


def last_payment(invoices: Iterable[Invoice]) -> int | None:
    """Return when money came last (s), by a subscription's invoices; None if it never did.

    An invoice of nothing is paid without money, and one that is void was never paid
    (https://docs.stripe.com/invoicing/overview#invoice-statuses).
    """
    moments = (
        part(one, "status_transitions").get("paid_at") or one.get("created")
        for one in invoices
        if one.get("status") == "paid" and one.get("amount_paid")
    )
    return max((int(moment) for moment in moments if moment is not None), default=None)


def _due(invoice: Invoice) -> int | None:
    """Return when an invoice was to be paid: its due date if it is sent, else when it was final."""
    final = part(invoice, "status_transitions").get("finalized_at")
    moment = invoice.get("due_date") or final or invoice.get("created")
    return None if moment is None else int(moment)


def paid_for(
    invoices: Sequence[Invoice], seen: Paid | None, began: int | None, products: Mapping[str, Plan]
) -> Paid | None:
    """Return what is paid for of a `past_due` subscription, None if that is not known.

    Its invoices (newest first) say so before what was `seen`: a subscription is active from the
    beginning of a period on, which Stripe charges for about an hour later, and while a bank pays
    (https://docs.stripe.com/billing/subscriptions/webhooks). Where no paid invoice says it, what
    was seen is not paid from the beginning of a period (`began`, s) on whose renewal is unpaid.
    """
    if last := next(filter(None, (_bought(one, products) for one in invoices)), None):
        # Who has changed to a lower plan was credited the rest of the higher one.
        lower = min(last.plan, seen.plan if seen else last.plan, key=lambda plan: plan.rank)
        return Paid(lower, last.until, seen.graced if seen else None)
    if seen is None or began is None or not any(map(_is_renewal, _unpaid(invoices))):
        return seen
    return replace(seen, until=min(seen.until, began))


def _is_renewal(invoice: Invoice) -> bool:
    return invoice.get("billing_reason") == RENEWAL


def _bought(invoice: Invoice, products: Mapping[str, Plan]) -> Paid | None:
    """Return what a paid invoice is for; None for a credit, a trial and what no setting maps."""
    begins = invoice.get("billing_reason") in BEGINS_PERIOD
    if invoice.get("status") != "paid" or not (begins or invoice.get("total", 0) > 0):
        return None
    lines = [line for line in listed(invoice, "lines") if line.get("amount", 0) > 0]
    plans = [
        (products[name], int(line["period"]["end"]))
        for line in lines
        for name in line_products(line)
        if name in products
    ]
    return Paid(*max(plans, key=lambda one: (one[0].rank, one[1]))) if plans else None


def line_products(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield the product of an invoice's line, wherever an API version writes it.

    https://docs.stripe.com/api/invoice-line-item/object; before API 2025-03-31 it was `price`.
    """
    yield str(part(line, "pricing", "price_details").get("product"))
    yield str(part(line, "price").get("product"))
