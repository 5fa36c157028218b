"""A visit to the customer portal: what was paid for before it, and what has changed since."""

import time
from dataclasses import dataclass
from enum import StrEnum

from stats.plans.billing_state import BillingState
from stats.plans.plan import Plan
from stats.plans.subscription import OVERDUE, Subscription
from stats.store.client import Db
from stats.store.keys import PLAN_KINDS, user_keys
from stats.store.scripts import run

VISIT_SECONDS = 3600


class Change(StrEnum):
    """What somebody has done at the portal."""

    MOVED = "moved"
    ENDED = "ended"
    ONE_ENDED = "one ended"
    ENDS = "ends"
    KEPT = "kept"
    PAID = "paid"
    PERIOD = "period"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Visit:
    """What was paid for at the moment `began` (s), when somebody went to the portal."""

    before: BillingState
    began: int

    def change(self, after: BillingState, now: float) -> Change | None:
        """Return what has changed since, None for nothing, or while a payment is overdue."""
        if after.overdue(now):
            return None
        had, has = self.before.plan(self.began), after.plan(now)
        if had != has:
            return Change.ENDED if has == Plan.FREE else Change.MOVED
        if {one.id for one in self.before.live} - {one.id for one in after.live}:
            return Change.ONE_ENDED if after.live else None
        old, new = self.before.best(self.began), after.best(now)
        return _change(old, new) if old and new else None


def _change(old: Subscription, new: Subscription) -> Change | None:
    """Return what has changed in a subscription that gives the same plan as before."""
    if (old.cancels is None) != (new.cancels is None):
        return Change.ENDS if old.cancels is None else Change.KEPT
    if old.plan != new.plan:
        return Change.MOVED
    if old.status == OVERDUE:
        # An invoice may have been voided, too: then nothing was paid.
        came = new.last_payment is not None and new.last_payment >= (old.overdue_since or 0)
        return Change.PAID if came else Change.KEPT
    if old.is_scheduled != new.is_scheduled:
        return Change.SCHEDULED if new.is_scheduled else Change.KEPT
    return Change.PERIOD if old.price and new.price and old.price != new.price else None


def begin_visit(db: Db, user_id: str) -> None:
    """Keep what is paid for now, before somebody goes to the portal."""
    run(db, "billing/begin_visit", user_keys(user_id, PLAN_KINDS), int(time.time()))


def read_visit(db: Db, user_id: str) -> Visit | None:
    """Return the user's last visit to the portal, None if that is more than an hour ago."""
    before, began = run(db, "billing/read_visit", user_keys(user_id, PLAN_KINDS))
    if began is None or time.time() - int(began) > VISIT_SECONDS:
        return None
    return Visit(BillingState.read(before), int(began))
