"""Sign-in links: made with a service key, opened once, by whoever holds them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from app import create_app
from stats.accounts import sign_in_links
from tests.support.store_checks import run_concurrently
from tests.support.two_factor import stop_clock, totp_code
from tests.web.accounts.two_factor.two_factor_helpers import enable_two_factor, recorded_events
from tests.web.helpers import Browser, dump_all, field_error, form_token, log_in, remaining_keys


def create_sign_in_link(service_client: FlaskClient, user_id: str) -> str:
    """The path of a new link."""
    answer = service_client.post(f"/api/users/{user_id}/link")
    assert answer.status_code == 200, answer.json
    return urlsplit(answer.json["url"]).path


def open_sign_in_link(browser: Browser, path: str) -> TestResponse:
    """Open a link and press its button."""
    token = form_token(browser.get(path)) or browser.token
    answer = browser.client.post(path, data={"csrf_token": token})
    browser.forget_token()
    return answer


def create_user_by_api(service_client: FlaskClient, user_id: str) -> None:
    """Have the chat backend tell of somebody."""
    assert service_client.get(f"/api/dashboard?userId={user_id}").status_code == 200


def test_it_lets_in_once(app: Flask, alice: Browser, service_client: FlaskClient) -> None:
    path = create_sign_in_link(service_client, alice.user_id)
    browser = Browser(app)
    answer = open_sign_in_link(browser, path)
    assert (answer.status_code, answer.location) == (302, "/dashboard")
    assert "Good" in browser.get("/dashboard").text
    assert browser.get("/api/dashboard").json == alice.get("/api/dashboard").json
    for again in (browser, Browser(app)):
        page = open_sign_in_link(again, path)
        assert page.status_code == 404
        assert "This link no longer works" in page.text
        assert 'href="/login"' in page.text


def test_looking_uses_nothing_up(
    app: Flask, alice: Browser, service_client: FlaskClient, valkey: Redis
) -> None:
    path, scanner = create_sign_in_link(service_client, alice.user_id), app.test_client()
    before = dump_all(valkey)
    for look in (scanner.get, scanner.head, alice.get):
        assert look(path).status_code == 200
    assert scanner.post(path).status_code == 400
    assert dump_all(valkey) == before
    assert open_sign_in_link(Browser(app), path).status_code == 302


def test_of_a_crowd_one_gets_in(app: Flask, alice: Browser, service_client: FlaskClient) -> None:
    path = create_sign_in_link(service_client, alice.user_id)
    crowd = [Browser(app) for _ in range(8)]
    tokens = [form_token(browser.get(path)) for browser in crowd]

    def post(number: int) -> int:
        data = {"csrf_token": tokens[number]}
        return crowd[number].client.post(path, data=data).status_code

    assert sorted(run_concurrently(len(crowd), post)) == [302] + [404] * 7


def test_two_links_let_in_once_each(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    for path in [
        create_sign_in_link(service_client, alice.user_id),
        create_sign_in_link(service_client, alice.user_id),
    ]:
        assert open_sign_in_link(Browser(app), path).status_code == 302
        assert open_sign_in_link(Browser(app), path).status_code == 404


def test_it_lives_for_ten_minutes(
    app: Flask,
    alice: Browser,
    service_client: FlaskClient,
    valkey: Redis,
) -> None:
    answer = service_client.post(f"/api/users/{alice.user_id}/link").json
    assert set(answer) == {"url", "expires"}
    wait = datetime.fromisoformat(answer["expires"]) - datetime.now(UTC)
    assert 590 < wait.total_seconds() <= 600
    [key] = valkey.keys("token:*")
    assert 590 <= valkey.ttl(key) <= 600
    valkey.pexpire(key, 0)
    path = urlsplit(answer["url"]).path
    assert Browser(app).get(path).status_code == 404
    assert open_sign_in_link(Browser(app), path).status_code == 404


def test_redis_holds_no_link(alice: Browser, service_client: FlaskClient, valkey: Redis) -> None:
    token = create_sign_in_link(service_client, alice.user_id).rpartition("/")[2]
    assert len(token) == 43
    stored = dump_all(valkey)
    assert not [key for key, value in stored.items() if token in key or token.encode() in value]


def test_a_link_dies_with_its_user(app: Flask, alice: Browser, service_client: FlaskClient) -> None:
    paths = [create_sign_in_link(service_client, alice.user_id) for _ in range(2)]
    assert service_client.delete(f"/api/users/{alice.user_id}").status_code == 200
    assert open_sign_in_link(Browser(app), paths[0]).status_code == 404
    create_user_by_api(service_client, alice.user_id)
    create_sign_in_link(service_client, alice.user_id)
    assert Browser(app).get(paths[1]).status_code == 404
    assert open_sign_in_link(Browser(app), paths[1]).status_code == 404


def test_only_a_service_key_makes_one(app: Flask, alice: Browser, bob: Browser) -> None:
    for whose in (alice.user_id, bob.user_id, "nobody"):
        assert alice.api("POST", f"/api/users/{whose}/link").status_code == 403
        assert app.test_client().post(f"/api/users/{whose}/link").status_code == 401


def test_it_makes_none_for_nobody(service_client: FlaskClient, valkey: Redis) -> None:
    assert service_client.post("/api/users/nobody/link").status_code == 404
    assert service_client.post("/api/users/{1}/link").status_code == 400
    assert remaining_keys(valkey) == []
    assert valkey.keys("token:*") == []


def test_it_takes_no_fields(alice: Browser, service_client: FlaskClient) -> None:
    url = f"/api/users/{alice.user_id}/link"
    assert service_client.post(url, json={}).status_code == 200
    assert service_client.post(url, json={"next": "/plans"}).status_code == 400


def test_a_token_of_another_kind_opens_nothing(
    app: Flask, alice: Browser, service_client: FlaskClient, valkey: Redis
) -> None:
    path = create_sign_in_link(service_client, alice.user_id)
    [key] = valkey.keys("token:*")
    valkey.set(key, valkey.get(key).replace("link ", "reset "), keepttl=True)
    assert open_sign_in_link(Browser(app), path).status_code == 404


def test_the_address_is_the_public_one(
    app: Flask, alice: Browser, service_client: FlaskClient, valkey: Redis
) -> None:
    url = f"/api/users/{alice.user_id}/link"
    assert service_client.post(url).json["url"].startswith("http://localhost/login/link/")
    settings = replace(app.extensions["aira"].base_settings, public_url="https://stats.example/")
    key = {"Authorization": f"Bearer {settings.api_keys[0]}", "Host": "evil.example"}
    made = create_app(settings, valkey).test_client().post(url, headers=key).json["url"]
    assert made.startswith("https://stats.example/login/link/")


def test_it_replaces_whoever_was_logged_in(
    app: Flask, alice: Browser, bob: Browser, service_client: FlaskClient, valkey: Redis
) -> None:
    before, token = bob.session, bob.token
    copied = Browser(app, before)
    assert (
        open_sign_in_link(bob, create_sign_in_link(service_client, alice.user_id)).status_code
        == 302
    )
    assert bob.session != before
    assert bob.token != token
    assert "Alice" in bob.get("/settings").text
    assert copied.get("/dashboard").status_code == 302
    assert valkey.hlen(bob.key("sessions")) == 0


def test_a_dead_link_changes_nothing_for_who_is_logged_in(bob: Browser) -> None:
    assert bob.token
    before = bob.session
    assert open_sign_in_link(bob, "/login/link/1").status_code == 404
    assert bob.session == before
    assert "Bob" in bob.get("/settings").text


def test_two_factor_is_still_asked_for(
    app: Flask,
    alice: Browser,
    service_client: FlaskClient,
    valkey: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_clock(monkeypatch)
    secret, _ = enable_two_factor(alice)
    before = valkey.hlen(alice.key("sessions"))
    browser = Browser(app)
    answer = open_sign_in_link(browser, create_sign_in_link(service_client, alice.user_id))
    assert (answer.status_code, answer.location) == (302, "/login/code")
    assert browser.get("/dashboard").status_code == 302
    assert valkey.hlen(alice.key("sessions")) == before
    answer = browser.post("/login/code", {"code": totp_code(secret)})
    assert (answer.status_code, answer.location) == (302, "/dashboard")


def test_it_is_written_down(app: Flask, alice: Browser, service_client: FlaskClient) -> None:
    with recorded_events() as events:
        path = create_sign_in_link(service_client, alice.user_id)
        open_sign_in_link(Browser(app), path)
        open_sign_in_link(Browser(app), path)
    whom: dict[str, Any] = {"user": alice.user_id}
    assert events == [
        ("link.made", whom),
        ("login", whom | {"how": "link"}),
        ("login.failed", {"reason": "link"}),
    ]
    assert "Log-in link" in alice.get("/settings").text


def test_pressing_is_counted_for_an_address(app: Flask, client: FlaskClient) -> None:
    browser = Browser(app)
    data = {"csrf_token": browser.token}
    statuses = [browser.client.post("/login/link/1", data=data).status_code for _ in range(101)]
    assert statuses == [404] * 100 + [429]


def test_what_is_there_stays(app: Flask, alice: Browser, service_client: FlaskClient) -> None:
    sign_in_links.make_link(app.extensions["aira"].db, alice.user_id, "friend")
    assert "Alice" in alice.get("/settings").text
    assert log_in(app, "Alice").get("/dashboard").status_code == 200
    assert field_error(alice.get("/settings"), "name") == ""
