"""What Prometheus reads at /metrics, in one process; tests/process/test_workers.py has several."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from stripe import WebhookSignature

from app import create_app
from stats.billing.plan_census import take_census
from stats.lib.version import version
from stats.store.client import connect
from stats.user_stats import create_user_stats, grant_plan
from tests.web.helpers import Browser, dump_all, log_in, poll_url, sign_up

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"
NAME = re.compile(r"\b(?:aira|process)_\w+")
SECRET_WORDS = ("alice", "example.com", "127.0.0.1", "private", "hush")
COUNTED = "aira_users_counted_timestamp_seconds"
IncreaseOf = Callable[..., float]


def samples(service_client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return all that is shown, by name and labels."""
    families = text_string_to_metric_families(service_client.get("/metrics").text)
    parsed = [one for family in families for one in family.samples]
    shown = {(one.name, frozenset(one.labels.items())): one.value for one in parsed}
    assert len(shown) == len(parsed), "one series twice"
    return shown


def users_by_plan(service_client: FlaskClient) -> dict[str, float]:
    """Return how many users have each plan, by plan, and when they were counted."""
    shown = samples(service_client).items()
    series = [(name, dict(labels), value) for (name, labels), value in shown]
    return {
        labels.get("plan", name): value
        for name, labels, value in series
        if name.startswith("aira_users")
    }


@pytest.fixture
def increase_of(service_client: FlaskClient) -> IncreaseOf:
    """Return by how much a series has risen since the test began."""
    before = samples(service_client)

    def since(name: str, **labels: str) -> float:
        series = (name, frozenset(labels.items()))
        return samples(service_client).get(series, 0) - before.get(series, 0)

    return since


def test_it_is_for_service_keys_alone(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    assert app.test_client().get("/metrics").status_code == 401
    assert app.test_client().get("/metrics", headers=wrong).status_code == 401
    assert alice.get("/metrics").status_code == 401, "a session opens nothing here"
    answer = service_client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_it_counts_requests_by_rule_method_and_status(
    alice: Browser, increase_of: IncreaseOf
) -> None:
    alice.get("/conversations/alice-private")
    alice.get("/alice-private")
    alice.client.open("/healthz", method="HUSH")
    alice.head("/healthz")
    request = "aira_requests_total"
    assert increase_of(request, method="GET", route="/conversations/<chat_id>", status="404") == 1
    assert increase_of(request, method="GET", route="none", status="404") == 1
    assert increase_of(request, method="other", route="none", status="405") == 1
    assert increase_of(request, method="HEAD", route="/healthz", status="200") == 1
    assert increase_of("aira_request_seconds_count", route="/healthz") == 1
    assert 0 < increase_of("aira_request_seconds_sum", route="/healthz") < 60


def test_it_counts_polls_by_answer_however_they_are_given(
    alice: Browser, increase_of: IncreaseOf
) -> None:
    url = poll_url(alice.get("/dashboard"))
    polls = {"method": "GET", "route": "/dashboard/stats"}

    def unchanged() -> float:
        by_route = increase_of("aira_requests_total", status="204", **polls)
        return by_route + increase_of("aira_polls_total", by="memory")

    for _ in range(3):
        assert alice.get(url).status_code == 204
    assert unchanged() == 3
    # The memory knows nothing of polls with a body.
    assert alice.get(url, data="x").status_code == 204
    assert unchanged() == 4
    assert alice.get("/dashboard/stats").status_code == 200
    assert increase_of("aira_requests_total", status="200", **polls) == 1
    assert increase_of("aira_polls_total", by="redis") >= 3


def test_it_times_what_redis_is_asked(alice: Browser, increase_of: IncreaseOf) -> None:
    alice.post("/dashboard/mood", {"score": "7"})
    assert increase_of("aira_redis_call_seconds_count", script="moods/record") == 1
    assert 0 < increase_of("aira_redis_call_seconds_sum", script="moods/record") < 60
    assert increase_of("aira_redis_call_seconds_bucket", script="moods/record", le="+Inf") == 1


def test_it_shows_users_by_plan_as_they_were_counted_last(
    service_client: FlaskClient, valkey: redis.Redis
) -> None:
    create_user_stats(valkey, "alice")
    grant_plan(valkey, "bob", "Plus", create=True)
    before = dump_all(valkey)
    assert users_by_plan(service_client) == {}, "what is not known is not 0"
    assert dump_all(valkey) == before, "to look is not to count"
    now = datetime(2026, 3, 1, tzinfo=UTC)
    take_census(valkey, now)
    create_user_stats(valkey, "charlie")
    counted = {"Free": 1, "Plus": 1, "Premium": 0, COUNTED: now.timestamp()}
    assert users_by_plan(service_client) == counted


def test_it_is_there_while_redis_is_away(
    app: Flask, valkey: redis.Redis, increase_of: IncreaseOf
) -> None:
    take_census(valkey, datetime.now(UTC))
    settings = app.extensions["aira"].base_settings
    away = create_app(settings, connect("unix:///nowhere/at/all")).test_client()
    key = {"Authorization": f"Bearer {settings.api_keys[0]}"}
    assert away.get("/api/dashboard?userId=u", headers=key).status_code == 503
    away.environ_base["HTTP_AUTHORIZATION"] = key["Authorization"]
    assert users_by_plan(away) == {}
    assert increase_of("aira_redis_failed_calls_total", script="user_stats/read") == 1
    assert increase_of("aira_redis_call_seconds_count", script="user_stats/read") == 0
    assert (
        increase_of("aira_requests_total", method="GET", route="/api/dashboard", status="503") == 1
    )


def test_it_counts_log_ins_and_refusals(app: Flask, increase_of: IncreaseOf) -> None:
    sign_up(app, "Alice")
    log_in(app, "Alice")
    Browser(app).post("/login", {"email": "alice@example.com", "password": "not this one"})
    Browser(app).post("/login", {"email": "nobody@example.com", "password": "not this one"})
    assert increase_of("aira_logins_total", how="password") == 1
    assert increase_of("aira_failed_logins_total", reason="password") == 2
    assert increase_of("aira_events_total", event="signup") == 1


def test_it_counts_limits_reached_and_grants(
    app: Flask,
    service_client: FlaskClient,
    increase_of: IncreaseOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service_client.patch("/api/plan?userId=u", json={"plan": "Plus"})
    assert increase_of("aira_plan_grants_total", plan="Plus") == 1
    monkeypatch.setattr("stats.web.http.rate_limits.SERVICE_KEY_LIMIT", 0)
    assert service_client.get("/api/dashboard?userId=u").status_code == 429
    assert (
        increase_of("aira_requests_total", method="GET", route="/api/dashboard", status="429") == 1
    )
    assert increase_of("aira_events_total", event="limit.reached") == 1


def test_it_counts_deliveries_that_are_refused_or_fail(
    app: Flask, valkey: redis.Redis, increase_of: IncreaseOf
) -> None:
    url = "/api/webhooks/stripe"
    assert app.test_client().post(url, data=b"{}").status_code == 503
    assert increase_of("aira_webhooks_total", type="unknown", result="failed") == 1
    settings = replace(app.extensions["aira"].base_settings, stripe_webhook_secrets=("whsec_x",))
    signed = {"Stripe-Signature": "t=1,v1=x"}
    other = create_app(settings, valkey).test_client()
    assert other.post(url, data=b"{}", headers=signed).status_code == 400
    assert increase_of("aira_webhooks_total", type="unknown", result="refused") == 1


@pytest.mark.parametrize(
    ("sent", "shown", "result"),
    [
        ("plan.created", "other", "ignored"),
        ("customer.deleted", "customer.deleted", "not ours"),
        ("customer.subscription.hush", "other", "not ours"),
    ],
)
def test_it_counts_deliveries_by_type_and_result(
    app: Flask, valkey: redis.Redis, increase_of: IncreaseOf, sent: str, shown: str, result: str
) -> None:
    secrets = {"stripe_secret_key": "sk_test_x", "stripe_webhook_secrets": ("whsec_x",)}
    shop = create_app(
        replace(app.extensions["aira"].base_settings, **secrets), valkey
    ).test_client()
    event = {"id": "evt_1", "type": sent, "livemode": False, "data": {"object": {"id": "cus_x"}}}
    body = json.dumps(event)
    signature = WebhookSignature.generate_signature_header(body, "whsec_x", None)
    headers = {"Stripe-Signature": signature}
    assert shop.post("/api/webhooks/stripe", data=body, headers=headers).status_code == 200
    assert increase_of("aira_webhooks_total", type=shown, result=result) == 1


def test_its_labels_hold_nothing_that_somebody_typed(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    log_in(app, "Alice")
    alice.get("/private?hush")
    alice.get("/history/2026-01-01")
    alice.client.open("/hush", method="PRIVATE")
    service_client.get("/api/dashboard?userId=alice@example.com")
    service_client.delete("/api/users/alice@example.com")
    shown = service_client.get("/metrics").text.lower()
    for word in (*SECRET_WORDS, alice.user_id):
        assert word not in shown.replace("/privacy", ""), word


def test_it_shows_what_the_process_uses(service_client: FlaskClient) -> None:
    shown = {name: value for (name, _), value in samples(service_client).items()}
    assert shown["process_resident_memory_bytes"] > 10_000_000
    assert shown["process_cpu_seconds_total"] > 0
    assert shown["process_open_fds"] > 3


def test_it_tells_the_version(service_client: FlaskClient) -> None:
    assert samples(service_client)["aira_build_info", frozenset({("version", version())})] == 1


def test_many_applications_share_their_metrics(
    app: Flask, valkey: redis.Redis, increase_of: IncreaseOf
) -> None:
    settings = app.extensions["aira"].base_settings
    for one in [app, *(create_app(settings, valkey) for _ in range(3))]:
        assert one.test_client().get("/healthz").status_code == 200
    assert increase_of("aira_requests_total", method="GET", route="/healthz", status="200") == 4


def test_the_dashboard_names_metrics_that_exist(
    valkey: redis.Redis, alice: Browser, service_client: FlaskClient
) -> None:
    take_census(valkey, datetime.now(UTC))
    text = service_client.get("/metrics").text
    declared = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    parts = {
        f"{name}_{end}"
        for name, kind in declared.items()
        if kind == "histogram"
        for end in ("bucket", "sum", "count")
    }
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for expression in queries for name in NAME.findall(expression)}
    assert len(queries) >= len(panels) >= 8
    assert named - set(declared) - parts == set()
    assert set(NAME.findall(DASHBOARD.read_text())) == named, "one outside a panel's question"


def test_the_dashboard_shows_the_processes_of_its_own_job() -> None:
    """Every program has them, Prometheus and Redis's exporter included."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    processes = [query for query in queries if "process_" in query]
    assert len(processes) == 3
    assert all('{job=~"$job"}' in query for query in processes)
