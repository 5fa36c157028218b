"""What is stored about a user's subscriptions, and what the clock makes of it."""

import json
from dataclasses import asdict, dataclass

import msgspec

from stats.plans.plan import Plan, highest
from stats.plans.subscription import OVERDUE, Subscription


@dataclass(frozen=True, slots=True)
class BillingState:
    """The subscriptions that gave, or may still give, a plan when Stripe was asked last."""

    subscriptions: tuple[Subscription, ...] = ()

    @classmethod
    def read(cls, stored: str | bytes | None) -> "BillingState":
        """Read what `store` wrote; nothing stored is no subscription."""
        # Fields that another release has written are left aside.
        return cls(msgspec.json.decode(stored or "[]", type=tuple[Subscription, ...]))

    def store(self) -> str:
        """Return the text under which it is stored: all but what has ended for good."""
        rows = [asdict(row) for row in self.subscriptions if not row.has_ended]
        return json.dumps(rows, separators=(",", ":"))

    @property
    def live(self) -> tuple[Subscription, ...]:
        """The subscriptions that Stripe may still charge for."""
        return tuple(subscription for subscription in self.subscriptions if subscription.is_live)

    def is_of_mode(self, *, livemode: bool) -> bool:
        """Whether something is live, and all of it is known to be of a mode (live or test)."""
        return bool(self.live) and all(one.livemode is livemode for one in self.live)

    @property
    def plans(self) -> dict[str, Plan]:
        """The subscriptions that have a plan of ours, by their ids, whether live or not.

        Not those that were bundled with what others sell: without our item they are theirs.
        """
        rows = self.subscriptions
        return {known.id: known.plan for known in rows if known.plan and not known.is_bundled}

    def paid(self) -> str:
        """Return the plans with the moments (s) at which they end, as the scripts take them."""
        given = [one for subscription in self.live for one in subscription.gives]
        return " ".join(sorted(f"{plan}:{ends or ''}" for plan, ends in given))

    def plan(self, now: float) -> Plan:
        """Return the highest plan that is paid for at `now` (s since 1970)."""
        return highest([subscription.worth(now) for subscription in self.subscriptions])

    def best(self, now: float) -> Subscription | None:
        """Return the subscription that gives the plan: of several the one that lasts longest."""
        plan = self.plan(now)
        if plan == Plan.FREE:
            return None
        giving = [subscription for subscription in self.live if subscription.worth(now) == plan]
        return max(giving, key=lambda one: one.given(now)[1] or float("inf"), default=None)

    def overdue(self, now: float) -> Subscription | None:
        """Return a subscription that was not paid: it gives the plan, or would give a higher one.

        None while another one that is paid gives as much.
        """
        best = self.best(now)
        if best is not None and best.status == OVERDUE:
            return best
        have = self.plan(now)
        lost = [
            subscription
            for subscription in self.live
            if subscription.is_lost(now) and (subscription.plan or have).rank > have.rank
        ]
        return max(lost, key=lambda one: (one.plan or have).rank, default=None)


def paid_plan(paid: str, now: float) -> Plan:
    """Return the highest plan in `paid` (see BillingState.paid) that has not ended at `now`."""
    if not paid:
        return Plan.FREE
    pairs = (part.partition(":") for part in paid.split())
    return highest(Plan(plan) for plan, _, ends in pairs if not ends or now < int(ends))


def next_end(paid: str, now: float) -> int | None:
    """Return the next moment (s) after `now` at which a plan in `paid` ends by the clock."""
    ends = [int(end) for part in paid.split() if (end := part.partition(":")[2])]
    return min((end for end in ends if end > now), default=None)
