"""Wherever people's words stand, they run as they want to and turn nothing around them."""

from html.parser import HTMLParser

import pytest

from tests.web.helpers import Browser

# A letter of a script that runs from right to left, and what turns all that follows.
WORDS = "\u05d0\u202eMARKED"
MARK = "MARKED"
VOID = ("input", "meta", "link", "br", "path", "circle", "rect", "line")
FIELDS = ("text", "search", "email")


class Words(HTMLParser):
    """Where the marked words stand on a page, and where they are not kept to themselves."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []
        self.places: list[str] = []
        self.loose: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        keeps = tag == "bdi" or attributes.get("dir") == "auto"
        typed = tag == "input" and attributes.get("type") in FIELDS and "hidden" not in attributes
        if typed or tag == "textarea":
            self._note(f"{tag} {attributes.get('name')}", attributes.get("value") or MARK, keeps)
        if tag not in VOID:
            self._open.append((tag, keeps))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        keeps = any(keeps for _, keeps in self._open)
        in_title = "title" in tags and data.startswith("\u2068" + WORDS + "\u2069")
        self._note(" ".join(tags[-2:]), data, keeps or in_title)

    def _note(self, place: str, text: str, keeps: bool) -> None:
        if MARK in text.upper():
            self.places.append(place)
            if not keeps:
                self.loose.append(place)


@pytest.fixture
def writer(alice: Browser) -> Browser:
    """Alice, who has put such words wherever she can."""
    profile = {"name": WORDS, "timezone": "UTC", "day_start": "0", "theme": "dark"}
    assert alice.post("/settings", profile).status_code == 303
    assert alice.post("/dashboard/mood", {"score": "7", "note": WORDS}).status_code == 303
    chat = {
        "chatId": "c1",
        "title": WORDS,
        "summary": f"{WORDS} summary",
        "tags": [WORDS],
        "messages": [{"role": WORDS, "content": WORDS}, {"role": "user", "content": WORDS}],
    }
    assert alice.api("POST", "/api/chat/save", json=chat).status_code == 200
    return alice


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/dashboard", 3),
        ("/dashboard/stats", 1),
        ("/conversations", 3),
        (f"/conversations?q={MARK}", 4),
        (f"/conversations?q={MARK}+nothing", 2),
        ("/conversations/c1", 6),
        ("/settings", 2),
    ],
)
def test_they_stand_in_a_place_of_their_own(writer: Browser, url: str, count: int) -> None:
    words = Words(writer.get(url).text)
    assert words.loose == []
    assert len(words.places) >= count


def test_they_do_so_on_the_page_of_a_day(writer: Browser) -> None:
    day = writer.moods()[0]["timestamp"][:10]
    words = Words(writer.get(f"/history/{day}").text)
    assert words.loose == []
    assert len(words.places) >= 3


def test_they_do_so_in_a_form_that_comes_back(writer: Browser) -> None:
    wrong = [
        ("/dashboard/mood", {"score": "x", "note": WORDS}),
        ("/settings", {"name": WORDS, "email": WORDS}),
    ]
    for url, form in wrong:
        answer = writer.post(url, form)
        assert answer.status_code == 422
        words = Words(answer.text)
        assert words.loose == []
        assert words.places
