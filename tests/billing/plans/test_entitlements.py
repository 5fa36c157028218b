"""What a plan gives and how much of it was used today, for Aira's chat and on the plan card."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from stats.plans.plan import Plan
from tests.billing.conftest import Shop
from tests.billing.helpers import (
    SERVICE_HEADERS,
    conversations_used,
    format_day,
    let_time_pass,
    plan_card_text,
    save_conversation,
)
from tests.web.helpers import Browser, dump_all, sign_up


def grant(app: Flask, user_id: str, plan: str) -> None:
    """Grant a plan as an operator does."""
    client = app.test_client()
    answer = client.patch(
        f"/api/plan?userId={user_id}", json={"plan": plan}, headers=SERVICE_HEADERS
    )
    assert answer.status_code == 200


def by_key(app: Flask, user_id: str) -> tuple[int, dict[str, object]]:
    """Ask with the service key."""
    answer = app.test_client().get(f"/api/entitlements?userId={user_id}", headers=SERVICE_HEADERS)
    return answer.status_code, answer.get_json()


@pytest.mark.parametrize(("plan", "limit"), [("Free", 5), ("Plus", 50), ("Premium", None)])
def test_it_answers_what_each_plan_gives(
    shop: Shop, alice: Browser, plan: str, limit: int | None
) -> None:
    grant(shop.app, alice.user_id, plan)
    save_conversation(alice)
    expected = {
        "success": True,
        "plan": plan,
        "limits": {"daily_conversations": limit},
        "used": {"daily_conversations": 1},
    }
    assert by_key(shop.app, alice.user_id) == (200, expected)
    assert alice.get("/api/entitlements").json == expected
    assert alice.get(f"/api/entitlements?userId={alice.user_id}").json == expected
    said = "No daily limit 1 today" if limit is None else f"1 of {limit} conversations today"
    assert said in plan_card_text(alice)


def test_it_answers_who_may_know(shop: Shop, alice: Browser, bob: Browser) -> None:
    path = "/api/entitlements"
    assert Browser(shop.app).get(path).status_code == 401
    assert alice.get(f"{path}?userId={bob.user_id}").status_code == 403
    assert alice.get(f"{path}?userId=nobody").status_code == 403
    client = shop.app.test_client()
    assert client.get(path, headers=SERVICE_HEADERS).status_code == 400
    wrong = {"Authorization": "Bearer another-key"}
    assert client.get(f"{path}?userId={bob.user_id}", headers=wrong).status_code == 401


def test_it_makes_nobody_up(shop: Shop) -> None:
    before = dump_all(shop.db)
    status, answer = by_key(shop.app, "nobody")
    assert (status, answer["code"]) == (404, "user_not_found")
    assert dump_all(shop.db) == before


def test_it_never_refuses_a_save(shop: Shop, alice: Browser) -> None:
    for number in range(1, 8):
        assert save_conversation(alice) == 200
        assert conversations_used(alice) == number
    said = "7 conversations today. Free has 5 a day; all 7 are kept."
    assert said in plan_card_text(alice)
    assert "More tomorrow" in plan_card_text(alice)
    assert len(alice.get("/api/chat").json["chats"]) == 7


def test_it_counts_one_chat_once(shop: Shop, alice: Browser) -> None:
    for chat in ("a", "a", "b", "a"):
        assert save_conversation(alice, chat) == 200
    assert conversations_used(alice) == 2
    # Deleting gives nothing back, and neither does saving the same chat anew.
    assert alice.api("DELETE", "/api/chat/a").status_code == 200
    assert conversations_used(alice) == 2
    assert save_conversation(alice, "a") == 200
    assert conversations_used(alice) == 2


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kabul"])
def test_it_counts_by_the_users_own_day(shop: Shop, zone: str) -> None:
    alice = sign_up(shop.app, "Alice", timezone=zone)
    assert save_conversation(alice) == 200
    today = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
    ends = datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(zone)).timestamp()
    assert int(shop.db.hget(alice.key("stats"), "used_until")) == ends
    left = int(ends - time.time())
    let_time_pass(shop.db, alice.user_id, left - 60)
    assert conversations_used(alice) == 1
    let_time_pass(shop.db, alice.user_id, 61)
    assert conversations_used(alice) == 0
    assert "0 of 5 conversations today" in plan_card_text(alice)
    assert save_conversation(alice) == 200
    assert conversations_used(alice) == 1


@pytest.mark.parametrize(
    ("granted", "paid", "has"),
    [
        ("Plus", Plan.PREMIUM, "Premium"),
        ("Premium", Plan.PLUS, "Premium"),
        ("Plus", Plan.PLUS, "Plus"),
        ("Free", Plan.PLUS, "Plus"),
    ],
)
def test_it_gives_the_higher_of_grant_and_payment(
    shop: Shop, alice: Browser, granted: str, paid: Plan, has: str
) -> None:
    grant(shop.app, alice.user_id, granted)
    subscription = shop.subscribe(alice.user_id, paid)
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == has
    assert ("Given to you by Aira" in plan_card_text(alice)) == (granted == "Premium")
    shop.stripe.cancel(subscription["id"])
    shop.deliver_pending()
    assert shop.plan(alice.user_id) == granted


def test_it_takes_away_the_grant_alone(shop: Shop, alice: Browser) -> None:
    shop.subscribe(alice.user_id)
    shop.deliver_pending()
    grant(shop.app, alice.user_id, "Premium")
    assert shop.plan(alice.user_id) == "Premium"
    grant(shop.app, alice.user_id, "Free")
    assert shop.plan(alice.user_id) == "Plus"
    grant(shop.app, alice.user_id, "Free")
    assert shop.plan(alice.user_id) == "Plus"


def test_it_says_when_it_renews(shop: Shop, alice: Browser) -> None:
    subscription = shop.subscribe(alice.user_id)
    shop.deliver_pending()
    renews = subscription["items"]["data"][0]["current_period_end"]
    assert f"Renews {format_day(renews)}" in plan_card_text(alice)
    assert "conversations today" in plan_card_text(alice)
