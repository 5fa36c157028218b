"""The mails to users: the same words as text and as HTML, and nothing that a value could add."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from inspect import signature

import pytest
from flask import Flask
from jinja2 import DictLoader

from stats.mail import Draft, Mail
from stats.web.accounts import emails

TO = "alice@example.com"
MAILS = (
    emails.reset,
    emails.password_changed,
    emails.codes_locked,
    emails.confirmation,
    emails.change_new,
    emails.change_taken,
    emails.change_old,
    emails.changed_old,
    emails.changed_new,
)
every_mail = pytest.mark.parametrize("make", MAILS, ids=lambda make: make.__name__)
CHANGE_OLD = """\
Somebody, we think you, wants another address for your account: o'x&y@example.com

If it was you, agree here. The link works for a day:

http://localhost/confirm/a-token

If it was not you, change your password now: it was typed to ask for this.

Aira
"""


class Body(HTMLParser):
    """Collects the texts of a page's paragraphs, and the addresses that it knows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self.addresses: list[str | None] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "background")]
        if tag == "p":
            self.paragraphs.append("")

    def handle_data(self, data: str) -> None:
        if self.paragraphs:
            self.paragraphs[-1] += data.rstrip("\n")


def written(app: Flask, make: Callable[..., Draft], **values: str) -> Mail:
    """Return a mail with a token and a new address, where it has them."""
    values_ = {"to": TO, "token": "a-token", "new": "o'x&y@example.com"} | values
    with app.test_request_context():
        draft = make(**{name: values_[name] for name in signature(make).parameters})
    return draft()


def test_it_says_what_it_always_did(app: Flask) -> None:
    mail = written(app, emails.change_old)
    assert (mail.to, mail.subject) == (TO, "Your address for Aira is to be changed")
    assert mail.text == CHANGE_OLD


@every_mail
def test_html_says_what_the_text_says(app: Flask, make: Callable[..., Draft]) -> None:
    mail = written(app, make)
    assert mail.html is not None
    assert Body(mail.html).paragraphs == mail.text.rstrip("\n").split("\n\n")
    assert f"<title>{mail.subject}</title>" in mail.html


@every_mail
def test_html_fetches_nothing(app: Flask, make: Callable[..., Draft]) -> None:
    mail = written(app, make)
    assert mail.html is not None
    body = Body(mail.html)
    assert body.addresses == re.findall(r"http\S+", mail.text)
    assert not body.tags & {"img", "link", "script", "style", "iframe"}
    assert "url(" not in mail.html


def test_html_escapes_a_value_and_text_does_not(app: Flask) -> None:
    evil = 'a&b"<img src=x>@example.com'
    mail = written(app, emails.change_old, new=evil)
    assert evil in mail.text
    assert mail.html is not None
    assert "img" not in Body(mail.html).tags
    assert evil in Body(mail.html).paragraphs[0]


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\v", "\x85", "\u2028"])
def test_a_value_begins_no_line(app: Flask, break_: str) -> None:
    evil = f"a@example.com{break_}{break_}Subject: Win{break_}https://evil.example"
    mail = written(app, emails.change_old, new=evil)
    usual = written(app, emails.change_old)
    assert mail.subject == usual.subject
    assert len(mail.text.splitlines()) == len(usual.text.splitlines())
    first = mail.text.splitlines()[0]
    assert first.endswith("a@example.comSubject: Winhttps://evil.example")


def test_an_answer_does_not_wait_for_templates(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context(), monkeypatch.context() as patch:
        patch.setattr(app.jinja_env, "loader", DictLoader({}))
        draft = emails.reset(TO, "a-token")
    assert draft().subject == "A new password for Aira"
