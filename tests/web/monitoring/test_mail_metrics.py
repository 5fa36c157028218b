"""What comes of mails is counted in /metrics."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from stats import mail
from tests.support.live_server import eventually
from tests.support.mailbox import Mailbox
from tests.web import mail_fixtures
from tests.web.helpers import sign_up

mailbox, app = mail_fixtures.mailbox, mail_fixtures.app


def mails(client: FlaskClient, result: str) -> float:
    pattern = rf'^aira_mails_total{{result="{result}"}} (.+)$'
    match = re.search(pattern, client.get("/metrics").text, re.MULTILINE)
    return float(match[1]) if match else 0


@pytest.mark.parametrize(
    ("answer", "results"),
    [("250 OK", ["sent"]), ("451 later", ["retried", "failed"]), ("554 never", ["failed"])],
)
def test_what_comes_of_a_mail_is_counted(
    app: Flask,
    mailbox: Mailbox,
    service_client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    results: list[str],
) -> None:
    monkeypatch.setattr(mail, "RETRY_AFTER", (0,))
    before = {result: mails(service_client, result) for result in results}
    mailbox.answer = answer
    sign_up(app, "Alice")
    for result, count in before.items():
        assert eventually(lambda result=result, count=count: mails(service_client, result) > count)
