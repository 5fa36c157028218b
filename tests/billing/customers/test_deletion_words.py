"""What a payer is told of a deletion: before it, and when Stripe answers half of it."""

import pytest

from stats.billing.client_reference import reference
from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import buy_plan, visible_text
from tests.stripe_sim.server import Request
from tests.web.helpers import Browser

CONFIRM = {"confirm": "alice@example.com"}
ENDS_AT_ONCE = "Your subscription ends at once, even if it is paid for longer."
NOT_CONFIRMED = "Stripe has not confirmed the end of all that you pay for."


def live(shop: Shop) -> int:
    """Return how many subscriptions are charged for."""
    return len(shop.stripe.all("subscription", status="active"))


def test_the_settings_tell_a_payer_alone_that_the_plan_ends_at_once(
    shop: Shop, alice: Browser
) -> None:
    assert ENDS_AT_ONCE not in visible_text(alice.get("/settings").text)
    buy_plan(shop, alice)
    assert ENDS_AT_ONCE in visible_text(alice.get("/settings").text)


def test_an_end_that_stripe_did_not_confirm_is_not_said_to_have_failed(
    shop: Shop, alice: Browser
) -> None:
    """It has ended at Stripe, and the answers are lost."""
    buy_plan(shop, alice)
    assert alice.token

    def lose_the_next_answers(request: Request) -> None:
        if request.method == "GET" and request.path == "/v1/subscriptions":
            shop.server.on_answer = lambda request: None
            shop.server.fail_next(3, status=None, executed=True)

    shop.server.on_answer = lose_the_next_answers
    answer = alice.post("/settings/delete", CONFIRM)
    assert (answer.status_code, live(shop)) == (503, 0)
    assert NOT_CONFIRMED in visible_text(answer.text)


@pytest.mark.parametrize("plans", [(Plan.PLUS, Plan.PREMIUM), (Plan.PREMIUM, Plan.PLUS)])
def test_a_deletion_that_stops_half_way_says_that_some_may_have_ended(
    shop: Shop, alice: Browser, plans: tuple[Plan, ...]
) -> None:
    """Two customers; Stripe goes away behind the end of the first one's subscription."""
    for plan in plans:
        token = reference(alice.user_id, shop.settings.secret_keys)
        shop.stripe.pay(shop.stripe.open_payment_link(shop.prices[plan], token)["id"])
    shop.deliver_pending()
    assert (live(shop), bool(alice.token)) == (2, True)

    def go_away(request: Request) -> None:
        shop.server.down = request.method == "DELETE"

    shop.server.on_answer = go_away
    answer = alice.post("/settings/delete", CONFIRM)
    shop.server.down = False
    assert (answer.status_code, live(shop)) == (503, 1)
    said = visible_text(answer.text)
    assert f"{NOT_CONFIRMED} Some of it may have ended already." in said
