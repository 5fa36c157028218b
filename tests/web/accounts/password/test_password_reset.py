"""A forgotten password: asked for, mailed, chosen anew; and nothing told to anybody else."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats.store.client import LocalRedis
from tests.support.live_server import eventually
from tests.support.mailbox import PUBLIC_URL, Mailbox, html_of, link_path, text_of
from tests.support.store_checks import run_concurrently
from tests.web import mail_fixtures
from tests.web.helpers import (
    PASSWORD,
    Browser,
    RoundTrips,
    dump_all,
    field_error,
    form_token,
    log_in,
)

mailbox, app = mail_fixtures.mailbox, mail_fixtures.app
NEW = "another sentence altogether"
ALICE = {"email": "alice@example.com"}


def request_reset_link(app: Flask, mailbox: Mailbox, email: str = ALICE["email"]) -> str:
    """Ask for a new password and return the path in the mail that comes."""
    count = len(mailbox.mails) + 1
    assert Browser(app).post("/reset", {"email": email}).status_code == 200
    return link_path(mailbox.wait(count)[-1])


def submit_password(app: Flask, path: str, password: str = NEW):
    browser = Browser(app)
    token = form_token(browser.get(path))
    data = {"new_password": password, "csrf_token": token or browser.token}
    return browser.client.post(path, data=data)


@pytest.fixture
def confirm_mailbox(alice: Browser, mailbox: Mailbox) -> Mailbox:
    """The mailbox, once Alice has been asked to confirm her address."""
    mailbox.wait(1)
    return mailbox


def test_the_way_back_in(app: Flask, alice: Browser, bob: Browser, mailbox: Mailbox) -> None:
    mailbox.wait(2)
    visitor = Browser(app)
    assert 'href="/reset"' in visitor.get("/login").text
    page = visitor.get("/reset")
    assert (page.status_code, 'name="email"' in page.text) == (200, True)
    answer = visitor.post("/reset", {"email": " Alice@Example.com"})
    assert answer.status_code == 200
    assert "If there is an account with this address, a mail is on its way" in answer.text
    got = mailbox.wait(3)[-1]
    assert got["To"] == ALICE["email"]
    path = link_path(got)
    assert visitor.get(path).status_code == visitor.get(path).status_code == 200
    assert visitor.head(path).status_code == 200
    done = submit_password(app, path)
    assert (done.status_code, done.location) == (303, "/login")
    assert alice.get("/dashboard").status_code == 302
    assert bob.get("/dashboard").status_code == 200
    old = {**ALICE, "password": PASSWORD}
    assert Browser(app).post("/login", old).status_code == 422
    again = log_in(app, "Alice", password=NEW)
    assert again.get("/dashboard").status_code == 200
    assert "Not confirmed" not in again.get("/settings").text
    notice = mailbox.wait(4)[-1]
    assert (notice["To"], notice["Subject"]) == (
        ALICE["email"],
        "Your password for Aira was changed",
    )


def test_it_logs_nobody_in(app: Flask, alice: Browser, confirm_mailbox: Mailbox) -> None:
    visitor, path = Browser(app), request_reset_link(app, confirm_mailbox)
    token = form_token(visitor.get(path))
    answer = visitor.client.post(
        path, data={"new_password": NEW, "csrf_token": token}, follow_redirects=True
    )
    assert "Your password is changed. Log in with it." in answer.text
    assert visitor.get("/dashboard").status_code == 302


@pytest.mark.parametrize("email", ["nobody@example.com", "alice@example.com"])
def test_it_tells_nobody_who_is_here(
    app: Flask, confirm_mailbox: Mailbox, round_trips: RoundTrips, email: str
) -> None:
    visitor = Browser(app)
    token = form_token(visitor.get("/reset"))
    round_trips.count = 0
    answer = visitor.client.post("/reset", data={"email": email, "csrf_token": token})
    # Over a Unix socket one more asks whether the append-only file has what was counted.
    asks_again = isinstance(app.extensions["aira"].db, LocalRedis)
    assert (answer.status_code, round_trips.count) == (200, 3 + asks_again)
    plain = re.sub(r'value="[^"]+"', "", answer.text)
    other = Browser(app).post("/reset", {"email": "else@example.com"}).text
    assert plain == re.sub(r'value="[^"]+"', "", other)
    if email == ALICE["email"]:
        confirm_mailbox.wait(2)
    request_reset_link(app, confirm_mailbox)
    assert all(mail["To"] == ALICE["email"] for mail in confirm_mailbox.mails)


@pytest.mark.parametrize("email", ["", "alice", "a@b\r\nBcc: c@example.com", "a\0@example.com"])
def test_it_wants_an_address(app: Flask, valkey: Redis, email: str) -> None:
    answer = Browser(app).post("/reset", {"email": email})
    assert answer.status_code == 422
    assert field_error(answer, "email")
    assert valkey.keys() == []


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Choose a password."),
        ("short", "A password needs 8 to 128 characters."),
        ("p" * 129, "A password needs 8 to 128 characters."),
        ("pass\0word", "password holds a character that cannot be stored."),
        ("alice@example.com", "Choose a password that is not your name or e-mail address."),
    ],
)
def test_a_password_that_will_not_do_leaves_the_link(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox, password: str, sentence: str
) -> None:
    path = request_reset_link(app, confirm_mailbox)
    answer = submit_password(app, path, password)
    assert answer.status_code == 422
    assert field_error(answer, "new_password") == sentence
    assert alice.get("/dashboard").status_code == 200
    assert submit_password(app, path).status_code == 303


def is_dead_link(app: Flask, path: str) -> bool:
    answers = (Browser(app).get(path), submit_password(app, path, "yet another sentence"))
    for answer in answers:
        assert answer.status_code in (200, 303, 404)
        if answer.status_code == 404:
            assert "This link no longer works" in answer.text
            assert 'href="/reset"' in answer.text
    return [answer.status_code for answer in answers] == [404, 404]


def test_a_link_works_once(app: Flask, confirm_mailbox: Mailbox) -> None:
    path = request_reset_link(app, confirm_mailbox)
    assert submit_password(app, path).status_code == 303
    assert is_dead_link(app, path)
    assert log_in(app, "Alice", password=NEW).get("/dashboard").status_code == 200


def test_every_link_dies_with_the_password(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox
) -> None:
    first, second = (
        request_reset_link(app, confirm_mailbox),
        request_reset_link(app, confirm_mailbox),
    )
    assert submit_password(app, second).status_code == 303
    assert is_dead_link(app, first)
    third, member = ask_later(app, confirm_mailbox), log_in(app, "Alice", password=NEW)
    change = {"current_password": NEW, "new_password": PASSWORD}
    assert member.post("/settings/password", change).status_code == 303
    assert is_dead_link(app, third)


def ask_later(app: Flask, mailbox: Mailbox) -> str:
    """Ask once the notice of the last change has come."""
    mailbox.wait(4)
    return request_reset_link(app, mailbox)


def test_a_link_dies_in_time_and_with_the_account(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox, valkey: Redis
) -> None:
    path = request_reset_link(app, confirm_mailbox)
    lives = [valkey.ttl(key) for key in valkey.keys("token:*")]
    assert min(lives) > 3590
    assert sorted(lives)[0] <= 3600
    alice.post("/settings/delete", {"confirm": ALICE["email"]})
    assert is_dead_link(app, path)


@pytest.mark.parametrize("path", ["/reset/x", "/reset/" + "A" * 43, "/reset/%00", "/reset/%F0%9F"])
def test_a_made_up_link_is_dead(app: Flask, alice: Browser, path: str) -> None:
    assert is_dead_link(app, path)


def test_a_link_of_another_kind_is_dead(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox
) -> None:
    confirm, reset = link_path(confirm_mailbox.mails[0]), request_reset_link(app, confirm_mailbox)
    assert is_dead_link(app, confirm.replace("/confirm/", "/reset/"))
    wrong = Browser(app).get(reset.replace("/reset/", "/confirm/"))
    assert wrong.status_code == 404
    assert submit_password(app, reset).status_code == 303


def test_one_of_a_crowd_resets(app: Flask, confirm_mailbox: Mailbox) -> None:
    path = request_reset_link(app, confirm_mailbox)
    browsers = [Browser(app) for _ in range(12)]
    tokens = [form_token(browser.get(path)) for browser in browsers]

    def press(n: int) -> int:
        data = {"new_password": f"{NEW} {n}", "csrf_token": tokens[n]}
        return browsers[n].client.post(path, data=data).status_code

    answers = run_concurrently(12, press)
    assert sorted(answers) == [303] + [404] * 11
    assert log_in(app, "Alice", password=f"{NEW} {answers.index(303)}")


def test_no_token_is_stored(app: Flask, confirm_mailbox: Mailbox, valkey: Redis) -> None:
    token = request_reset_link(app, confirm_mailbox).rpartition("/")[2]
    assert not [key for key, value in dump_all(valkey).items() if token in f"{key}{value!r}"]


def test_no_mail_is_built_from_a_host_header(app: Flask, confirm_mailbox: Mailbox) -> None:
    visitor = Browser(app)
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    token = form_token(visitor.get("/reset", headers=evil))
    data = {**ALICE, "csrf_token": token}
    visitor.client.set_cookie("session", visitor.session, domain="evil.example")
    answer = visitor.client.post("/reset", data=data, headers=evil, base_url="http://evil.example")
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        with visitor.client as client:
            page = client.get("/reset", base_url="http://evil.example")
            data["csrf_token"] = form_token(page)
            answer = client.post("/reset", data=data, base_url="http://evil.example")
    assert answer.status_code == 200
    got = confirm_mailbox.wait(2)[-1]
    assert "evil" not in got.as_string() + text_of(got) + html_of(got)
    assert f"{PUBLIC_URL}/reset/" in text_of(got)


def test_a_mail_holds_no_words_of_strangers(app: Flask, mailbox: Mailbox) -> None:
    name = "Win\r\nBcc: eve@example.com\r\n\r\nhttps://evil.example"
    victim = {"email": "victim@example.com"}
    form = {**victim, "name": name, "password": PASSWORD}
    assert Browser(app).post("/signup", form).status_code == 302
    assert Browser(app).post("/reset", victim).status_code == 200
    for got in mailbox.wait(2):
        assert "evil" not in got.as_string() + text_of(got) + html_of(got)
        assert got["Bcc"] is None
    assert {tuple(envelope.rcpt_tos) for envelope in mailbox.envelopes} == {("victim@example.com",)}


def test_a_reset_drops_a_change_of_address(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox
) -> None:
    thief = {"name": "A", "timezone": "UTC", "day_start": "0", "email": "thief@example.com"}
    assert alice.post("/settings", thief | {"current_password": PASSWORD}).status_code == 303
    link = link_path(confirm_mailbox.last_to("thief@example.com", 2))
    assert submit_password(app, request_reset_link(app, confirm_mailbox)).status_code == 303
    pressed = Browser(app)
    assert pressed.get(link).status_code == 404
    assert pressed.post(link).status_code == 404
    assert log_in(app, "Alice", password=NEW).get("/dashboard").status_code == 200


def test_a_mailbox_is_not_filled(app: Flask, alice: Browser, valkey: Redis) -> None:
    settings = app.extensions["aira"].base_settings
    strict = create_app(replace(settings, ratelimit_enabled=True), valkey)
    for email in ("alice@example.com", "nobody@example.com"):
        visitor = Browser(strict)
        data = {"email": email, "csrf_token": form_token(visitor.get("/reset"))}
        statuses = [visitor.client.post("/reset", data=data).status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]


class SecurityLog(logging.Handler):
    """Keeps what is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[tuple[str, dict[str, str]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.facts.append((record.getMessage(), getattr(record, "facts", {})))


@pytest.fixture
def security_log() -> Iterator[SecurityLog]:
    """The security events of a test."""
    logger, kept = logging.getLogger("aira.security"), SecurityLog()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept
    logger.removeHandler(kept)
    logger.setLevel(level)


def test_it_writes_no_address_into_the_trail(
    app: Flask, alice: Browser, confirm_mailbox: Mailbox, security_log: SecurityLog
) -> None:
    path = request_reset_link(app, confirm_mailbox)
    Browser(app).post("/reset", {"email": "nobody@example.com"})
    submit_password(app, path)
    events = [(what, facts.get("user")) for what, facts in security_log.facts]
    assert [one for one in events if one[0].startswith("password")] == [
        ("password.reset_asked", alice.user_id),
        ("password.reset_asked", None),
        ("password.reset", alice.user_id),
    ]
    assert "@" not in str(security_log.facts)
    assert path.rpartition("/")[2] not in str(security_log.facts)


def test_where_no_mail_is_offered_it_says_so(app: Flask, valkey: Redis) -> None:
    plain = create_app(replace(app.extensions["aira"].base_settings, smtp_url=None), valkey)
    visitor = Browser(plain)
    assert "/reset" not in visitor.get("/login").text
    for answer in (visitor.get("/reset"), visitor.post("/reset", ALICE)):
        assert answer.status_code == 200
        assert "This copy of Aira sends no mail" in answer.text
        assert 'name="email"' not in answer.text


def test_a_sample_gets_no_mail(app: Flask, valkey: Redis, confirm_mailbox: Mailbox) -> None:
    embedded = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    looker = Browser(embedded)
    assert looker.post("/sample").status_code == 302
    looker.forget_token()
    [address] = re.findall(r"sample-\w+@example.invalid", looker.get("/settings").text)[:1]
    assert Browser(embedded).post("/reset", {"email": address}).status_code == 422
    assert 'name="current_password"' not in looker.get("/settings").text
    assert len(confirm_mailbox.mails) == 1


def test_an_embedded_instance_prints_the_mail(
    app: Flask, alice: Browser, valkey: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    unset = {"redis_url": None, "smtp_url": None, "mail_from": None, "public_url": None}
    embedded = create_app(replace(app.extensions["aira"].base_settings, **unset), valkey)
    assert Browser(embedded).post("/reset", ALICE).status_code == 200
    printed: list[str] = []

    def link() -> list[str]:
        printed.append(capsys.readouterr().out)
        return re.findall(r"http://localhost(/reset/\S+)", "".join(printed))

    assert eventually(link)
    assert "Mail to alice@example.com: A new password for Aira" in "".join(printed)
    assert submit_password(embedded, link()[0]).status_code == 303
