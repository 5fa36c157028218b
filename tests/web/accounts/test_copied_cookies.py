"""A copied session cookie is dead once its owner changes what guards the account."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

import stats.accounts.log_in as log_in_module
from stats import operators
from stats.accounts import password_reset, passwords
from tests.support.two_factor import stop_clock, totp_code
from tests.web.accounts.test_sign_in_links import create_sign_in_link, open_sign_in_link
from tests.web.accounts.two_factor.two_factor_helpers import (
    TWO_FACTOR_URL,
    displayed_secret,
    submit_action,
)
from tests.web.forms import Twin, fields_of
from tests.web.helpers import PASSWORD, Browser, form_token, log_in

NEW = "another sentence altogether"


def change_password(browser: Browser) -> TestResponse:
    data = {"current_password": PASSWORD, "new_password": NEW}
    return browser.post("/settings/password", data)


def log_out_elsewhere(browser: Browser) -> TestResponse:
    return browser.post("/settings/sessions/revoke")


def switch_two_factor_on(browser: Browser) -> TestResponse:
    return submit_action(browser, "on", totp_code(displayed_secret(browser)))


Act = Callable[[Browser], TestResponse]
ACTS: list[Act] = [change_password, log_out_elsewhere, switch_two_factor_on]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


@pytest.mark.parametrize("act", ACTS)
def test_a_copy_is_dead_and_the_owner_stays(app: Flask, alice: Browser, act: Act) -> None:
    copy = Browser(app, alice.session)
    assert copy.get("/dashboard").status_code == 200
    assert act(alice).status_code in (200, 303)
    assert copy.get("/dashboard").status_code == 302
    assert copy.get("/api/dashboard").status_code == 401
    assert alice.get("/dashboard").status_code == 200


@pytest.mark.parametrize("act", ACTS)
def test_all_others_are_logged_out_with_it(
    app: Flask, alice: Browser, bob: Browser, valkey: Redis, act: Act
) -> None:
    others = [log_in(app, "Alice") for _ in range(2)]
    act(alice)
    assert [other.get("/dashboard").status_code for other in others] == [302, 302]
    assert bob.get("/dashboard").status_code == 200
    assert valkey.hlen(alice.key("sessions")) == 1


@pytest.mark.parametrize("act", ACTS)
def test_pages_that_are_open_in_other_tabs_can_still_be_sent(alice: Browser, act: Act) -> None:
    token = form_token(alice.get("/settings"))
    act(alice)
    data = {"csrf_token": token, "name": "Ada", "timezone": "UTC", "day_start": "0"}
    assert alice.client.post("/settings", data=data).status_code == 303


def test_the_button_stands_there_where_no_other_session_is_known(alice: Browser) -> None:
    page = alice.get("/settings").text
    assert "Only here, as far as we can see." in page
    assert "Log out everywhere else" in page


def test_what_fails_leaves_the_session_as_it_is(app: Flask, alice: Browser) -> None:
    other = log_in(app, "Alice")
    wrong = {"current_password": "not this one", "new_password": NEW}
    assert alice.post("/settings/password", wrong).status_code == 422
    assert submit_action(alice, "on", "000000").status_code == 422
    assert alice.get("/dashboard").status_code == other.get("/dashboard").status_code == 200


def reset_password(app: Flask, browser: Browser, valkey: Redis) -> None:
    request = password_reset.request_reset(valkey, "alice@example.com")
    assert request
    assert password_reset.reset_password(valkey, request.token, NEW)


def set_password_by_hand(app: Flask, browser: Browser, valkey: Redis) -> None:
    operators.set_password(valkey, browser.user_id, NEW)


def change_own_password(app: Flask, browser: Browser, valkey: Redis) -> None:
    change_password(browser)


@pytest.mark.parametrize("change", [change_own_password, reset_password, set_password_by_hand])
def test_sign_in_links_die_with_the_password(
    app: Flask,
    alice: Browser,
    bob: Browser,
    valkey: Redis,
    service_client: FlaskClient,
    change: Callable[[Flask, Browser, Redis], None],
) -> None:
    paths = [create_sign_in_link(service_client, alice.user_id) for _ in range(2)]
    other = create_sign_in_link(service_client, bob.user_id)
    change(app, alice, valkey)
    assert Browser(app).get(paths[0]).status_code == 404
    assert open_sign_in_link(Browser(app), paths[1]).status_code == 404
    later = create_sign_in_link(service_client, alice.user_id)
    for path in (other, later):
        assert open_sign_in_link(Browser(app), path).status_code == 302


def test_a_link_that_is_pressed_while_the_password_changes_lets_nobody_in(
    app: Flask,
    alice: Browser,
    valkey: Redis,
    service_client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The password changes between the look at the link and the beginning of the session."""
    path, seen = create_sign_in_link(service_client, alice.user_id), passwords.credentials

    def slow(*args: Any) -> tuple[str, str]:
        monkeypatch.setattr(log_in_module, "credentials", seen)
        set_password_by_hand(app, alice, valkey)
        return seen(*args)

    monkeypatch.setattr(log_in_module, "credentials", slow)
    assert open_sign_in_link(Browser(app), path).status_code == 404
    assert valkey.hlen(alice.key("sessions")) == 0


@pytest.mark.parametrize("way", ["one_by_one", "at_once"])
@pytest.mark.parametrize("act", ["password", "revoke", "on"])
def test_a_second_press_with_the_old_cookie_leads_where_the_first_led(
    app: Flask, alice: Browser, valkey: Redis, act: str, way: str
) -> None:
    copy = Browser(app, alice.session)
    both = TWINS[act](app, alice)
    first, second = getattr(both, way)()
    assert first.status_code == second.status_code
    assert (first.status_code, first.location) in ((200, None), (303, "/settings"))
    assert [browser.get("/dashboard").status_code for browser in both.browsers] == [200, 200]
    assert copy.get("/dashboard").status_code == 302
    assert valkey.hlen(alice.key("sessions")) == 1


def twin(app: Flask, browser: Browser, page: str, url: str, **values: str) -> Twin:
    return Twin(app, browser, url, fields_of(browser.get(page), url, **values))


def password_twin(app: Flask, browser: Browser) -> Twin:
    values = {"current_password": PASSWORD, "new_password": NEW}
    return twin(app, browser, "/settings", "/settings/password", **values)


def revoke_twin(app: Flask, browser: Browser) -> Twin:
    return twin(app, browser, "/settings", "/settings/sessions/revoke")


def two_factor_twin(app: Flask, browser: Browser) -> Twin:
    code = totp_code(displayed_secret(browser))
    values = {"action": "on", "code": code, "current_password": PASSWORD}
    return twin(app, browser, TWO_FACTOR_URL, TWO_FACTOR_URL, **values)


TWINS = {"password": password_twin, "revoke": revoke_twin, "on": two_factor_twin}
