"""Somebody who came by a sign-in link and has neither address nor password."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from stats import operators
from stats.errors import InvalidInput
from stats.web.accounts import emails
from tests.web.accounts.test_sign_in_links import (
    create_sign_in_link,
    create_user_by_api,
    open_sign_in_link,
)
from tests.web.helpers import PASSWORD, Browser, field_error, log_in, remaining_keys

GREETING = re.compile(r"<h1[^>]*>\s*Good \w+, <bdi>([^<]+)</bdi></h1>")


def test_it_lets_in_who_has_stats_alone(
    app: Flask, service_client: FlaskClient, valkey: Redis
) -> None:
    assert service_client.patch("/api/mood?userId=42", json={"score": 7}).status_code == 200
    browser = Browser(app)
    assert open_sign_in_link(browser, create_sign_in_link(service_client, "42")).status_code == 302
    page = browser.get("/dashboard").text
    assert GREETING.search(page)[1] == "friend"
    assert 'data-stat="mood_score"' in page
    assert browser.get("/api/dashboard").json["data"]["mood_score"] == 7
    assert browser.get("/api/users").status_code == 403
    assert valkey.keys("email:*") == []


def test_who_came_by_link_can_take_a_name_and_comes_back(
    app: Flask, service_client: FlaskClient
) -> None:
    create_user_by_api(service_client, "42")
    browser = Browser(app)
    open_sign_in_link(browser, create_sign_in_link(service_client, "42"))
    profile = {"name": "Maya", "timezone": "Europe/Berlin", "day_start": "4"}
    assert browser.post("/settings", profile).status_code == 303
    again = Browser(app)
    assert open_sign_in_link(again, create_sign_in_link(service_client, "42")).status_code == 302
    assert GREETING.search(again.get("/dashboard").text)[1] == "Maya"


def test_nobody_gets_into_such_an_account_by_a_form(
    app: Flask, service_client: FlaskClient
) -> None:
    create_user_by_api(service_client, "42")
    create_sign_in_link(service_client, "42")
    for email in ("", "42", "@", "42@example.com"):
        stranger = Browser(app)
        data = {"email": email, "password": PASSWORD}
        assert stranger.post("/login", data).status_code == 422
        assert stranger.get("/dashboard").status_code == 302


def test_an_operator_can_give_it_an_address(
    app: Flask, service_client: FlaskClient, valkey: Redis
) -> None:
    create_user_by_api(service_client, "42")
    browser, path = Browser(app), create_sign_in_link(service_client, "42")
    open_sign_in_link(browser, create_sign_in_link(service_client, "42"))
    about = {"email": "Maya@example.com", "name": "Maya", "user_id": "42"}
    assert operators.create(valkey, **about, password=PASSWORD) == "42"
    assert "maya@example.com" in browser.get("/settings").text
    assert log_in(app, "Maya").stats()["days_active"] == 1
    assert open_sign_in_link(Browser(app), path).status_code == 302
    with pytest.raises(InvalidInput, match="There is an account under this id already"):
        operators.create(valkey, **about)


@pytest.fixture
def linked_user(app: Flask, service_client: FlaskClient) -> Browser:
    """Somebody whom the chat backend knows and who has come by a link."""
    create_user_by_api(service_client, "42")
    browser = Browser(app)
    open_sign_in_link(browser, create_sign_in_link(service_client, "42"))
    browser.user_id = "42"
    return browser


def test_settings_offer_no_password_to_who_has_none(
    linked_user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emails, "offers_mail", lambda: True)
    page = linked_user.get("/settings").text
    assert "You come in by a link from Aira." in page
    assert 'type="password"' not in page
    assert "/settings/two-factor" not in page
    assert "Not confirmed yet" not in page
    assert linked_user.get("/settings/two-factor").status_code == 404
    changes = {"name": "M", "timezone": "UTC", "email": "m@example.com", "current_password": ""}
    assert linked_user.post("/settings", changes).status_code == 422
    passwords = {"current_password": "", "new_password": PASSWORD}
    assert linked_user.post("/settings/password", passwords).status_code == 422


def test_who_has_no_address_deletes_by_the_id(linked_user: Browser, valkey: Redis) -> None:
    assert "type your user ID: 42" in linked_user.get("/settings").text
    for typed in ("", " ", "43", "friend"):
        answer = linked_user.post("/settings/delete", {"confirm": typed})
        assert answer.status_code == 422
        assert field_error(answer, "confirm") == "Type the user ID of this account to delete it."
    assert linked_user.post("/settings/delete", {"confirm": " 42 "}).status_code == 303
    assert remaining_keys(valkey) == []


def test_one_without_an_address_does_not_lock_another_out(
    app: Flask, linked_user: Browser, service_client: FlaskClient
) -> None:
    create_user_by_api(service_client, "43")
    other = Browser(app)
    open_sign_in_link(other, create_sign_in_link(service_client, "43"))
    wrong = {"current_password": "wrong", "new_password": PASSWORD}
    for _ in range(11):
        linked_user.client.post(
            "/settings/password",
            data={"csrf_token": linked_user.token, **wrong},
            environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
        )
    assert other.post("/settings/password", wrong).status_code == 422
