"""Anything at all in the headers and cookies of a request: never a 500."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.conftest import CASES, SEED, settle
from tests.web.helpers import Browser

PATHS = ["/", "/dashboard", "/dashboard/stats?v=1", "/login", "/static/app.css", "/htmx.min.js"]
PATHS += ["/api/dashboard", "/api/openapi.json", "/healthz", "/nowhere", "/metrics", "/settings"]
HEADERS = ["Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "DNT"]
HEADERS += ["If-None-Match", "If-Modified-Since", "If-Range", "Range", "Origin", "Referer", "Host"]
HEADERS += ["HX-Request", "HX-Current-URL", "HX-Target", "X-CSRFToken", "Idempotency-Key"]
HEADERS += ["X-Request-ID", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"]
HEADERS += ["User-Agent", "Sec-Fetch-Site", "Content-Length", "Expect", "Upgrade", "Connection"]
COOKIES = ["session", "__Host-session", "remember_token", "other", ""]
# A server hands each byte of a header on as one character (PEP 3333); line ends cannot be in one.
BYTES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
LIKELY = [
    "bytes=0-",
    "bytes=-1-5",
    "1",
    "*",
    "en;q=x",
    "Bearer ",
    "Basic =",
    'W/"\xe9"',
    "gzip;q=9",
]
VALUES = st.one_of(st.sampled_from(LIKELY), BYTES)
PAIRS = st.dictionaries(st.sampled_from(HEADERS), VALUES, max_size=4)
JAR = st.lists(st.tuples(st.sampled_from(COOKIES), BYTES), max_size=3)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("member", [True, False], ids=["member", "stranger"])
def test_no_header_breaks_a_page(app: Flask, member: bool) -> None:
    browser = settle(app, "Alice") if member else Browser(app)
    session = f"session={browser.session}; " if member else ""

    @seeded(SEED)
    @settings(
        max_examples=max(30, CASES // len(PATHS)),
        derandomize=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(headers=PAIRS, cookies=JAR)
    @example(headers={}, cookies=[("remember_token", "a|\xe9")])
    @example(headers={"Accept-Encoding": "gzip"}, cookies=[])
    @example(headers={"Referer": "http://["}, cookies=[("session", "\xff.\xff.\xff")])
    def run(headers: dict[str, str], cookies: list[tuple[str, str]]) -> None:
        jar = session + "; ".join(f"{name}={value}" for name, value in cookies)
        names = {f"HTTP_{name.upper().replace('-', '_')}": headers[name] for name in headers}
        sent = {**names, "HTTP_COOKIE": jar}
        for path in PATHS:
            for method in ("GET", "POST"):
                # A client of its own: what is answered changes no later request.
                answer = app.test_client(use_cookies=False).open(
                    path, method=method, environ_overrides=sent, buffered=True
                )
                assert answer.status_code < 500, (answer.status_code, method, path, sent)

    run()
