"""Requests made up from the API's own description, right ones and wrong ones."""

import json
from collections import Counter

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi import checks

from stats.billing.gateways.practice_gateway import sign
from stats.web.api.description.openapi import routes
from tests.conftest import SERVICE_KEY
from tests.fuzz.conftest import CASES, SEED, settle
from tests.web.helpers import Browser

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
WEBHOOK, LINK = "/api/webhooks/stripe", "/api/users/{userId}/link"
SENT = {"Authorization": f"Bearer {SERVICE_KEY}", "Accept-Encoding": "identity"}
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_it_answers_as_described(app: Flask, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # The key is always sent: who has none is refused, and other tests see to that.
    schema.config.generation.update(with_security_parameters=False)
    with app.app_context():
        documented = routes()
    most = max(12, CASES // (len(documented) * len(MODES)))
    for number, route in enumerate(documented):
        alice = settle(app, f"Alice{number}")
        operation = schema[route.path][route.method.upper()]
        statuses = fuzz(operation.as_strategy(generation_mode=mode), mode, alice, most)
        print(f"{statuses.total():5} {mode.value} {operation.label}: {dict(statuses)}")
        if mode is GenerationMode.POSITIVE and route.path != WEBHOOK:
            assert statuses[200]


def fuzz(
    cases: st.SearchStrategy[Case], mode: GenerationMode, alice: Browser, most: int
) -> Counter[int]:
    """Send made-up requests, some about Alice; return how often each status came back."""
    seen: Counter[int] = Counter()

    @seeded(SEED)
    @settings(
        max_examples=most,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, existing=st.booleans())
    def run(case: Case, existing: bool) -> None:
        if existing and mode is GenerationMode.POSITIVE:
            ask_for_what_is_there(case, alice)
        answer = case.call(headers=SENT)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    run()
    return seen


def ask_for_what_is_there(case: Case, alice: Browser) -> None:
    names = {parameter.name for parameter in case.operation.query}
    case.query.pop("cursor", None)
    existing = {"userId": alice.user_id, "email": alice.email}
    case.query.update({name: value for name, value in existing.items() if name in names})
    if "chatId" in case.path_parameters:
        case.path_parameters["chatId"] = "c1"
    if case.path == LINK:
        case.path_parameters["userId"] = alice.user_id


EVENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KINDS = ["customer.subscription.updated", "checkout.session.completed", "invoice.paid", "x"]
PARTS = ["id", "customer", "subscription", "client_reference_id", "metadata", "object", "status"]
PARTS += ["items", "lines", "parent", "mode"]
ODD = {
    "object": "subscription",
    "customer": "cus_1",
    "metadata": ["user_id"],
    "items": {"data": [1]},
}


def test_it_takes_no_harm_from_odd_deliveries_that_are_signed(app: Flask) -> None:
    secret, client = app.extensions["aira"].webhook_secrets[0], app.test_client()
    whole = st.fixed_dictionaries(
        {"id": st.just("evt_1") | EVENTS, "object": st.just("event") | EVENTS},
        optional={
            "type": st.sampled_from(KINDS) | EVENTS,
            "created": st.just(1_790_000_000) | EVENTS,
            "data": st.fixed_dictionaries(
                {"object": st.dictionaries(st.sampled_from(PARTS), EVENTS) | EVENTS}
            ),
        },
    )

    @seeded(SEED)
    @settings(
        max_examples=max(20, CASES // 10),
        derandomize=False,
        phases=[Phase.explicit, Phase.generate],
    )
    @given(event=whole | EVENTS)
    @example(event={"id": "evt_1", "type": KINDS[0], "data": {"object": ODD}})
    def run(event: object) -> None:
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(body, secret), "Content-Type": "application/json"}
        answer = client.post(WEBHOOK, data=body, headers=headers)
        assert answer.status_code in (200, 400), (answer.status_code, event)

    run()
