"""What the tests of billing share: an app of another kind, what Stripe was asked, and time."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import redis
from click.testing import Result
from flask import Flask

from app import create_app
from stats.settings import Settings
from stats.store.client import Db
from tests.billing.conftest import Shop
from tests.conftest import SECRET_KEY, SERVICE_KEY
from tests.stripe_sim.server import Request
from tests.web.conftest import TEMPLATES
from tests.web.helpers import Browser

MOMENTS = ("renews", "cancels", "patience", "overdue_since", "collection_resumes", "last_payment")
PAID_MOMENTS = ("until", "graced")

DAY = 86_400
SERVICE_HEADERS = {"Authorization": f"Bearer {SERVICE_KEY}"}
BASE_SETTINGS = Settings(
    redis_url="redis://unused", secret_keys=(SECRET_KEY,), api_keys=(SERVICE_KEY,)
)
EMBEDDED_SETTINGS = replace(BASE_SETTINGS, redis_url=None)


def create_test_app(settings: Settings, db: Db) -> Flask:
    """Return an app whose templates are compiled once for all tests."""
    app = create_app(settings, db)
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


def app_with_settings(shop: Shop, **settings: Any) -> Flask:
    """Return the shop's app with other settings, on the same data and the same Stripe."""
    return create_test_app(replace(shop.settings, **settings), shop.db)


def stripe_requests(shop: Shop, method: str = "", path: str = "") -> list[Request]:
    """Return what Stripe was asked, narrowed down to a method and a path."""
    return [
        request
        for request in shop.server.requests
        if method in ("", request.method) and path in ("", request.path)
    ]


def in_shop(shop: Shop, browser: Browser) -> Browser:
    """Return the browser of a user at the shop's app, which was created anew."""
    again = Browser(shop.app, browser.session)
    again.user_id = browser.user_id
    return again


def run_billing_command(app: Flask, *args: str) -> Result:
    """Run a command of `flask billing`; whatever it does not catch fails the test."""
    result = app.test_cli_runner().invoke(args=["billing", *args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def user_of_customer(db: redis.Redis, customer: str) -> str | None:
    """Return the user to whom a Stripe customer is bound."""
    user_id: str | None = db.get(f"stripe:customer:{{{customer}}}")
    return user_id


def customer_binding_keys(db: redis.Redis) -> list[str]:
    """Return the keys that bind customers, on either side."""
    return sorted([*db.scan_iter("stripe:customer:*"), *db.scan_iter("user:*:customers")])


def start_checkout(browser: Browser, plan: str = "Plus") -> str:
    """Press the button of a plan; return where it leads."""
    answer = browser.post("/billing/checkout", {"plan": plan})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def plan_card_text(browser: Browser) -> str:
    """Return the text of the plan card on the dashboard, as the poll brings it."""
    page = browser.get("/dashboard/stats")
    assert page.status_code == 200
    return visible_text(
        re.search(r'<section class="card plan".*?</section>', page.text, re.DOTALL)[0]
    )


def visible_text(markup: str) -> str:
    """Return the words of some HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def save_conversation(browser: Browser, chat: str | None = None) -> int:
    """Save a conversation; return the status of the answer."""
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
    answer = browser.api("POST", "/api/chat/save", json=body | ({"chatId": chat} if chat else {}))
    return answer.status_code


def conversations_used(browser: Browser) -> int:
    """Return how many conversations count for today."""
    conversations: int = browser.get("/api/entitlements").json["used"]["daily_conversations"]
    return conversations


def format_day(moment: float) -> str:
    """Return a moment's day in UTC as a page names it."""
    date = datetime.fromtimestamp(moment, UTC)
    year = "" if date.year == datetime.now(UTC).year else f" {date.year}"
    return f"{date.day} {date:%B}{year}"


def let_time_pass(db: redis.Redis, user_id: str, seconds: int) -> None:
    """Let time pass for one user: whatever is stored about later moments comes nearer."""
    stats, billing, practice = (
        f"user:{{{user_id}}}:{kind}" for kind in ("stats", "billing", "practice")
    )
    paid = db.hget(stats, "paid") or ""
    later = re.sub(r":(\d+)", lambda found: f":{int(found[1]) - seconds}", paid)
    db.hset(stats, "paid", later)
    for name in ("fresh_until", "used_until"):
        db.hset(stats, name, max(0, int(db.hget(stats, name) or 0) - seconds))
    rows = json.loads(db.hget(billing, "subscriptions") or "[]")
    for row in rows:
        row |= {name: row[name] and row[name] - seconds for name in MOMENTS}
        if row["paid"]:
            paid = row["paid"]
            row["paid"] |= {name: paid[name] and paid[name] - seconds for name in PAID_MOMENTS}
    db.hset(billing, "subscriptions", json.dumps(rows))
    for subscription in (practice_subscriptions := json.loads(db.get(practice) or "[]")):
        for item in subscription["items"]["data"]:
            for name in ("current_period_start", "current_period_end"):
                item[name] -= seconds
    if practice_subscriptions:
        db.set(practice, json.dumps(practice_subscriptions))


def forget_what_was_paid(db: redis.Redis, user_id: str) -> None:
    """Store a user's subscriptions as an earlier release did: without what was paid for."""
    billing = f"user:{{{user_id}}}:billing"
    rows = json.loads(db.hget(billing, "subscriptions") or "[]")
    older = [{k: v for k, v in row.items() if k not in ("paid", "last_payment")} for row in rows]
    db.hset(billing, "subscriptions", json.dumps(older))


def open_sessions(shop: Shop) -> list[dict[str, Any]]:
    """Return the Checkout Sessions that can still be paid."""
    return [one for one in shop.stripe.all("checkout.session") if one["status"] == "open"]


def buy_plan(shop: Shop, browser: Browser, plan: str = "Plus") -> None:
    """Pay for a plan by Checkout; its events arrive."""
    start_checkout(browser, plan)
    shop.stripe.pay(open_sessions(shop)[0]["id"])
    shop.deliver_pending()


def grant_plan(shop: Shop, browser: Browser, plan: str) -> None:
    """Grant a user a plan by the API."""
    path = f"/api/plan?userId={browser.user_id}"
    answer = shop.app.test_client().patch(path, json={"plan": plan}, headers=SERVICE_HEADERS)
    assert answer.status_code == 200
