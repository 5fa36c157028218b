"""`flask billing reconcile`: what Redis and Stripe say of each other, told and mended."""

import json
import re
from collections.abc import Callable

import pytest

from stats.accounts.deletion import handle_account_deletion
from stats.plans.plan import Plan
from stats.store.client import connect
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    BASE_SETTINGS,
    app_with_settings,
    create_test_app,
    run_billing_command,
    stripe_requests,
    user_of_customer,
)
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.web.helpers import dump_all


def paying(shop: Shop, name: str = "alice", plan: Plan = Plan.PLUS) -> tuple[str, str]:
    """Sign somebody up who pays, all events delivered; return user id and subscription id."""
    user_id = shop.user(name)
    subscription = shop.subscribe(user_id, plan)["id"]
    shop.deliver_pending()
    return user_id, subscription


def findings(output: str) -> list[tuple[str, str]]:
    """Return what was found, and about whom."""
    return re.findall(r"^([a-z ,]+): (\S+) \(", output, re.MULTILINE | re.IGNORECASE)


def upgraded(shop: Shop) -> list[tuple[str, str]]:
    user_id, subscription = paying(shop)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PREMIUM])
    return [("money without plan", user_id)]


def not_bound(shop: Shop) -> list[tuple[str, str]]:
    user_id = shop.user()
    shop.subscribe(user_id)
    return [("money without plan", user_id)]


def ended(shop: Shop) -> list[tuple[str, str]]:
    user_id, subscription = paying(shop)
    shop.stripe.cancel(subscription)
    return [("plan without money", user_id)]


def twice(shop: Shop) -> list[tuple[str, str]]:
    user_id, _ = paying(shop)
    shop.subscribe(user_id)
    shop.deliver_pending()
    return [("several live subscriptions", user_id)]


def unmapped(shop: Shop) -> list[tuple[str, str]]:
    user_id, subscription = paying(shop)
    other = shop.stripe.add_product("Something else")["default_price"]
    shop.stripe.change_plan(subscription, other)
    shop.deliver_pending()
    return [("unknown product", user_id)]


def deleted(shop: Shop) -> list[tuple[str, str]]:
    user_id, _ = paying(shop)
    handle_account_deletion(shop.db, user_id)
    return [("billed, but no such user", user_id)]


def nobodys(shop: Shop) -> list[tuple[str, str]]:
    customer = shop.stripe.create_customer()["id"]
    shop.stripe.create_subscription(customer, [shop.prices[Plan.PLUS]])
    return [("billed, but no such user", "unknown")]


Drift = Callable[[Shop], list[tuple[str, str]]]
MENDABLE = [upgraded, not_bound, ended]
OTHERS = [twice, unmapped, deleted, nobodys]


@pytest.mark.parametrize("drift", [*MENDABLE, *OTHERS])
def test_it_tells_of_each_kind_of_drift_and_changes_nothing(shop: Shop, drift: Drift) -> None:
    expected = drift(shop)
    before, sent = dump_all(shop.db), len(shop.server.requests)
    result = run_billing_command(shop.app, "reconcile")
    assert (findings(result.output), result.exit_code) == (expected, 1)
    assert result.output.endswith("\n1 found, 0 mended\n")
    assert dump_all(shop.db) == before
    assert {request.method for request in shop.server.requests[sent:]} == {"GET"}


@pytest.mark.parametrize("drift", MENDABLE)
def test_it_mends_what_can_be_mended(shop: Shop, drift: Drift) -> None:
    [(_, user_id)] = drift(shop)
    result = run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    assert result.exit_code == 0
    assert result.output.endswith("\n1 found, 1 mended\n")
    due = {"upgraded": "Premium", "not_bound": "Plus", "ended": "Free"}
    assert shop.plan(user_id) == due[drift.__name__]
    again = run_billing_command(shop.app, "reconcile")
    assert (again.output, again.exit_code) == ("0 found, 0 mended\n", 0)
    customer = shop.stripe.all("customer")[0]["id"]
    assert user_of_customer(shop.db, customer) == user_id


def test_it_writes_a_line_for_each_user_it_mends(shop: Shop) -> None:
    paying(shop, "bob")
    [(what, user_id)] = ended(shop)
    assert run_billing_command(shop.app, "reconcile").stderr == ""
    result = run_billing_command(shop.app, "reconcile", "--fix", "--yes")
    [line] = [json.loads(line) for line in result.stderr.splitlines()]
    assert (line["logger"], line["event"]) == ("aira.security", "plan.reconciled")
    assert (line["user"], line["finding"], line["by"]) == (user_id, what, "operator")
    assert run_billing_command(shop.app, "reconcile", "--fix", "--yes").stderr == ""


@pytest.mark.parametrize("drift", OTHERS)
def test_it_leaves_the_rest_to_the_operator(shop: Shop, drift: Drift) -> None:
    expected = drift(shop)
    before = dump_all(shop.db)
    for _ in range(2):
        result = run_billing_command(shop.app, "reconcile", "--fix", "--yes")
        assert (findings(result.output), result.exit_code) == (expected, 1)
        assert result.output.endswith("\n1 found, 0 mended\n")
    assert dump_all(shop.db) == before


def test_it_finds_nothing_where_all_is_well(shop: Shop) -> None:
    paying(shop)
    shop.user("bob")
    _, old = paying(shop, "carol")
    shop.stripe.cancel(old)
    shop.deliver_pending()
    # The customer's other products are none of our business.
    other = shop.stripe.add_product("A book club")["default_price"]
    shop.stripe.create_subscription(shop.stripe.create_customer()["id"], [other])
    result = run_billing_command(shop.app, "reconcile", "--fix")
    assert (result.output, result.exit_code) == ("0 found, 0 mended\n", 0)


def test_it_looks_at_one_user_alone(shop: Shop) -> None:
    bob, subscription = paying(shop, "bob")
    [(_, alice)] = upgraded(shop)
    shop.stripe.change_plan(subscription, shop.prices[Plan.PREMIUM])
    result = run_billing_command(shop.app, "reconcile", "--user", alice, "--fix")
    assert (findings(result.output), result.exit_code) == ([("money without plan", alice)], 0)
    assert (shop.plan(alice), shop.plan(bob)) == ("Premium", "Plus")
    nobody = run_billing_command(shop.app, "reconcile", "--user", "nobody")
    assert (nobody.output, nobody.exit_code) == ("0 found, 0 mended\n", 0)
    bad = run_billing_command(shop.app, "reconcile", "--user", "no{body}")
    assert bad.exit_code != 0
    assert bad.output.startswith("Error: ")


def test_it_finds_an_unbound_customer_of_one_user(shop: Shop) -> None:
    [(_, alice)] = not_bound(shop)
    bob = shop.user("bob")
    shop.subscribe(bob)
    result = run_billing_command(shop.app, "reconcile", "--user", bob, "--fix")
    assert (findings(result.output), result.exit_code) == ([("money without plan", bob)], 0)
    assert (shop.plan(alice), shop.plan(bob)) == ("Free", "Plus")


def test_it_asks_stripe_once_about_each_user(shop: Shop) -> None:
    for name in ("alice", "bob", "carol"):
        paying(shop, name)
    sent = len(shop.server.requests)
    run_billing_command(shop.app, "reconcile")
    customers = [request.params.get("customer") for request in shop.server.requests[sent:]]
    # Once each, and once about all of them.
    assert sorted(customers, key=str) == sorted(
        [None, *(one["id"] for one in shop.stripe.all("customer"))], key=str
    )


def test_it_reads_every_page_of_stripes_list(shop: Shop) -> None:
    [(_, alice)] = not_bound(shop)
    customer = shop.stripe.create_customer()["id"]
    for _ in range(101):
        subscription = shop.stripe.create_subscription(customer, [shop.prices[Plan.PLUS]])
        shop.stripe.cancel(subscription["id"])
    result = run_billing_command(shop.app, "reconcile")
    assert findings(result.output) == [("money without plan", alice)]
    assert len(stripe_requests(shop, "GET", "/v1/subscriptions")) == 2


@pytest.mark.parametrize(("ends", "refused"), [(1, False), (2, True)])
def test_it_takes_no_more_than_a_fifth_of_the_plans_unasked(
    shop: Shop, ends: int, refused: bool
) -> None:
    payers = [paying(shop, f"user{number}") for number in range(5)]
    for _, subscription in payers[:ends]:
        shop.stripe.cancel(subscription)
    before = dump_all(shop.db)
    result = run_billing_command(shop.app, "reconcile", "--fix")
    plans = [shop.plan(user_id) for user_id, _ in payers]
    if refused:
        assert result.exit_code != 0
        assert "from 2 of 5 payers" in result.output
        assert dump_all(shop.db) == before
        result = run_billing_command(shop.app, "reconcile", "--fix", "--yes")
        plans = [shop.plan(user_id) for user_id, _ in payers]
    assert result.exit_code == 0
    assert plans == ["Free"] * ends + ["Plus"] * (5 - ends)


def test_it_takes_no_plan_with_a_key_of_another_account(shop: Shop) -> None:
    """Even with --yes: what a customer pays whom Stripe does not know is not known."""
    user_id, _ = paying(shop)
    with StripeServer(Stripe(seed=1)) as other:
        app = app_with_settings(shop, stripe_api_base=other.url)
        result = run_billing_command(app, "reconcile", "--fix", "--yes")
    assert findings(result.output) == [("customer unknown to Stripe", user_id)]
    assert result.exit_code == 1
    assert shop.plan(user_id) == "Plus"


@pytest.mark.parametrize("command", ["reconcile", "replay"])
@pytest.mark.parametrize("wrong", ["away", "key", "redis", "not set up"])
def test_it_says_in_a_line_what_is_wrong(shop: Shop, command: str, wrong: str) -> None:
    paying(shop)
    shop.subscribe(shop.user("bob"))
    before = dump_all(shop.db)
    shop.server.down = wrong == "away"
    app, sentence = {
        "away": (shop.app, "Stripe cannot be reached"),
        "key": (
            app_with_settings(shop, stripe_secret_key="sk_test_of_nobody"),
            "Stripe did not accept that.",
        ),
        "redis": (create_test_app(shop.settings, connect("redis://127.0.0.1:1")), "Redis"),
        "not set up": (create_test_app(BASE_SETTINGS, shop.db), "STRIPE_SECRET_KEY is not set."),
    }[wrong]
    result = run_billing_command(
        app, command, *(["--fix", "--yes"] if command == "reconcile" else [])
    )
    assert result.exit_code == 1
    # A refusal of Stripe's is logged as well, as a line of JSON.
    logged = r'(\{"time":[^\n]*"Stripe refuses a request[^\n]*\n)?'
    assert re.fullmatch(rf"{logged}Error: {re.escape(sentence)}[^\n]*\n", result.output)
    assert dump_all(shop.db) == before
