"""Stats that are deleted and made anew, of somebody who pays."""

from stats.user_stats import create_user_stats, handle_user_logout
from tests.billing.conftest import Shop
from tests.billing.helpers import run_billing_command
from tests.web.helpers import Browser


def test_a_payer_keeps_the_plan_when_stats_are_made_anew(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)["id"]
    shop.deliver_pending()
    handle_user_logout(shop.db, alice.user_id, delete_stats=True)
    create_user_stats(shop.db, alice.user_id)
    shop.stripe.update("subscription", subscription, metadata={"any": "event"})
    shop.deliver_pending()
    run_billing_command(shop.app, "reconcile", "--fix")
    assert shop.plan(alice.user_id) == "Plus"
