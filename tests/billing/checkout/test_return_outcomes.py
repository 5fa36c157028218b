"""What the return page says of a payment that brings no plan, or another one than was bought."""

from stats.plans.plan import Plan
from tests.billing.checkout.test_return import FOREIGN, NOT_PAID, PENDING, next_poll
from tests.billing.conftest import Shop
from tests.billing.helpers import DAY, grant_plan, open_sessions, start_checkout, visible_text
from tests.web.helpers import Browser

BY_ITSELF = "will appear by itself"


def open_checkout(shop: Shop, browser: Browser, plan: str = "Plus") -> str:
    """Press a plan's button; return the id of the session that it leads to."""
    start_checkout(browser, plan)
    session_id: str = open_sessions(shop)[0]["id"]
    return session_id


def come_back(browser: Browser, session: str, plan: str = "Plus", more: str = "") -> str:
    """Return the words of the page to which Stripe sends somebody back; it does not wait."""
    page = browser.get(
        f"/billing/return?plan={plan}&session_id={session}{more}", follow_redirects=True
    )
    assert page.status_code == 200
    assert next_poll(page) is None
    return visible_text(page.text)


def test_a_payment_that_the_bank_has_refused_is_not_waited_for(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.stripe.settle(session, succeeded=False)
    shop.stripe.advance(DAY)
    shop.deliver_pending()
    assert "The payment did not go through You are on Free now." in come_back(alice, session)
    assert BY_ITSELF not in come_back(alice, session, more="&try=30")


def test_a_plan_that_has_ended_since_is_not_waited_for(shop: Shop, alice: Browser) -> None:
    """The tab is restored by the browser months later."""
    session = open_checkout(shop, alice)
    subscription = shop.stripe.pay(session)["subscription"]
    shop.deliver_pending()
    shop.stripe.cancel(subscription)
    shop.deliver_pending()
    assert "This subscription has ended You are on Free now." in come_back(alice, session)


def test_a_session_that_nobody_paid_is_not_waited_for(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.expire_session(session)
    assert NOT_PAID in come_back(alice, session)


def test_a_banks_payment_is_told_to_take_days(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    shop.stripe.pay(session, asynchronous=True)
    shop.deliver_pending()
    assert f"{PENDING} Some banks take a few days." in come_back(alice, session)
    shop.stripe.settle(session)
    assert "You have Plus now." in come_back(alice, session)


def test_a_plan_that_was_changed_down_since_is_named(shop: Shop, alice: Browser) -> None:
    """Premium was bought, then changed to Plus; the old tab is loaded again."""
    session = open_checkout(shop, alice, "Premium")
    subscription = shop.stripe.pay(session)["subscription"]
    shop.deliver_pending()
    shop.stripe.change_plan(subscription, shop.prices[Plan.PLUS])
    shop.deliver_pending()
    assert "You have Plus now." in come_back(alice, session, "Premium")


def test_another_accounts_payment_is_not_waited_for(
    shop: Shop, alice: Browser, bob: Browser
) -> None:
    """A shared computer: Bob is logged in when Alice's payment returns."""
    session = open_checkout(shop, alice)
    shop.stripe.pay(session)
    shop.deliver_pending()
    assert FOREIGN in come_back(bob, session)


def test_what_was_bought_is_confirmed_beside_a_higher_gift(shop: Shop, alice: Browser) -> None:
    session = open_checkout(shop, alice)
    grant_plan(shop, alice, "Premium")
    shop.stripe.pay(session)
    shop.deliver_pending()
    said = come_back(alice, session)
    assert "You pay for Plus now. Premium stays: it was given to you by Aira." in said
