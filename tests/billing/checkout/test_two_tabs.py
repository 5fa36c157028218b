"""Two tabs at Checkout: what was opened last is for sale, and nothing else."""

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import app_with_settings, in_shop, open_sessions, start_checkout
from tests.billing.plans.test_payer import add_price, sell_by_the_year
from tests.billing.tabs import (
    CHECKOUT,
    assert_sold_once,
    at_answer,
    bought,
    meanwhile,
    open_checkout,
    pay_and_deliver,
)
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser, sign_up


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Plus", "month"), ("Premium", "month")),
        (("Plus", "month"), ("Plus", "year")),
        (("Premium", "year"), ("Plus", "month")),
    ],
)
def test_the_older_tab_is_closed_before_any_event_comes(
    shop: Shop, first: tuple[str, str], second: tuple[str, str]
) -> None:
    sell_by_the_year(shop)
    alice = sign_up(shop.app, "Alice")
    one, two = open_checkout(shop, alice, *first), open_checkout(shop, alice, *second)
    shop.stripe.pay(two)
    assert_sold_once(shop, one)


def test_the_same_plan_in_two_tabs_is_one_session(shop: Shop, alice: Browser) -> None:
    assert open_checkout(shop, alice) == open_checkout(shop, alice)


def test_the_same_plan_pressed_at_once_is_one_session(shop: Shop, alice: Browser) -> None:
    open_checkout(shop, alice, "Premium")
    tabs = [Browser(shop.app, alice.session) for _ in range(2)]
    assert all(tab.token for tab in tabs)
    press = lambda: tabs[1].post("/billing/checkout", {"plan": "Plus"})  # noqa: E731
    meanwhile(shop, "GET", "/v1/checkout/sessions", press)
    tabs[0].post("/billing/checkout", {"plan": "Plus"})
    plus = [one["id"] for one in open_sessions(shop) if one["metadata"]["plan"] == "Plus"]
    shop.stripe.pay(plus[0])
    assert_sold_once(shop, plus[-1])


@pytest.mark.parametrize("number", range(1, 8))
def test_two_plans_pressed_at_once_leave_one_for_sale(
    shop: Shop, alice: Browser, number: int
) -> None:
    """Two presses at once for two plans; then both are paid, every event at once."""
    tabs = [Browser(shop.app, alice.session) for _ in range(2)]
    assert all(tab.token for tab in tabs)
    locations: list[str] = []

    def press(tab: Browser, plan: str) -> None:
        location = tab.post("/billing/checkout", {"plan": plan}).location or ""
        locations.append(location)

    at_answer(shop, number, lambda: press(tabs[1], "Plus"))
    press(tabs[0], "Premium")
    for location in locations:
        if location.startswith(CHECKOUT):
            pay_and_deliver(shop, location.rpartition("/")[2], bank=False)
    assert len(bought(shop)) == 1


@pytest.mark.parametrize("tries", [2, 4])
def test_all_offers_opened_in_turn_sell_one(shop: Shop, alice: Browser, tries: int) -> None:
    """All four offers, opened one after the other, and each paid with every event at once."""
    sell_by_the_year(shop)
    alice = in_shop(shop, alice)
    offers = [("Plus", "month"), ("Premium", "year"), ("Plus", "year"), ("Premium", "month")]
    sessions = [open_checkout(shop, alice, *offer) for offer in offers[:tries]]
    for session in sessions:
        pay_and_deliver(shop, session, bank=False)
    assert len(bought(shop)) == 1


def test_an_old_tab_at_another_price_is_closed(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    new = add_price(shop, Plan.PLUS, 700)
    shop.app = app_with_settings(shop, stripe_prices={Plan.PLUS: new})
    second = open_checkout(shop, in_shop(shop, alice))
    assert second != session
    shop.stripe.pay(second)
    shop.deliver_pending()
    assert_sold_once(shop, session)


def test_an_old_price_is_not_for_sale_before_any_event_comes(shop: Shop, alice: Browser) -> None:
    """£6 in the old tab, £7 in the new one."""
    session = open_checkout(shop, alice)
    new = add_price(shop, Plan.PLUS, 700)
    shop.app = app_with_settings(shop, stripe_prices={Plan.PLUS: new})
    second = open_checkout(shop, in_shop(shop, alice))
    shop.stripe.pay(second)
    assert_sold_once(shop, session)


@pytest.mark.parametrize("lost", range(1, 7))
@pytest.mark.parametrize("executed", [True, False])
def test_a_lost_answer_to_a_press_leaves_one_session(
    shop: Shop, alice: Browser, *, lost: int, executed: bool
) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.expire_session(session)
    assert alice.token
    answers = [0]

    def on_answer(request: Request) -> None:
        answers[0] += 1
        if answers[0] == lost:
            shop.server.fail_next(3, status=None, executed=executed)

    shop.server.on_answer = on_answer
    alice.post("/billing/checkout", {"plan": "Plus"})
    shop.server.on_answer = lambda request: None
    shop.server._faults.clear()
    start_checkout(alice)
    assert len(open_sessions(shop)) <= 1
    shop.stripe.pay(open_sessions(shop)[0]["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == "Plus"
    assert len(shop.stripe.all("customer")) == 1
