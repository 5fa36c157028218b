"""The plans."""

from enum import StrEnum

from stats.errors import InvalidInput


class Plan(StrEnum):
    """What a user has, lowest first: a later member is the higher plan."""

    FREE = "Free"
    PLUS = "Plus"
    PREMIUM = "Premium"


def check_plan(value: object) -> Plan:
    """Return the plan of that exact name; raises InvalidInput for anything else."""
    try:
        return Plan(value)  # type: ignore[arg-type]
    except ValueError:
        raise InvalidInput("plan must be Free, Plus or Premium", "plan") from None
