"""Two-factor on the settings page: on, off, new recovery codes."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from tests.support.two_factor import NOW, code_of, stop_clock
from tests.web.accounts import two_factor_helpers
from tests.web.accounts.two_factor_helpers import (
    URL,
    Events,
    act,
    guard,
    halfway,
    is_in,
    offered,
    recovery_codes,
    send,
)
from tests.web.helpers import Browser, Client, error_beside, everything, log_in
from tests.web.templating import test_translation
from tests.web.templating.test_translation import english

events = two_factor_helpers.events
odd = test_translation.odd


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def test_it_offers_a_secret_that_a_reload_does_not_change(alice: Browser, valkey: Redis) -> None:
    before = everything(valkey)
    secret = offered(alice)
    assert len(secret) == 32
    assert offered(alice) == secret
    assert f"secret={secret}" in html.unescape(alice.get(URL).text)
    assert everything(valkey) == before


def test_it_draws_nothing_that_the_policy_would_stop(alice: Browser) -> None:
    page = alice.get(URL).text
    assert "<path" in page
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert 'fill="#fff"' in page


def test_it_is_switched_on_by_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    secret = offered(alice)
    answer = act(alice, "on", "000 000")
    assert (answer.status_code, answer.text.count("This code does not fit")) == (422, 1)
    answer = act(alice, "on", code_of(secret), current_password="not this one")
    assert answer.status_code == 422
    assert error_beside(answer, "on-current_password") == "This is not your current password."
    assert log_in(app, "Alice")
    assert offered(alice) == secret
    page = act(alice, "on", code_of(secret, NOW - 30))
    assert len(set(recovery_codes(page))) == 10
    assert events[-1] == ("two_factor.on", {"user": alice.user_id})
    page = alice.get(URL)
    assert "On since" in page.text
    assert "10 recovery codes are left" in page.text
    assert secret not in page.text
    assert not recovery_codes(page)


def test_it_is_switched_on_once(alice: Browser) -> None:
    secret, _ = guard(alice)
    again = act(alice, "on", code_of(secret))
    assert again.status_code == 422
    assert not recovery_codes(again)


def test_the_session_keeps_no_secret_once_it_is_on(alice: Browser) -> None:
    guard(alice)
    with alice.client.session_transaction() as session:
        assert "offer" not in session


@pytest.mark.usefixtures("odd")
def test_it_speaks_the_language_of_the_page(app: Flask, alice: Browser) -> None:
    secrets = re.compile(
        r"otpauth:[^\"]+|<p class=\"value num\">.*?</p>|<textarea.*?</textarea>", re.S
    )
    shown = [alice.get(URL), act(alice, "on", "000000")]
    secret, codes = offered(alice), act(alice, "on", code_of(offered(alice), NOW - 30))
    shown += [codes, alice.get(URL), act(alice, "off"), act(alice, "codes", current_password="")]
    visitor = halfway(app)
    shown += [visitor.get("/login/code"), send(visitor, "1"), send(visitor, "")]
    assert send(visitor, code_of(secret)).status_code == 302
    shown += [visitor.get("/settings")]
    assert [english(secrets.sub("", page.text)) for page in shown] == [set()] * len(shown)


def test_new_recovery_codes_want_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    _, old = guard(alice)
    answer = act(alice, "codes", current_password="", code=old[1])
    assert answer.status_code == 422
    assert error_beside(answer, "codes-current_password") == "This is not your current password."
    assert act(alice, "codes", code="000000").status_code == 422
    new = recovery_codes(act(alice, "codes", code=old[1]))
    assert len(set(new) - set(old)) == 10
    assert events[-1] == ("two_factor.codes_made", {"user": alice.user_id})
    assert send(halfway(app), old[0]).status_code == 422
    assert send(halfway(app), new[0]).status_code == 302


def test_it_is_switched_off_by_a_code_and_the_password(
    app: Flask, alice: Browser, events: Events
) -> None:
    secret, codes = guard(alice)
    for wrong in ({"code": "000000"}, {"code": codes[0], "current_password": "not this one"}):
        assert act(alice, "off", **wrong).status_code == 422
    answer = act(alice, "off", codes[0])
    assert (answer.status_code, answer.location) == (303, URL)
    assert events[-1] == ("two_factor.off", {"user": alice.user_id})
    assert is_in(log_in(app, "Alice"))
    assert offered(alice) not in ("", secret)


@pytest.mark.parametrize("action", ["", "On", "delete"])
def test_it_does_nothing_else(alice: Browser, action: str) -> None:
    assert act(alice, action).status_code == 400


def test_a_sample_has_none(app: Flask, valkey: Redis) -> None:
    open_to_all = create_app(replace(app.extensions["aira"].given, redis_url=None), valkey)
    open_to_all.test_client_class = Client
    robin = Browser(open_to_all)
    robin.post("/sample")
    robin.renew()
    assert robin.get(URL).status_code == act(robin, "on").status_code == 404
    assert URL not in robin.get("/settings").text
