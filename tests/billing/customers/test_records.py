"""What is kept and passed on: orphans, a new address, a session that was left open."""

import re

import pytest

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.events.test_reconcile import findings
from tests.billing.helpers import app_with_settings, run_billing_command, start_checkout
from tests.support.mailbox import Mailbox, link_path
from tests.web import mail_fixtures
from tests.web.helpers import PASSWORD, Browser, sign_up

mailbox = mail_fixtures.mailbox

LIMIT = 500


def test_it_shows_what_fits_no_user(shop: Shop) -> None:
    assert run_billing_command(shop.app, "orphans").output == "0 found\n"
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(customer, [shop.prices[Plan.PLUS]])
    event = shop.next_subscription_event()
    shop.send(event)
    result = run_billing_command(shop.app, "orphans")
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"
    fields = f"{event['id']}  customer.subscription.created  {customer}  no user"
    assert re.fullmatch(f"{moment}  {re.escape(fields)}\n1 found\n", result.output)
    assert result.exit_code == 0


def test_it_shows_who_pays_for_a_user_that_never_was(shop: Shop) -> None:
    shop.subscribe("nobody")
    shop.send(shop.next_subscription_event())
    assert [row["why"] for row in shop.orphans().values()] == ["no such user"]


def test_it_keeps_the_latest_alone(shop: Shop) -> None:
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(customer, [shop.prices[Plan.PLUS]])
    event = shop.next_subscription_event()
    rows = {f"evt_old_{number}": f'{{"at":{number}}}' for number in range(LIMIT)}
    shop.db.hset("billing:orphans", mapping=rows)
    for _ in range(2):
        assert shop.send(event) == 200
    kept = shop.orphans()
    assert len(kept) == LIMIT
    assert event["id"] in kept
    assert "evt_old_0" not in kept
    assert "evt_old_1" in kept


def test_it_tells_stripe_a_new_address(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    profile = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
    change = {"email": "new@example.com", "current_password": PASSWORD}
    assert alice.post("/settings", profile | change).status_code in (200, 303)
    [customer] = shop.stripe.all("customer")
    assert customer["email"] == "new@example.com"


def test_it_tells_stripe_an_address_once_it_is_confirmed(shop: Shop, mailbox: Mailbox) -> None:
    shop.app = app_with_settings(shop, ratelimit_enabled=False, **mailbox.settings)
    alice = sign_up(shop.app, "Alice")
    start_checkout(alice)
    profile = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
    change = {"email": "new@example.com", "current_password": PASSWORD}
    assert alice.post("/settings", profile | change).status_code in (200, 303)
    link = link_path(mailbox.last_to("new@example.com", 2))
    assert shop.stripe.all("customer")[0]["email"] == "alice@example.com"
    assert alice.post(link).status_code == 303
    assert shop.stripe.all("customer")[0]["email"] == "new@example.com"
    shop.app.extensions["aira.post"].close()


def test_it_changes_an_address_while_stripe_is_away(
    shop: Shop, alice: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    start_checkout(alice)
    assert alice.token
    shop.server.down = True
    profile = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
    change = {"email": "new@example.com", "current_password": PASSWORD}
    assert alice.post("/settings", profile | change).status_code in (200, 303)
    assert shop.db.hget(alice.key("account"), "email") == "new@example.com"
    told = f"Stripe was not told the new address of user {alice.user_id}"
    assert any(told in record.getMessage() for record in caplog.records)


def test_a_deleted_user_can_pay_in_no_session_that_was_left_open(
    shop: Shop, alice: Browser
) -> None:
    start_checkout(alice, "Plus")
    start_checkout(alice, "Premium")
    [customer] = shop.stripe.all("customer")
    club = shop.stripe.add_product("A book club", currency="gbp")["default_price"]
    theirs = shop.stripe.open_session([club], customer=customer["id"])["id"]
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    statuses = {one["id"]: one["status"] for one in shop.stripe.all("checkout.session")}
    assert statuses.pop(theirs) == "open"
    assert list(statuses.values()) == ["expired", "expired"]


def test_what_is_paid_while_the_account_goes_is_ended(shop: Shop, alice: Browser) -> None:
    start_checkout(alice)
    [session] = shop.stripe.all("checkout.session")
    assert alice.token

    def pay(request: object) -> None:
        # The list of open sessions is worked out; then it is paid in one of them.
        shop.server.on_answer = lambda request: None
        shop.stripe.pay(session["id"])

    shop.server.on_answer = pay
    assert alice.post("/settings/delete", {"confirm": "alice@example.com"}).status_code == 303
    assert [one["status"] for one in shop.stripe.all("subscription")] == ["canceled"]


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_reconcile_tells_who_bought_again(shop: Shop, alice: Browser, status: str) -> None:
    lapsed = shop.subscribe(alice.user_id)["id"]
    shop.stripe.update("subscription", lapsed, status=status)
    shop.deliver_pending()
    assert run_billing_command(shop.app, "reconcile").output == "0 found, 0 mended\n"
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    result = run_billing_command(shop.app, "reconcile")
    assert findings(result.output) == [("bought again beside a lapsed one", alice.user_id)]
    assert f"({lapsed})" in result.output
    assert result.exit_code == 1
