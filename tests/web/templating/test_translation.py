"""Every word on the screen is marked for translators: in another language no English is left."""

import gettext
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import jinja2.nodes
import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats.accounts.profile import check_name
from stats.activity.clock import time_zones
from stats.errors import InvalidInput
from stats.insights.weekdays import compare_weekdays
from stats.mail import Draft
from stats.web.http import error_pages
from stats.web.templating import translation
from tests.support.live_server import ROOT
from tests.web.accounts.test_emails import every_mail, written
from tests.web.helpers import HTMX_HEADERS, PASSWORD, Browser, Client, sign_up

PLAIN = "abcdefghijklmnopqrstuvwxyz"
ODD = "áƀçđéƒğħíĵķłɱñóþʠŕšŧúṽŵẋýž"
ACCENTS = str.maketrans(PLAIN + PLAIN.upper(), ODD + ODD.upper())
SPOKEN = {"aria-label", "aria-valuetext", "title", "placeholder", "alt", "label"}
MARKS = ("_", "ngettext")
NAMES = {"Ada", "Aira", "Free", "Plus", "Premium"} | set(re.findall("[A-Za-z]+", str(time_zones())))
ADDRESS = re.compile(r"[\w-]+@example\.\w+")
USER_ID = re.compile('(?<=id="user-id">)[^<]+')


class Odd(gettext.NullTranslations):
    """A language that is English with accents, and 40 % longer."""

    def gettext(self, message: str) -> str:
        parts = re.split(r"(%\(\w+\)s)", message)
        said = "".join(part if part[:1] == "%" else part.translate(ACCENTS) for part in parts)
        return said + "ø" * (len(message) * 2 // 5)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Reader(HTMLParser):
    """Collects what a page shows and says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        spoken = SPOKEN | ({"content"} if ("name", "description") in attrs else set())
        self.texts += [value or "" for name, value in attrs if name in spoken]

    def handle_data(self, data: str) -> None:
        self.texts += [data] if self.lasttag != "script" else []


def english(page: str) -> set[str]:
    """Return the plain words that a page shows and that are nobody's name."""
    text = " ".join(Reader(USER_ID.sub("", page)).texts)
    return set(re.findall("[A-Za-z]+", ADDRESS.sub("", text))) - NAMES


@pytest.fixture
def odd_language(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """Everybody speaks the odd language."""
    language = Odd()
    monkeypatch.setattr(translation, "get_translations", lambda: language)
    # Templates that other tests have compiled are in English.
    app.jinja_env.bytecode_cache = None


PAGES = ("dashboard", "dashboard/stats", "history", "conversations", "conversations?q=яя")
PAGES += ("conversations?q=о", "settings", "plans", "privacy", "nowhere", "billing/return")
PAGES += ("billing/return?try=1", "billing/return?try=30", "billing/practice?plan=Premium")


def look_around(browser: Browser) -> None:
    """Check every page that a member sees."""
    days = [datetime.now(UTC).date() - timedelta(back) for back in (0, 1, 40)]
    for page in (*PAGES, *(f"history/{day}" for day in days)):
        assert not english(browser.get(f"/{page}").text), page


@pytest.mark.usefixtures("odd_language")
def test_a_stranger_reads_no_english(app: Flask) -> None:
    for page in ("", "login", "signup", "plans", "privacy", "nowhere"):
        assert not english(Browser(app).get(f"/{page}").text), page
    someone = {"name": "Ж", "email": "zh@example.com", "password": "long enough"}
    for wrong in ({}, {"password": "x"}, {"email": "x"}, {"name": "Ж" * 99}):
        for page in ("login", "signup"):
            answer = Browser(app).post(f"/{page}", {**someone, **wrong} if wrong else {})
            assert (answer.status_code, english(answer.text)) == (422, set())
    for status in error_pages.PAGE_MESSAGES:
        with app.test_request_context():
            assert not english(error_pages._page(Exception(), status))


@pytest.mark.usefixtures("odd_language")
def test_a_member_reads_no_english(app: Flask) -> None:
    ada = sign_up(app, "Ada")
    look_around(ada)
    for back in range(60):
        at = datetime.now(UTC) - timedelta(back, minutes=1)
        mood = {"score": 2 + at.weekday(), "note": "да", "at": at.isoformat()}
        assert ada.api("PATCH", "/api/mood", json=mood).status_code == 200
    said = [{"role": "user", "content": "да"}, {"role": "assistant", "content": "о"}]
    for messages in (said[:1], said):
        chat = {"title": "Разговор", "messages": messages, "tags": ["ночь"]}
        made = ada.api("POST", "/api/chat/save", json=chat).json["chatId"]
        assert not english(ada.get(f"/conversations/{made}").text)
    look_around(ada)
    for mood in ({"score": "7"}, {"score": "7", "day": "yesterday"}, {"score": "x"}, {"day": "x"}):
        answer = ada.post("/dashboard/mood", {"score": "5", **mood}, headers=HTMX_HEADERS)
        assert not english(answer.text)
    you = {"name": "Ада", "timezone": "UTC", "day_start": "0", "theme": "dark"}
    for wrong in ({}, {"name": ""}, {"timezone": "я"}, {"day_start": "9"}, {"theme": "x"}):
        answer = ada.post("/settings", {**you, **wrong}, follow_redirects=True)
        assert not english(answer.text)
    for form in ("password", "delete", "import"):
        assert not english(ada.post(f"/settings/{form}", {"current_password": PASSWORD}).text)


@pytest.mark.usefixtures("odd_language")
def test_a_payer_reads_no_english(app: Flask, valkey: Redis) -> None:
    open_to_all = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    open_to_all.test_client_class = Client
    ada = sign_up(open_to_all, "Ada")
    assert not english(Browser(open_to_all).get("/").text)
    for action in ("pay", "end", "resume", "change", "finish"):
        look_around(ada)
        ada.post("/billing/practice", {"action": action, "plan": "Plus"})
    look_around(ada)


@pytest.mark.usefixtures("odd_language")
@every_mail
def test_a_mail_has_no_english(app: Flask, make: Callable[..., Draft]) -> None:
    mail = written(app, make, new="new@example.com")
    for part in (mail.subject, mail.text, mail.html or ""):
        assert not english(re.sub(r"https?://[^\s<]+", "", part))


def unmarked(node: jinja2.nodes.Node) -> Iterator[str]:
    """Yield the texts in a template's expressions that are not marked."""
    called = node.node if isinstance(node, jinja2.nodes.Call) else None
    if isinstance(node, jinja2.nodes.Const):
        yield node.value if isinstance(node.value, str) else ""
    elif not isinstance(node, jinja2.nodes.Compare) and getattr(called, "name", "") not in MARKS:
        for child in node.iter_child_nodes():
            yield from unmarked(child)


@pytest.mark.parametrize(
    "path",
    sorted(path for path in (ROOT / "templates").rglob("*.*") if path.suffix in (".html", ".txt")),
    ids=lambda path: path.name,
)
def test_a_template_holds_no_unmarked_word(app: Flask, path: Path) -> None:
    source = re.sub("{% block page_class %}.*", "", path.read_text())
    data = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", source, flags=re.DOTALL)
    texts = [*Reader(data).texts, *unmarked(app.jinja_env.parse(source))]
    unmarked_words = [
        re.search("[A-Z][a-z]|[a-z] [a-z]", text.replace("Aira", "")) for text in texts
    ]
    assert {match.string for match in unmarked_words if match} <= NAMES | {"light dark"}


def test_the_script_says_only_what_stands_at_its_top() -> None:
    _, _, below = (ROOT / "static/app.js").read_text().partition("\n  };\n")
    assert set(re.findall("['`]([A-Z][a-z][^'`]*)['`]", below)) == {
        *("Date", "Enter", "Escape", "ArrowLeft", "ArrowRight")
    }


def test_a_sentence_keeps_its_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [date(2026, 3, 1) + timedelta(n) for n in range(28)]
    lower = compare_weekdays({day: float(day.weekday()) for day in days}).finding
    assert lower == "Mondays were lower than Sundays: 0.0 on 4 days against 6.0 on 4 days."
    monkeypatch.setattr(translation, "get_translations", Odd)
    assert "Ɱóñđáýš" in translation.gettext(lower)
    with pytest.raises(InvalidInput, match="A name needs 1 to 80 characters") as refused:
        check_name("")
    assert translation.error_message(refused.value).startswith("Á ñáɱé ñééđš 1 ŧó 80")
    assert translation.price_parts("€9 every 3 months")[1].startswith("éṽéŕý 3 ɱóñŧħš")
