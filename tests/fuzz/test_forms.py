"""Anything at all in the fields, addresses and queries of every page."""

import re
from collections import Counter
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from werkzeug.routing import Rule

from tests.fuzz.conftest import CASES, SEED, settle
from tests.support.samples import FORM_TYPE
from tests.web.helpers import PASSWORD, Browser

FIELDS = ["name", "email", "password", "timezone", "remember", "next", "score", "note", "day", "op"]
FIELDS += ["plan", "action", "code", "current_password", "new_password", "confirm", "day_start"]
FIELDS += ["theme", "live", "file", "q", "v", "year", "userId", "limit", "days", "session_id"]
# What gets further than chance does.
LIKELY = [
    "5",
    "10.0",
    "today",
    "yesterday",
    "Plus",
    "Premium",
    "Free",
    "pay",
    "cancel",
    "on",
    "off",
]
LIKELY += ["Europe/Berlin", "dark", "alice@example.com", PASSWORD, "2026-03-01", "/dashboard", "y"]
LIKELY += ["codes", "123456", "-1", "1e9", "9" * 400, "٣", "\x00", "\u202e", "x" * 9000]
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUES = st.one_of(st.sampled_from(LIKELY), PLAIN, st.binary(max_size=50))
DATA = st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), max_size=8)
FINE = {200, 204, 302, 303, 304, 308, 400, 401, 403, 404, 405, 409, 413, 415, 422}


def pages(app: Flask) -> list[tuple[str, Rule]]:
    rules = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api")]
    return [(method, rule) for rule in rules for method in sorted(rule.methods & {"GET", "POST"})]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("member", [True, False], ids=["member", "stranger"])
def test_it_never_breaks(app: Flask, member: bool) -> None:
    routes = pages(app)
    each = max(2, CASES // len(routes))
    seen: Counter[int] = Counter()
    browsers = [settle(app, "Alice") if member else Browser(app)]

    @seeded(SEED)
    @settings(
        max_examples=each,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=DATA, part=st.one_of(st.just("c1"), st.just("2026-03-01"), PLAIN))
    def run(data: list[tuple[str, str | bytes]], part: str) -> None:
        for method, rule in routes:
            status = ask(browsers[0], method, filled(rule, part), data)
            assert status in FINE, (status, method, rule.rule, data, part)
            seen[status] += 1
            if member and browsers[0].get("/privacy?").text.find("/logout") < 0:
                browsers[0] = settle(app, f"Alice{sum(seen.values())}")

    run()
    print(f"{seen.total()} {'member' if member else 'stranger'}: {dict(seen)}")


def filled(rule: Rule, part: str) -> str:
    return re.sub(r"<[^>]+>", quote(part, safe=""), rule.rule)


def ask(browser: Browser, method: str, url: str, data: list[tuple[str, str | bytes]]) -> int:
    if method == "GET":
        return browser.get(f"{url}?{urlencode(data)}").status_code
    browser.forget_token()
    body = urlencode([("csrf_token", browser.token), *data])
    return browser.client.post(url, data=body, content_type=FORM_TYPE).status_code
