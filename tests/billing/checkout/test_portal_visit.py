"""Back from the portal: the page shows the new state by itself, and confirms what was changed."""

import re
from collections.abc import Callable

import pytest

from stats.billing.portal_visit import VISIT_SECONDS
from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import SERVICE_HEADERS, format_day, stripe_requests, visible_text
from tests.web.helpers import HTMX_HEADERS, Browser

BACK = "/plans?from=portal"


def visit_portal(shop: Shop, browser: Browser) -> str:
    """Go to the portal; return where Stripe will send the browser back to."""
    assert browser.post("/billing/portal").status_code == 303
    address: str = shop.stripe.all("billing_portal.session")[0]["return_url"]
    return address.removeprefix("http://localhost")


def come_back(browser: Browser, address: str = BACK) -> str:
    """Come back from the portal; return the line of confirmation, "" for none."""
    answer = browser.get(address)
    assert (answer.status_code, answer.location) == (302, "/plans?after=portal")
    return confirmation(browser.get(answer.location).text)


def confirmation(page: str) -> str:
    """Return the line of confirmation on a page, "" for none."""
    found = re.search(r'<p class="alert alert-success">(.*?)</p>', page, re.DOTALL)
    return visible_text(found[1]) if found else ""


def up(shop: Shop, name: str) -> None:
    shop.stripe.change_plan(name, shop.prices[Plan.PREMIUM])


def end(shop: Shop, name: str) -> None:
    shop.stripe.cancel(name, at_period_end=True)


def yearly(shop: Shop, name: str) -> None:
    product = shop.stripe.get("price", shop.prices[Plan.PLUS])["product"]
    price = shop.stripe.add_price(product, 5400, currency="gbp", interval="year")["id"]
    shop.stripe.change_plan(name, price)


def fail(shop: Shop, name: str) -> None:
    shop.stripe.fail_payment(name)


def nothing(shop: Shop, name: str) -> None:
    """Look at the portal and leave."""


Act = Callable[[Shop, str], object]


@pytest.mark.parametrize(
    ("before", "act", "said"),
    [
        (nothing, up, "You have Premium now. It costs £12 a month; the next payment is on {day}."),
        (
            up,
            lambda shop, name: shop.stripe.change_plan(name, shop.prices[Plan.PLUS]),
            "You have Plus now. It costs £6 a month; the next payment is on {day}.",
        ),
        (
            nothing,
            end,
            "Plus ends on {day}. After that you are on Free. Until then nothing changes.",
        ),
        (
            end,
            lambda shop, name: shop.stripe.keep(name),
            "Plus goes on. It costs £6 a month; the next payment is on {day}.",
        ),
        (
            nothing,
            lambda shop, name: shop.stripe.cancel(name),
            "Your subscription has ended. You are on Free now.",
        ),
        (
            fail,
            lambda shop, name: shop.stripe.recover_payment(name),
            "The payment went through. Plus goes on. "
            "It costs £6 a month; the next payment is on {day}.",
        ),
        (
            nothing,
            yearly,
            "You pay another price for Plus now. "
            "It costs £54 a year; the next payment is on {day}.",
        ),
        (
            nothing,
            lambda shop, name: shop.stripe.schedule_change(name),
            "Your change is noted at Stripe. Until then Plus stays.",
        ),
        (nothing, nothing, ""),
        (nothing, fail, ""),
    ],
)
@pytest.mark.parametrize("event", ["before", "after"])
def test_it_confirms_what_was_changed(
    shop: Shop, alice: Browser, before: Act, act: Act, said: str, event: str
) -> None:
    """Whether the event comes before the person or after them."""
    subscription = shop.subscribe(alice.user_id)
    before(shop, subscription["id"])
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    act(shop, subscription["id"])
    if event == "before":
        shop.deliver_pending()
    day = format_day(subscription["items"]["data"][0]["current_period_end"])
    assert come_back(alice, address) == said.format(day=day)
    shop.deliver_pending()
    # Said once more when the page is loaded anew, and no more on another visit to it.
    assert confirmation(alice.get("/plans?after=portal").text) == said.format(day=day)
    assert confirmation(alice.get("/plans").text) == ""


def test_it_shows_the_new_state_although_no_event_has_come(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    up(shop, subscription["id"])
    come_back(alice, address)
    assert shop.plan(alice.user_id) == "Premium"


def test_it_promises_no_price_for_a_renewal_before_which_something_changes(
    shop: Shop, alice: Browser
) -> None:
    shop.stripe.schedule_change(shop.subscribe(alice.user_id)["id"])
    shop.deliver_pending()
    text = visible_text(alice.get("/plans").text)
    assert "You have planned a change at Stripe. Until then Plus stays." in text
    assert "Renews" not in text


def test_it_looks_again_where_stripe_did_not_answer(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    address = visit_portal(shop, alice)
    up(shop, subscription["id"])
    shop.server.down = True
    assert come_back(alice, address) == ""
    page = alice.get("/plans?after=portal").text
    looks = re.findall(r'hx-get="(/plans\?after=portal&amp;look=1)" hx-trigger="load delay', page)
    assert len(looks) == 3
    assert alice.get("/plans?after=portal&look=1", headers=HTMX_HEADERS).status_code == 204
    shop.server.down = False
    shop.deliver_pending()
    later = alice.get("/plans?after=portal&look=1", headers=HTMX_HEADERS)
    assert confirmation(later.text).startswith("You have Premium now.")
    assert "look=1" not in later.text


def test_it_asks_stripe_only_after_a_visit(
    shop: Shop, alice: Browser, bob: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    sent = len(stripe_requests(shop, path="/v1/subscriptions"))
    for browser in (alice, bob):
        assert come_back(browser) == ""
    address = visit_portal(shop, alice)
    began = int(shop.db.hget(alice.key("billing"), "left_at"))
    shop.db.hset(alice.key("billing"), "left_at", began - VISIT_SECONDS - 1)
    assert come_back(alice, address) == ""
    assert len(stripe_requests(shop, path="/v1/subscriptions")) == sent
    assert Browser(shop.app).get(BACK).status_code == 200


def test_it_tells_of_the_own_subscription_beside_a_grant(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    shop.app.test_client().patch(
        f"/api/plan?userId={alice.user_id}", json={"plan": "Premium"}, headers=SERVICE_HEADERS
    )
    address = visit_portal(shop, alice)
    end(shop, subscription["id"])
    day = format_day(subscription["items"]["data"][0]["current_period_end"])
    said = f"Plus ends on {day}. After that you are on Premium. Until then nothing changes."
    assert come_back(alice, address) == said
