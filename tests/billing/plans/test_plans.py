"""What a subscription of Stripe's is worth, whatever its shape."""

from dataclasses import replace
from typing import Any

import pytest

from stats.errors import InvalidInput
from stats.plans.billing_state import BillingState, next_end, paid_plan
from stats.plans.plan import Plan, check_plan, highest
from stats.plans.subscription import Subscription, read_subscription

PRODUCTS = {"prod_plus": Plan.PLUS, "prod_premium": Plan.PREMIUM}
START, END, DAY = 1_700_000_000, 1_702_592_000, 86_400
FAILED = START + 20 * DAY
GRACE = 14 * DAY
FREE = Plan.FREE
FOR_GOOD = 4_000_000_000


def item(product: Any = "prod_plus", shape: str = "new") -> dict[str, Any]:
    """Return an item as a subscription of that shape holds it."""
    subscription_item: dict[str, Any] = {
        "id": "si_1",
        "price": {"id": "price_1", "product": product},
    }
    edges = {"current_period_start": START, "current_period_end": END}
    return subscription_item if shape == "old" else subscription_item | edges


def subscription(
    status: str = "active", shape: str = "new", *items: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Return a subscription: periods on the items (new), on top (old), or in both places."""
    subscription_object: dict[str, Any] = {
        "id": "sub_1",
        "object": "subscription",
        "status": status,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "items": {"object": "list", "data": list(items) or [item(shape=shape)]},
    }
    if shape != "new":
        subscription_object |= {"current_period_start": START, "current_period_end": END}
    return subscription_object | more


def read(stored: dict[str, Any], grace: int = GRACE) -> Subscription:
    """Read a subscription as billing does."""
    return read_subscription(stored, PRODUCTS, grace, FAILED)


@pytest.mark.parametrize("shape", ["new", "old", "both"])
@pytest.mark.parametrize(
    ("status", "live", "ends"),
    [
        ("active", True, None),
        ("trialing", True, None),
        ("past_due", True, FAILED + GRACE),
        ("unpaid", False, None),
        ("incomplete", False, None),
        ("incomplete_expired", False, None),
        ("canceled", False, None),
        ("paused", False, None),
        ("a status of next year", False, None),
    ],
)
def test_it_knows_what_each_status_is_worth(
    status: str, live: bool, ends: int | None, shape: str
) -> None:
    row = read(subscription(status, shape))
    assert (row.is_live, row.ends, row.renews) == (live, ends, END)
    assert row.worth(START) == (Plan.PLUS if live else FREE)
    assert row.worth(FAILED + GRACE - 1) == (Plan.PLUS if live else FREE)
    assert row.worth(FAILED + GRACE) == (Plan.PLUS if live and ends is None else FREE)


@pytest.mark.parametrize("shape", ["new", "old", "both"])
@pytest.mark.parametrize(
    ("more", "ends"),
    [
        ({"cancel_at_period_end": True}, END),
        ({"cancel_at_period_end": True, "cancel_at": END}, END),
        ({"cancel_at": END - DAY}, END - DAY),
        ({"cancel_at": END + 90 * DAY}, END + 90 * DAY),
        ({"cancel_at_period_end": True, "cancel_at": END - DAY}, END - DAY),
        ({}, None),
    ],
)
def test_it_knows_when_it_ends(more: dict[str, Any], ends: int | None, shape: str) -> None:
    row = read(subscription("active", shape, **more))
    assert row.ends == ends
    if ends is not None:
        assert row.worth(ends - 1) == Plan.PLUS
        assert row.worth(ends) == FREE


@pytest.mark.parametrize(
    ("more", "grace", "ends"),
    [
        ({}, 0, FAILED),
        ({}, 3 * DAY, FAILED + 3 * DAY),
        ({"cancel_at": FAILED + DAY}, GRACE, FAILED + DAY),
        ({"cancel_at": END}, GRACE, END),
        ({"cancel_at": END + 30 * DAY}, GRACE, FAILED + GRACE),
        ({"cancel_at_period_end": True}, 365 * DAY, END),
    ],
)
def test_it_is_patient_until_the_earlier_of_grace_and_end(
    more: dict[str, Any], grace: int, ends: int
) -> None:
    assert read(subscription("past_due", **more), grace).ends == ends


@pytest.mark.parametrize(
    ("products", "plan"),
    [
        (["prod_plus"], Plan.PLUS),
        (["prod_plus", "prod_premium"], Plan.PREMIUM),
        (["prod_premium", "prod_plus"], Plan.PREMIUM),
        (["prod_book", "prod_plus"], Plan.PLUS),
        (["prod_book"], None),
        ([{"id": "prod_premium", "object": "product"}], Plan.PREMIUM),
        ([{"id": "prod_book", "object": "product"}, "prod_plus"], Plan.PLUS),
        ([{}], None),
        ([None], None),
    ],
)
def test_it_lets_any_item_carry_the_plan(products: list[Any], plan: Plan | None) -> None:
    assert read(subscription("active", "new", *map(item, products))).plan == plan


@pytest.mark.parametrize(
    ("missing", "plan"),
    [
        ({"items": {"data": [{"id": "si_1", "plan": {"product": "prod_plus"}}]}}, Plan.PLUS),
        ({"items": {"data": [{"price": None, "plan": {"product": "prod_plus"}}]}}, Plan.PLUS),
        ({"items": {"data": [{}]}}, None),
        ({"items": {"data": []}}, None),
        ({"items": {"data": None}}, None),
        ({"items": None}, None),
        ({}, None),
    ],
)
def test_it_reads_what_lacks_fields(missing: dict[str, Any], plan: Plan | None) -> None:
    """No period anywhere: then nothing ends by the clock, and a payer keeps the plan."""
    for status in ("active", "past_due"):
        ending = {"cancel_at_period_end": True}
        stored = {"id": "sub_1", "status": status, **ending, **missing}
        row = read_subscription(stored, PRODUCTS, GRACE)
        assert (row.plan, row.renews, row.ends) == (plan, None, None)
        assert row.worth(FOR_GOOD) == (plan or FREE)
    assert not read({"id": "sub_1", **missing}).is_live


def test_it_takes_the_last_end_of_several_items() -> None:
    short = item("prod_book") | {"current_period_end": END - DAY}
    assert read(subscription("active", "new", short, item())).renews == END
    null = item("prod_book") | {"current_period_end": None}
    assert read(subscription("active", "new", null, item())).renews == END


def made(plan: Plan | None, ends: int | None = None, status: str = "active") -> Subscription:
    return Subscription(f"sub_{plan}_{ends}", status, plan, END, ends)


def test_it_takes_the_highest_plan_that_is_paid_for_at_the_moment() -> None:
    plus, premium = made(Plan.PLUS), made(Plan.PREMIUM, END)
    dead = made(Plan.PREMIUM, status="canceled")
    state = BillingState((dead, plus, premium, made(None)))
    for moment, plan in ((END - 1, Plan.PREMIUM), (END, Plan.PLUS)):
        assert state.plan(moment) == plan
        assert paid_plan(state.paid(), moment) == plan
    assert (state.best(END - 1), state.best(END)) == (premium, plus)
    assert next_end(state.paid(), END - 1) == END
    assert next_end(state.paid(), END) is None
    assert BillingState().plan(END) == FREE
    assert BillingState().best(END) is None


def test_it_tells_of_the_subscription_that_lasts_longest() -> None:
    soon, late, forever = made(Plan.PLUS, END), made(Plan.PLUS, END + 9), made(Plan.PLUS)
    assert BillingState((soon, late)).best(START) == late
    assert BillingState((forever, soon)).best(START) == forever
    overdue = made(Plan.PLUS, END, "past_due")
    assert BillingState((overdue,)).overdue(START) == overdue
    assert BillingState((overdue,)).overdue(END) is None
    # Another one that is paid gives the same plan for longer: nothing to worry about.
    assert BillingState((overdue, forever)).overdue(START) is None


def test_it_tells_of_the_subscription_that_was_lost_because_nobody_paid() -> None:
    lost = replace(made(Plan.PREMIUM, None, "past_due"), patience=END, overdue_since=START)
    assert BillingState((lost,)).overdue(END) == lost
    assert BillingState((made(Plan.PLUS), lost)).overdue(END) == lost
    assert BillingState((made(Plan.PREMIUM), lost)).overdue(END) is None
    # Nothing can be put right any more once it has ended.
    assert BillingState((replace(lost, cancels=END),)).overdue(END) is None


def test_it_reads_back_what_it_stored() -> None:
    kept = (made(Plan.PLUS, END), made(None), made(Plan.PREMIUM, status="past_due"))
    state = BillingState((*kept, made(Plan.PREMIUM, status="canceled")))
    assert BillingState.read(state.store()) == BillingState(kept)
    assert BillingState.read(state.store().encode()) == BillingState(kept)
    assert BillingState.read(None) == BillingState()
    from_a_later_release = state.store().replace('"id":', '"something_new":1,"id":')
    assert BillingState.read(from_a_later_release) == BillingState(kept)


def test_it_ranks_the_plans() -> None:
    assert [plan.daily_conversations for plan in Plan] == [5, 50, None]
    assert highest([Plan.PLUS, Plan.FREE]) == Plan.PLUS
    assert highest(Plan) == Plan.PREMIUM
    assert highest([]) == FREE


@pytest.mark.parametrize("value", ["free", "FREE", " Plus", "Gold", "", None, 1, True, [], {}])
def test_it_refuses_what_is_no_plan(value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_plan(value)
    assert refused.value.field == "plan"
