"""Addresses: confirmed after the sign-up, changed with the consent of both."""

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from app import create_app
from tests.support.mailbox import Mailbox, html_of, link_path, text_of
from tests.support.store_checks import run_concurrently
from tests.web import mail_fixtures
from tests.web.helpers import PASSWORD, Browser, field_error, form_token, log_in, sign_up

mailbox, app = mail_fixtures.mailbox, mail_fixtures.app
OLD, NEW = "alice@example.com", "alice@new.example"
PROFILE = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
CHANGE = PROFILE | {"email": NEW, "current_password": PASSWORD}


def open_link(app: Flask, path: str) -> TestResponse:
    """Open a link somewhere else and press its button."""
    browser = Browser(app)
    token = form_token(browser.get(path)) or browser.token
    return browser.client.post(path, data={"csrf_token": token})


@pytest.fixture
def confirmed_alice(app: Flask, alice: Browser, mailbox: Mailbox) -> Browser:
    """Alice, who has confirmed her address."""
    assert open_link(app, link_path(mailbox.wait(1)[0])).status_code == 303
    return alice


def test_it_asks_who_signs_up(app: Flask, alice: Browser, mailbox: Mailbox, valkey: Redis) -> None:
    [got] = mailbox.wait(1)
    assert (got["To"], got["Subject"]) == (OLD, "Confirm your address for Aira")
    assert "Not confirmed yet" in alice.get("/settings").text
    path = link_path(got)
    assert 0 < valkey.ttl(valkey.keys("token:*")[0]) <= 86_400
    for _ in range(2):
        page = Browser(app).get(path)
        assert page.status_code == 200
        assert OLD in page.text
        assert Browser(app).head(path).status_code == 200
    assert "Not confirmed yet" in alice.get("/settings").text
    done = open_link(app, path)
    assert (done.status_code, done.location) == (303, "/login")
    assert "Not confirmed" not in alice.get("/settings").text


def test_it_leads_back_to_the_settings(alice: Browser, mailbox: Mailbox) -> None:
    done = alice.post(link_path(mailbox.wait(1)[0]))
    assert (done.status_code, done.location) == (303, "/settings")
    assert "Your e-mail address is confirmed." in alice.get("/settings").text


def test_a_link_works_once(app: Flask, confirmed_alice: Browser, mailbox: Mailbox) -> None:
    path = link_path(mailbox.mails[0])
    for answer in (Browser(app).get(path), open_link(app, path)):
        assert answer.status_code == 404
        assert "This link no longer works" in answer.text


def test_it_sends_the_mail_again(app: Flask, alice: Browser, mailbox: Mailbox) -> None:
    mailbox.wait(1)
    answer = alice.post("/settings/email/confirm")
    assert (answer.status_code, answer.location) == (303, "/settings")
    first, second = map(link_path, mailbox.wait(2))
    assert first != second
    assert open_link(app, second).status_code == 303
    assert open_link(app, first).status_code == 303
    alice.post("/settings/email/confirm")
    sign_up(app, "Bob")
    assert [got["To"] for got in mailbox.wait(3)] == [OLD, OLD, "bob@example.com"]


def test_another_address_needs_another_mail(app: Flask, alice: Browser, mailbox: Mailbox) -> None:
    first = link_path(mailbox.wait(1)[0])
    alice.post("/settings", CHANGE)
    assert open_link(app, link_path(mailbox.last_to(NEW, 2))).status_code == 303
    mailbox.wait(4)
    assert open_link(app, first).status_code == 404


def test_it_says_nothing_of_it_where_no_mail_is_offered(app: Flask, valkey: Redis) -> None:
    plain = create_app(replace(app.extensions["aira"].base_settings, smtp_url=None), valkey)
    alice = sign_up(plain, "Alice")
    assert "confirmed" not in alice.get("/settings").text
    assert not valkey.keys("token:*")


def test_an_unconfirmed_address_is_changed_by_the_new_one(
    app: Flask, alice: Browser, mailbox: Mailbox
) -> None:
    mailbox.wait(1)
    other = log_in(app, "Alice")
    answer = alice.post("/settings", CHANGE | {"name": "Alicia"})
    assert (answer.status_code, answer.location) == (303, "/settings")
    page = alice.get("/settings").text
    assert "Your address changes once you press the link in the mail to the new one." in page
    assert f"Changes to <bdi>{NEW}</bdi> once you press the link in the mail to it." in page
    assert f'<p class="value">{OLD}</p>' in page
    assert 'value="Alicia"' in page
    got = mailbox.wait(2)[-1]
    assert got["To"] == NEW
    assert NEW in Browser(app).get(link_path(got)).text
    assert f'<p class="value">{OLD}</p>' in alice.get("/settings").text
    assert open_link(app, link_path(got)).status_code == 303
    assert sorted(mail["To"] for mail in mailbox.wait(4)[2:]) == [OLD, NEW]
    page = alice.get("/settings").text
    assert f'<p class="value">{NEW}</p>' in page
    assert "Changes to" not in page
    assert "Not confirmed" not in page
    assert other.get("/dashboard").status_code == 200
    assert log_in(app, "Alice", email=NEW).get("/dashboard").status_code == 200
    assert Browser(app).post("/login", {"email": OLD, "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_a_confirmed_address_must_agree(
    app: Flask, confirmed_alice: Browser, mailbox: Mailbox, order: tuple[str, str]
) -> None:
    confirmed_alice.post("/settings", CHANGE)
    mailbox.wait(3)
    first, second = (link_path(mailbox.last_to(address, 3)) for address in order)
    assert "the links in the mails to both" in confirmed_alice.get("/settings").text
    answer = open_link(app, first)
    assert answer.status_code == 303
    assert f'<p class="value">{OLD}</p>' in confirmed_alice.get("/settings").text
    assert open_link(app, first).status_code == 404
    assert open_link(app, second).status_code == 303
    assert f'<p class="value">{NEW}</p>' in confirmed_alice.get("/settings").text
    assert open_link(app, second).status_code == 404


def test_a_change_is_cancelled(app: Flask, confirmed_alice: Browser, mailbox: Mailbox) -> None:
    confirmed_alice.post("/settings", CHANGE)
    links = [link_path(mailbox.last_to(address, 3)) for address in (OLD, NEW)]
    answer = confirmed_alice.post("/settings/email/cancel")
    assert (answer.status_code, answer.location) == (303, "/settings")
    page = confirmed_alice.get("/settings").text
    assert "Your e-mail address stays as it is." in page
    assert "Changes to" not in page
    assert [open_link(app, link).status_code for link in links] == [404, 404]


def test_a_wrong_password_sends_nothing(
    app: Flask, alice: Browser, mailbox: Mailbox, valkey: Redis
) -> None:
    mailbox.wait(1)
    answer = alice.post("/settings", CHANGE | {"current_password": "wrong"})
    assert answer.status_code == 422
    assert field_error(answer, "current_password") == "This is not your current password."
    assert valkey.hget(alice.key("account"), "change") is None
    sign_up(app, "Carol")
    assert [got["To"] for got in mailbox.wait(2)] == [OLD, "carol@example.com"]


def without_tokens(page: str) -> str:
    """The page without tokens and without the time at which it was made."""
    return re.sub(r'value="[^"]*"|hx-headers=\S+ \S+|data-now="[^"]*"', "", page)


def test_a_taken_address_is_told_to_its_owner_alone(
    app: Flask, alice: Browser, bob: Browser, mailbox: Mailbox
) -> None:
    mailbox.wait(2)
    pages = []
    for address in ("bob@example.com", "bob@free.example"):
        answer = alice.post("/settings", CHANGE | {"email": address})
        assert (answer.status_code, answer.location) == (303, "/settings")
        pages.append(without_tokens(alice.get("/settings").text).replace(address, "-"))
    assert pages[0] == pages[1]
    notice = mailbox.wait(4)[2]
    assert (notice["To"], notice["Subject"]) == ("bob@example.com", "Your address for Aira")
    assert "/confirm/" not in text_of(notice) + html_of(notice)
    assert bob.get("/dashboard").status_code == 200


def test_one_of_two_gets_an_address(
    app: Flask, alice: Browser, bob: Browser, mailbox: Mailbox
) -> None:
    mailbox.wait(2)
    for browser in (alice, bob):
        browser.post("/settings", CHANGE)
    links = [link_path(got) for got in mailbox.wait(4)[2:]]
    browsers = [Browser(app), Browser(app)]
    tokens = [browser.token for browser in browsers]

    def act(n: int) -> Any:
        return browsers[n].client.post(links[n], data={"csrf_token": tokens[n]})

    answers = run_concurrently(2, act)
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    [loser] = [answer for answer in answers if answer.status_code == 409]
    assert "Another account has this address by now" in loser.text
    shown = [f'<p class="value">{NEW}</p>' in one.get("/settings").text for one in (alice, bob)]
    assert sorted(shown) == [False, True]
    assert alice.get("/dashboard").status_code == bob.get("/dashboard").status_code == 200


def test_a_change_of_the_password_voids_what_was_asked(
    app: Flask, alice: Browser, mailbox: Mailbox
) -> None:
    alice.post("/settings", CHANGE)
    link = link_path(mailbox.last_to(NEW, 2))
    new = {"current_password": PASSWORD, "new_password": "another sentence altogether"}
    assert alice.post("/settings/password", new).status_code == 303
    assert open_link(app, link).status_code == 404


@pytest.mark.parametrize("url", ["/settings/email/confirm", "/settings/email/cancel"])
def test_it_wants_a_token_and_a_session(app: Flask, alice: Browser, url: str) -> None:
    assert alice.client.post(url).status_code == 400
    assert Browser(app).post(url).location.startswith("/login?")


def test_a_link_wants_a_token(app: Flask, alice: Browser, mailbox: Mailbox) -> None:
    path = link_path(mailbox.wait(1)[0])
    assert Browser(app).client.post(path).status_code == 400
    assert open_link(app, path).status_code == 303
