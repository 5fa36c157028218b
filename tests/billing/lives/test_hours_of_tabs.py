"""Random hours of one person with several tabs: nothing is ever sold twice."""

import random
from contextlib import suppress

import pytest

from tests.billing.conftest import Shop
from tests.billing.plans.test_payer import sell_by_the_year
from tests.billing.tabs import CHECKOUT, bought
from tests.stripe_sim import ApiError
from tests.web.helpers import Browser, sign_up


def spend_an_hour(shop: Shop, browser: Browser, chance: random.Random, *, late: bool) -> None:
    """Press, pay, come back, change, end and resume in any order; no step may sell a second one.

    Without `late` every event arrives before the next step.
    """
    opened: list[str] = []
    for _ in range(chance.randint(5, 14)):
        step = chance.choice(("press", "press", "pay", "back", "portal", "change", "end", "keep"))
        own = bought(shop)
        if step == "press":
            plan, by = chance.choice(("Plus", "Premium")), chance.choice(("month", "year"))
            form = {"plan": plan, "by": by}
            location = browser.post("/billing/checkout", form).location or ""
            if location.startswith(CHECKOUT):
                opened.append(location.rpartition("/")[2])
        elif step == "pay" and opened:
            with suppress(ApiError):
                shop.stripe.pay(chance.choice(opened), asynchronous=chance.random() < 0.2)
        elif step == "back" and opened:
            browser.get(f"/billing/return?plan=Plus&session_id={chance.choice(opened)}")
        elif step == "portal":
            browser.post("/billing/portal")
            browser.get("/plans?from=portal")
        elif own and own[0]["status"] == "active":
            name = own[0]["id"]
            if step == "change":
                shop.stripe.change_plan(name, chance.choice(list(shop.prices.values())))
            elif step == "end":
                shop.stripe.cancel(name, at_period_end=chance.random() < 0.5)
            elif step == "keep":
                shop.stripe.keep(name)
        if not late or chance.random() < 0.3:
            shop.deliver_pending()
        assert len(bought(shop)) <= 1, step
    shop.deliver_pending()
    [own_plan] = [one["items"]["data"][0]["price"]["product"] for one in bought(shop)] or [""]
    if bought(shop) and bought(shop)[0]["status"] == "active":
        assert shop.plan(browser.user_id) == shop.products[own_plan]
    else:
        assert shop.plan(browser.user_id) == "Free"


@pytest.mark.parametrize("seed", range(25))
def test_an_hour_with_every_event_at_once(shop: Shop, seed: int) -> None:
    sell_by_the_year(shop)
    spend_an_hour(shop, sign_up(shop.app, "Alice"), random.Random(seed), late=False)


@pytest.mark.parametrize("seed", range(15))
def test_an_hour_with_late_events(shop: Shop, seed: int) -> None:
    sell_by_the_year(shop)
    spend_an_hour(shop, sign_up(shop.app, "Alice"), random.Random(seed), late=True)
