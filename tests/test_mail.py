"""Outgoing mail: what arrives at a real server, what is printed, and what never goes out."""

import logging
import threading
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from stats import mail
from stats.mail import Mail, MailQueue, compose, prepare
from stats.settings import Settings
from tests.support.mailbox import SENDER, Mailbox, html_of, run_mail_server, text_of

TEXT = "A link:\n\nhttps://aira.example/reset/" + "x" * 43 + "\n"
HELLO = Mail("alice@example.com", "Hello – Ænd", TEXT)


@pytest.fixture(autouse=True)
def no_mail_delay(monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0)


@pytest.fixture
def mailbox():
    with run_mail_server() as opened:
        yield opened


def settings(mailbox: Mailbox, **more: object) -> Settings:
    return Settings(redis_url="redis://unused", **{**mailbox.settings, **more})


def test_it_sends_plain_text_with_its_headers(mailbox):
    MailQueue(settings(mailbox)).send(HELLO)
    [got] = mailbox.wait(1)
    assert got["From"].addresses[0].addr_spec == SENDER
    assert (got["To"], got["Subject"]) == (HELLO.to, HELLO.subject)
    assert abs(parsedate_to_datetime(got["Date"]).timestamp() - time.time()) < 60
    assert got["Message-ID"].endswith("@aira.example>")
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content_type() == "text/plain"
    assert got.get_content().replace("\r\n", "\n") == TEXT
    assert got.get("Bcc") is None
    assert mailbox.envelopes[0].rcpt_tos == [HELLO.to]
    assert mailbox.envelopes[0].content.isascii()


def test_it_sends_html_beside_the_text(mailbox):
    MailQueue(settings(mailbox)).send(replace(HELLO, html="<p>A line – Ænd</p>\n"))
    [got] = mailbox.wait(1)
    assert got.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert (text_of(got), html_of(got)) == (TEXT, "<p>A line – Ænd</p>\n")
    assert (got["To"], got["Subject"]) == (HELLO.to, HELLO.subject)
    assert got["Auto-Submitted"] == "auto-generated"
    assert mailbox.envelopes[0].content.isascii()


def test_it_makes_a_mail_in_the_thread_that_sends_it(mailbox, caplog):
    threads, post = [], MailQueue(settings(mailbox))

    def make():
        threads.append(threading.current_thread().name)
        return HELLO

    def fail():
        raise LookupError("alice@example.com")

    post.send(fail)
    post.send(make)
    mailbox.wait(1)
    assert threads == ["mail"]
    assert [record.facts for record in caplog.records] == [{"reason": "LookupError"}]
    assert "alice" not in caplog.text


def test_it_gives_every_mail_an_id_of_its_own(mailbox):
    assert (
        compose(settings(mailbox), HELLO)["Message-ID"]
        != compose(settings(mailbox), HELLO)["Message-ID"]
    )


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r"])
def test_it_takes_no_header_from_a_value(mailbox, break_, caplog):
    caplog.set_level(logging.ERROR, "stats.mail")
    post, evil = MailQueue(settings(mailbox)), f"x{break_}Bcc: eve@example.com"
    for bad in (
        Mail(f"alice@example.com{break_}Bcc: eve@example.com", "s", "t"),
        Mail("alice@example.com, eve@example.com", "s", "t"),
        Mail("alice@example.com", evil, "t"),
    ):
        post.send(bad)
    post.send(HELLO)
    [got] = mailbox.wait(1)
    assert got["Subject"] == HELLO.subject
    assert len(caplog.records) == 3


def test_it_prints_where_there_is_no_mail_server(capsys):
    prepare(Settings(), HELLO)()
    printed = capsys.readouterr().out
    assert all(part in printed for part in (HELLO.to, HELLO.subject, TEXT))


def test_it_logs_a_failure_with_neither_address_nor_token(mailbox, caplog):
    caplog.set_level(logging.ERROR, "stats.mail")
    mailbox.answer = "554 no mail for alice@example.com here"
    post = MailQueue(settings(mailbox))
    post.send(HELLO)
    post.close()
    [record] = caplog.records
    assert record.facts == {"reason": "SMTPDataError 554"}
    assert "alice" not in caplog.text
    assert "xxx" not in caplog.text


def test_it_goes_on_after_a_server_that_was_away(mailbox, caplog):
    away = MailQueue(settings(mailbox, smtp_url="smtp://127.0.0.1:1"))
    away.send(HELLO)
    away.close()
    assert caplog.records[0].facts == {"reason": "ConnectionRefusedError"}
    mailbox.answer, post = "451 later", MailQueue(settings(mailbox))
    post.send(HELLO)
    post.close()
    assert caplog.records[1].facts == {"reason": "SMTPDataError 451"}
    mailbox.answer, post = "250 OK", MailQueue(settings(mailbox))
    post.send(HELLO)
    mailbox.wait(1)


def test_it_lets_nobody_wait(mailbox, monkeypatch):
    monkeypatch.setattr(mail, "DELAY", 0.5)
    post, begun = MailQueue(settings(mailbox)), time.monotonic()
    post.send(HELLO)
    assert time.monotonic() - begun < 0.4
    assert mailbox.mails == []
    post.close()
    assert len(mailbox.mails) == 1


def test_it_keeps_no_more_than_a_server_can_take(monkeypatch, caplog):
    monkeypatch.setattr(mail, "MAX_QUEUED", 1)
    monkeypatch.setattr(mail, "DELAY", 3600)
    post = MailQueue(Settings())
    for _ in range(3):
        post.send(None)
    assert "too many" in caplog.records[-1].facts["reason"]
    post.close()


def test_it_speaks_to_another_machine_in_tls_alone(mailbox, monkeypatch):
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    with pytest.raises(OSError, match="STARTTLS"):
        prepare(settings(mailbox), HELLO)()
    assert mailbox.mails == []


def test_it_logs_in_where_it_is_told_to(mailbox):
    url = f"smtp://us%40er:p%2Fw@127.0.0.1:{mailbox.port}"
    with pytest.raises(OSError, match="AUTH"):
        prepare(settings(mailbox, smtp_url=url), HELLO)()
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("anna@exämple.com", "anna@xn--exmple-cua.com"),
        ("hans@straße.de", "hans@xn--strae-oqa.de"),
        ("anna@example.com", "anna@example.com"),
    ],
)
def test_a_domain_is_spelt_as_every_server_takes_it(mailbox, typed, sent):
    post = MailQueue(settings(mailbox))
    post.send(Mail(typed, "s", "t"))
    post.close()
    assert mailbox.wait(1)[0]["To"] == sent
