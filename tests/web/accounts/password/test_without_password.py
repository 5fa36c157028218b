"""Somebody who came by a sign-in link and was given an address, and has no password yet."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from stats import operators
from tests.support.mailbox import Mailbox, link_path
from tests.web import mail_fixtures
from tests.web.accounts.test_sign_in_links import (
    create_sign_in_link,
    create_user_by_api,
    open_sign_in_link,
)
from tests.web.helpers import PASSWORD, Browser, form_token, log_in

mailbox, app = mail_fixtures.mailbox, mail_fixtures.app
MAYA = {"email": "maya@example.com", "name": "Maya", "user_id": "42"}


@pytest.fixture
def maya(app: Flask, service_client: FlaskClient, valkey: Redis) -> Browser:
    create_user_by_api(service_client, "42")
    browser = Browser(app)
    open_sign_in_link(browser, create_sign_in_link(service_client, "42"))
    operators.create(valkey, **MAYA)
    return browser


def test_settings_show_no_form_that_cannot_work(maya: Browser) -> None:
    page = maya.get("/settings").text
    assert "maya@example.com" in page
    assert 'type="password"' not in page
    assert "/settings/two-factor" not in page
    assert "You log in with a password" not in page
    assert "You have none yet" in page


def test_a_mail_from_there_leads_to_the_first_password(
    app: Flask, mailbox: Mailbox, maya: Browser
) -> None:
    page = maya.get("/settings").text
    assert 'action="/reset"' in page
    assert '<input type="hidden" name="email" value="maya@example.com">' in page
    assert maya.post("/reset", {"email": "maya@example.com"}).status_code == 200
    browser, path = Browser(app), link_path(mailbox.last_to("maya@example.com", 1))
    data = {"new_password": PASSWORD, "csrf_token": form_token(browser.get(path))}
    assert browser.client.post(path, data=data).status_code == 303
    page = log_in(app, "Maya").get("/settings").text
    assert 'action="/settings/password"' in page
    assert "/settings/two-factor" in page
    assert "You have none yet" not in page


def test_without_mail_it_says_whom_to_ask(
    app: Flask, maya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stats.web.accounts.emails.offers_mail", lambda: False)
    page = maya.get("/settings").text
    assert "ask whoever runs it for a password" in page
    assert 'action="/reset"' not in page


def test_a_password_that_is_posted_nevertheless_changes_nothing(maya: Browser) -> None:
    passwords = {"current_password": "", "new_password": PASSWORD}
    answer = maya.post("/settings/password", passwords)
    assert answer.status_code == 422
    assert 'type="password"' not in answer.text
    assert "You have none yet" in answer.text


def test_there_is_no_second_factor_without_a_first(maya: Browser) -> None:
    assert maya.get("/settings/two-factor").status_code == 404
    assert maya.post("/settings/two-factor", {"action": "on"}).status_code == 404
