"""Two-factor on the settings page: on, off, new recovery codes."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from tests.support.two_factor import NOW, stop_clock, totp_code
from tests.web.accounts.two_factor import two_factor_helpers
from tests.web.accounts.two_factor.two_factor_helpers import (
    TWO_FACTOR_URL,
    Events,
    browser_after_password,
    displayed_secret,
    enable_two_factor,
    is_logged_in,
    recovery_codes,
    submit_action,
    submit_code,
)
from tests.web.helpers import Browser, Client, dump_all, field_error, log_in
from tests.web.templating import test_translation
from tests.web.templating.test_translation import english

events = two_factor_helpers.events
odd_language = test_translation.odd_language


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def test_it_offers_a_secret_that_a_reload_does_not_change(alice: Browser, valkey: Redis) -> None:
    before = dump_all(valkey)
    secret = displayed_secret(alice)
    assert len(secret) == 32
    assert displayed_secret(alice) == secret
    assert f"secret={secret}" in html.unescape(alice.get(TWO_FACTOR_URL).text)
    assert dump_all(valkey) == before


def test_it_draws_nothing_that_the_policy_would_stop(alice: Browser) -> None:
    page = alice.get(TWO_FACTOR_URL).text
    assert "<path" in page
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert 'fill="#fff"' in page


def test_it_is_switched_on_by_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    secret = displayed_secret(alice)
    answer = submit_action(alice, "on", "000 000")
    assert (answer.status_code, answer.text.count("This code does not fit")) == (422, 1)
    answer = submit_action(alice, "on", totp_code(secret), current_password="not this one")
    assert answer.status_code == 422
    assert field_error(answer, "on-current_password") == "This is not your current password."
    assert log_in(app, "Alice")
    assert displayed_secret(alice) == secret
    page = submit_action(alice, "on", totp_code(secret, NOW - 30))
    assert len(set(recovery_codes(page))) == 10
    assert events[-1] == ("two_factor.on", {"user": alice.user_id})
    page = alice.get(TWO_FACTOR_URL)
    assert "On since" in page.text
    assert "10 recovery codes are left" in page.text
    assert secret not in page.text
    assert not recovery_codes(page)


def test_it_is_switched_on_once(alice: Browser) -> None:
    secret, _ = enable_two_factor(alice)
    again = submit_action(alice, "on", totp_code(secret))
    assert again.status_code == 422
    assert not recovery_codes(again)


def test_the_session_keeps_no_secret_once_it_is_on(alice: Browser) -> None:
    enable_two_factor(alice)
    with alice.client.session_transaction() as session:
        assert "offer" not in session


@pytest.mark.usefixtures("odd_language")
def test_it_speaks_the_language_of_the_page(app: Flask, alice: Browser) -> None:
    secrets = re.compile(
        r"otpauth:[^\"]+|<p class=\"value tabular-nums\">.*?</p>|<textarea.*?</textarea>", re.S
    )
    shown = [alice.get(TWO_FACTOR_URL), submit_action(alice, "on", "000000")]
    secret, codes = (
        displayed_secret(alice),
        submit_action(alice, "on", totp_code(displayed_secret(alice), NOW - 30)),
    )
    shown += [
        codes,
        alice.get(TWO_FACTOR_URL),
        submit_action(alice, "off"),
        submit_action(alice, "codes", current_password=""),
    ]
    visitor = browser_after_password(app)
    shown += [visitor.get("/login/code"), submit_code(visitor, "1"), submit_code(visitor, "")]
    assert submit_code(visitor, totp_code(secret)).status_code == 302
    shown += [visitor.get("/settings")]
    assert [english(secrets.sub("", page.text)) for page in shown] == [set()] * len(shown)


def test_new_recovery_codes_want_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    _, old = enable_two_factor(alice)
    answer = submit_action(alice, "codes", current_password="", code=old[1])
    assert answer.status_code == 422
    assert field_error(answer, "codes-current_password") == "This is not your current password."
    assert submit_action(alice, "codes", code="000000").status_code == 422
    new = recovery_codes(submit_action(alice, "codes", code=old[1]))
    assert len(set(new) - set(old)) == 10
    assert events[-1] == ("two_factor.codes_made", {"user": alice.user_id})
    assert submit_code(browser_after_password(app), old[0]).status_code == 422
    assert submit_code(browser_after_password(app), new[0]).status_code == 302


def test_it_is_switched_off_by_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    secret, codes = enable_two_factor(alice)
    for wrong in ({"code": "000000"}, {"code": codes[0], "current_password": "not this one"}):
        assert submit_action(alice, "off", **wrong).status_code == 422
    answer = submit_action(alice, "off", codes[0])
    assert (answer.status_code, answer.location) == (303, TWO_FACTOR_URL)
    assert events[-1] == ("two_factor.off", {"user": alice.user_id})
    assert is_logged_in(log_in(app, "Alice"))
    assert displayed_secret(alice) not in ("", secret)


@pytest.mark.parametrize("action", ["", "On", "delete"])
def test_it_does_nothing_else(alice: Browser, action: str) -> None:
    assert submit_action(alice, action).status_code == 400


def test_a_sample_has_none(app: Flask, valkey: Redis) -> None:
    open_to_all = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    open_to_all.test_client_class = Client
    robin = Browser(open_to_all)
    robin.post("/sample")
    robin.forget_token()
    assert robin.get(TWO_FACTOR_URL).status_code == submit_action(robin, "on").status_code == 404
    assert TWO_FACTOR_URL not in robin.get("/settings").text
