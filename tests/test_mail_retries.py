"""Mail that is not taken for now is tried again for an hour, and what comes of it is counted."""

from dataclasses import replace

import pytest

from stats import mail
from stats.mail import Mail, MailQueue
from tests.support.live_server import eventually
from tests.support.mailbox import Mailbox, run_mail_server
from tests.test_mail import HELLO, mailbox, no_mail_delay, settings

__all__ = ["mailbox", "no_mail_delay"]


def test_it_tries_for_an_hour():
    assert sum(mail.RETRY_AFTER) == 3600


def test_it_sends_one_message_again_that_is_not_taken_for_now(mailbox, monkeypatch, caplog):
    monkeypatch.setattr(mail, "RETRY_AFTER", (0,) * 1000)
    made, results = [], []
    mailbox.answer, post = "451 later", MailQueue(settings(mailbox), results.append)

    def make() -> Mail:
        made.append(HELLO)
        return HELLO

    post.send(make)
    assert eventually(lambda: results.count("retried") >= 2)
    mailbox.answer = "250 OK"
    mailbox.wait(1)
    assert eventually(lambda: results[-1] == "sent")
    assert len(set(mailbox.refused_ids)) == 1
    assert {mailbox.mails[0]["Message-ID"]} == set(mailbox.refused_ids)
    assert made == [HELLO]
    assert not caplog.records


def test_it_waits_for_a_server_that_is_away(monkeypatch):
    monkeypatch.setattr(mail, "RETRY_AFTER", (0,) * 100_000)
    late, results = Mailbox(), []
    post = MailQueue(settings(late), results.append)
    post.send(HELLO)
    assert eventually(lambda: "retried" in results)
    with run_mail_server(late):
        late.wait(1)
        assert eventually(lambda: results[-1] == "sent")
    post.close()


def test_it_gives_up_in_the_end(mailbox, monkeypatch, caplog):
    monkeypatch.setattr(mail, "RETRY_AFTER", (0, 0))
    results: list[str] = []
    mailbox.answer, post = "451 later", MailQueue(settings(mailbox), results.append)
    post.send(HELLO)
    assert eventually(lambda: "failed" in results)
    assert results == ["retried", "retried", "failed"]
    assert [record.facts for record in caplog.records] == [{"reason": "SMTPDataError 451"}]
    assert len(mailbox.refused_ids) == 3


def test_a_mail_that_waits_for_its_next_try_delays_no_other(mailbox):
    results: list[str] = []
    mailbox.answer, post = "451 later", MailQueue(settings(mailbox), results.append)
    post.send(HELLO)
    assert eventually(lambda: results == ["retried"])
    mailbox.answer = "250 OK"
    post.send(replace(HELLO, subject="the next"))
    [got] = mailbox.wait(1)
    assert got["Subject"] == "the next"
    post.close()
    assert [got["Subject"] for got in mailbox.wait(2)] == ["the next", HELLO.subject]


@pytest.mark.parametrize("answer", ["554 never", "552 too large"])
def test_it_takes_a_no_for_a_no(mailbox, answer):
    results: list[str] = []
    mailbox.answer, post = answer, MailQueue(settings(mailbox), results.append)
    post.send(HELLO)
    assert eventually(lambda: results == ["failed"])
    post.close()
    assert len(mailbox.refused_ids) == 1
