"""Doors: strangers, headers, cookies, hosts, secrets."""

import io
import re
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app import create_app
from tests.web.helpers import PASSWORD, Browser, form_token, remaining_keys, routes

# What strangers may ask for, and what they get without a token, credentials or a signature.
OPEN = {
    ("GET", "/"): 200,
    ("GET", "/privacy"): 200,
    ("GET", "/plans"): 200,
    ("GET", "/healthz"): 200,
    ("GET", "/readyz"): 200,
    ("GET", "/htmx.min.js"): 200,
    ("GET", "/static/1"): 404,
    ("GET", "/login"): 200,
    ("POST", "/login"): 400,
    ("GET", "/signup"): 200,
    ("POST", "/signup"): 400,
    ("GET", "/login/code"): 302,
    ("POST", "/login/code"): 400,
    ("GET", "/login/link/1"): 404,
    ("POST", "/login/link/1"): 400,
    ("GET", "/reset"): 200,
    ("POST", "/reset"): 400,
    ("GET", "/reset/1"): 404,
    ("POST", "/reset/1"): 400,
    ("GET", "/confirm/1"): 404,
    ("POST", "/confirm/1"): 400,
    ("GET", "/api/openapi.json"): 200,
    ("GET", "/api/docs"): 200,
    ("POST", "/api/webhooks/stripe"): 503,
}
HEADERS = ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"]
HEADERS += ["X-Frame-Options", "Permissions-Policy", "Cross-Origin-Opener-Policy"]
HTTPS = {"base_url": "https://localhost", "headers": {"Referer": "https://localhost/signup"}}
FORM = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD}


def other_app(app: Flask, valkey: Redis, **settings: object) -> Flask:
    return create_app(replace(app.extensions["aira"].base_settings, **settings), valkey)


def check_headers(answer: TestResponse) -> None:
    for name in HEADERS:
        assert len(answer.headers.getlist(name)) == 1, name
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_it_lets_strangers_in_nowhere_else(app: Flask, valkey: Redis, client: FlaskClient) -> None:
    for method, url, _ in routes(app):
        answer = client.open(url, method=method)
        if (method, url) in OPEN:
            assert answer.status_code == OPEN[method, url], (method, url)
        elif url.startswith("/api/") or url == "/metrics":
            assert answer.status_code == 401, (method, url)
        else:
            assert answer.status_code == 302, (method, url)
            assert answer.location.startswith("/login?next=")
    assert remaining_keys(valkey) == []


def test_it_answers_strangers_the_same_with_a_dead_session(app: Flask, alice: Browser) -> None:
    copied = Browser(app, alice.session)
    alice.post("/logout")
    for method, url, _ in routes(app):
        if (method, url) not in OPEN:
            assert copied.client.open(url, method=method).status_code in (302, 401), (method, url)


def test_it_puts_its_headers_on_every_answer(
    app: Flask, client: FlaskClient, alice: Browser, service_client: FlaskClient
) -> None:
    statuses = set()
    version = re.search(r"stats\?v=\d+", alice.get("/dashboard").text)[0]
    big = b"x" * (256 * 1024 + 1)
    answers = [client.open(url, method=method) for method, url, _ in routes(app)]
    answers += [alice.client.open(url, method=method) for method, url, _ in routes(app)]
    answers += [client.open(url, method="PUT") for _, url, _ in routes(app)]
    answers += [client.get("/nope"), client.get("/static/app.css"), client.get("/static/nope")]
    answers += [client.options("/dashboard"), client.head("/"), client.post("/login", data=big)]
    answers += [alice.get(f"/dashboard/{version}"), alice.post("/settings", {"name": ""})]
    answers += [
        service_client.get("/api/dashboard?userId=u"),
        service_client.get("/api/chat/x?userId=u"),
    ]
    answers += [client.get("/", environ_overrides={"PATH_INFO": "/static//app.css"})]
    etag = client.get("/static/app.css").headers["ETag"]
    answers += [client.get("/static/app.css", headers={"If-None-Match": etag})]
    for answer in answers:
        check_headers(answer)
        statuses.add(answer.status_code)
    assert {200, 204, 302, 304, 308, 400, 401, 403, 404, 405, 413, 422} <= statuses


def test_it_puts_its_headers_on_failures(
    app: Flask, client: FlaskClient, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, status in ((ConnectionError("x"), 500), (TimeoutError("x"), 500)):
        monkeypatch.setattr(valkey, "execute_command", raiser(error))
        for url in ("/readyz", "/api/users?email=a@example.com"):
            key = app.extensions["aira"].settings.api_keys[0]
            answer = client.get(url, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == status
            check_headers(answer)


def raiser(error: Exception) -> object:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


def test_it_allows_nothing_but_its_own(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == ["'none'"]
    for kind in ("script-src", "style-src", "img-src", "connect-src"):
        assert rules[kind] == ["'self'"]
    stripe = {"https://checkout.stripe.com", "https://billing.stripe.com", "https://buy.stripe.com"}
    assert set(rules["form-action"]) == {"'self'"} | stripe
    assert not re.search(r"unsafe|\*|data:|https?:(?!//\w+\.stripe\.com)", policy)


def test_it_has_nothing_inline_that_the_policy_would_stop(alice: Browser, app: Flask) -> None:
    visitor = Browser(app)
    pages = [alice.get(url).text for url in ("/dashboard", "/settings", "/nope")]
    pages += [visitor.get(url).text for url in ("/", "/login", "/signup", "/privacy")]
    for page in pages:
        assert page.startswith("<!doctype html>")
        assert not re.search(
            r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", page
        )


def test_it_keeps_private_answers_out_of_caches(app: Flask, alice: Browser) -> None:
    for url in ("/dashboard", "/dashboard/stats", "/settings", "/api/dashboard", "/", "/nope"):
        answer = alice.get(url)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "HX-Request" in answer.headers["Vary"]
    for url in ("/login", "/dashboard"):
        assert Browser(app).get(url).headers["Cache-Control"] == "no-store"


def test_it_binds_the_cookie_to_the_host_over_https(app: Flask) -> None:
    client = app.test_client()
    token = form_token(client.get("/signup", base_url="https://localhost"))
    answer = client.post("/signup", data=FORM | {"csrf_token": token}, **HTTPS)
    assert answer.status_code == 302
    assert re.fullmatch(
        r"max-age=\d{8,}; includeSubDomains.*", answer.headers["Strict-Transport-Security"]
    )
    [(name, cookie)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    assert name == "__Host-session"
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
    assert cookie["secure"] is True
    assert cookie["httponly"] is True
    page = client.get("/dashboard", base_url="https://localhost")
    assert page.status_code == 200
    # What was given over HTTPS is worth nothing under the name that HTTP uses.
    assert Browser(app).get("/dashboard").status_code == 302


def test_it_says_nothing_of_https_over_http(app: Flask) -> None:
    visitor = Browser(app)
    answer = visitor.post("/signup", FORM)
    assert "Strict-Transport-Security" not in answer.headers
    [(name, cookie)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
    assert name == "session"
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")


@pytest.mark.parametrize("referer", ["", "https://e.example/", "http://localhost/"])
def test_it_wants_a_form_to_come_from_its_own_pages(client: FlaskClient, referer: str) -> None:
    token = form_token(client.get("/signup", base_url="https://localhost"))
    sent = {"base_url": "https://localhost", "headers": {"Referer": referer}}
    answer = client.post("/signup", data=FORM | {"csrf_token": token}, **sent)
    assert answer.status_code == 400


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_it_believes_only_the_proxies_that_it_was_told_of(
    app: Flask, valkey: Redis, proxies: int, secure: bool
) -> None:
    behind = other_app(app, valkey, trusted_proxies=proxies).test_client()
    answer = behind.get("/", headers={"X-Forwarded-Proto": "https"})
    assert ("Strict-Transport-Security" in answer.headers) == secure


@pytest.mark.parametrize(
    "url", ["/", "/login", "/dashboard", "/api/mood", "/static/app.css", "/nope"]
)
def test_it_takes_no_chunked_bodies(client: FlaskClient, alice: Browser, url: str) -> None:
    for browser in (client, alice.client):
        for method in ("GET", "POST", "PATCH"):
            answer = browser.open(url, method=method, headers={"Transfer-Encoding": "chunked"})
            assert answer.status_code in (400, 404, 405)
        assert browser.get(url, headers={"Transfer-Encoding": "chunked"}).status_code in (400, 405)


def test_it_takes_no_body_that_was_cut_short(alice: Browser, service_client: FlaskClient) -> None:
    cut = {"environ_overrides": {"CONTENT_LENGTH": "100"}, "content_type": "application/json"}
    body = {"input_stream": io.BytesIO(b'{"score": 5}')}
    assert service_client.patch("/api/mood?userId=u", **body, **cut).status_code == 400
    body = {"input_stream": io.BytesIO(f"csrf_token={alice.token}&score=5".encode())}
    cut |= {"content_type": "application/x-www-form-urlencoded"}
    cut["environ_overrides"] = {"CONTENT_LENGTH": "10000"}
    assert alice.client.post("/dashboard/mood", **body, **cut).status_code == 400
    assert alice.moods() == []


@pytest.mark.parametrize("path", ["/", "/dashboard", "/api/dashboard", "/static/app.css", "/nope"])
def test_it_serves_only_the_hosts_that_it_was_told_of(app: Flask, valkey: Redis, path: str) -> None:
    client = other_app(app, valkey, trusted_hosts=("aira.example",)).test_client()
    with client.get(path, headers={"Host": "e.example"}) as answer:
        assert answer.status_code == 400
        assert answer.is_json == path.startswith("/api/")
        check_headers(answer)
    with client.get(path, headers={"Host": "aira.example"}) as answer:
        assert answer.status_code != 400


def test_it_signs_with_the_first_secret_and_takes_all(
    app: Flask, valkey: Redis, alice: Browser
) -> None:
    old, new = app.extensions["aira"].base_settings.secret_keys[0], "another secret of the tests"
    data = {"csrf_token": alice.token, "score": "5"}
    gone = Browser(other_app(app, valkey, secret_keys=(new,)), alice.session)
    assert gone.get("/dashboard").status_code == 302
    turned = Browser(other_app(app, valkey, secret_keys=(new, old)), alice.session)
    assert turned.client.post("/dashboard/mood", data=data).status_code == 303
    assert (
        turned.post("/settings", {"name": "A", "timezone": "UTC", "day_start": "0"}).status_code
        == 303
    )
    assert Browser(gone.client.application, turned.session).get("/dashboard").status_code == 200


@pytest.mark.parametrize("host", ["a..b", ".a", "x" * 64 + ".com"])
@pytest.mark.parametrize("url", ["/login", "/healthz", "/static/app.css", "/nowhere"])
def test_a_host_that_is_no_name_is_refused(client: FlaskClient, host: str, url: str) -> None:
    answer = client.get(url, headers={"Host": host})
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer.headers
