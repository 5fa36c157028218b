"""The plans, what each gives, and what a Stripe subscription is worth."""

from collections.abc import Iterable
from enum import StrEnum

from stats.errors import InvalidInput


class Plan(StrEnum):
    """What a user has, lowest first: a later member is the higher plan."""

    FREE = "Free"
    PLUS = "Plus"
    PREMIUM = "Premium"

    @property
    def rank(self) -> int:
        """The plan's place, 0 for the lowest."""
        return RANKS[self]

    @property
    def daily_conversations(self) -> int | None:
        """How many conversations a day the plan gives, None for no limit."""
        return DAILY_CONVERSATIONS[self]


PAID_PLANS = (Plan.PLUS, Plan.PREMIUM)
RANKS = {plan: rank for rank, plan in enumerate(Plan)}
DAILY_CONVERSATIONS: dict[Plan, int | None] = {Plan.FREE: 5, Plan.PLUS: 50, Plan.PREMIUM: None}


def check_plan(value: object) -> Plan:
    """Return the plan of that exact name; raises InvalidInput for anything else."""
    try:
        return Plan(value)  # type: ignore[arg-type]
    except ValueError:
        raise InvalidInput("plan must be Free, Plus or Premium", "plan") from None


def highest(plans: Iterable[Plan]) -> Plan:
    """Return the highest of some plans, Free for none."""
    return max(plans, key=lambda plan: plan.rank, default=Plan.FREE)
