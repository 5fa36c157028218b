"""People's own words come back exactly, from the API, the export and the pages, and do nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stats.lib.normalisation import nfc
from tests.web.helpers import Browser

EXAMPLES = 20
# Any Unicode but NUL and surrogates, with more than chance would have it of what is troublesome.
ODD = [
    "\u202e",
    "\u2066",
    "\u200d",
    "\u200f",
    "e\u0301",
    "👩‍👩‍👧",
    "\ufeff",
    "\r\n",
    "\u2028",
    "\x85",
    "\x1b",
]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "]]>",
    "</textarea>",
]
MARKUP += [
    "&amp;",
    "&#60;",
    "{{7*7}}",
    "{% raw %}",
    "javascript:alert(1)",
    "' onload='",
    "\\",
    "=1+1",
]
PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PIECES = st.one_of(st.sampled_from(ODD + MARKUP), st.text(PLAIN, max_size=6))
WORDS = (
    st.lists(PIECES, min_size=1, max_size=5).map(lambda parts: "".join(parts).strip()).filter(bool)
)
HARMFUL = ("on", "style", "srcdoc")
LINKS = ("href", "src", "action", "formaction", "hx-get", "hx-post")


class Page(HTMLParser):
    """A page as a browser reads it: its text, and its elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value for _, value in attrs if value]
        self.links += [value for name, value in attrs if value and name in LINKS]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def as_parsed(words: str) -> str:
    # The HTML standard has every CR read as a line feed, section 13.2.3.5.
    return words.replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def harmless(browser: Browser, url: str) -> Iterator[list[Page]]:
    """Change what a page shows, and read the page: nothing in it runs."""
    pages: list[Page] = []
    yield pages
    page = Page(browser.get(url).text)
    for tag, names in page.tags:
        assert not [name for name in names if name.startswith(HARMFUL)], (tag, names)
        assert tag != "script" or "src" in names
        assert tag not in ("iframe", "object", "embed", "base")
    assert not [link for link in page.links if link.startswith("javascript:")]
    pages.append(page)


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(words=WORDS)
def test_notes(alice: Browser, words: str) -> None:
    words = words[:280]
    with harmless(alice, "/history") as pages:
        answer = alice.api("PATCH", "/api/mood", json={"score": 5, "note": words})
        assert answer.status_code == 200
    assert alice.moods()[0].get("note", "") == words
    exported = alice.get("/settings/export.json").json["moods"]
    assert words in [entry.get("note", "") for entry in exported]
    assert pages


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(words=WORDS)
def test_tags(alice: Browser, words: str) -> None:
    # A tag is kept composed and with single spaces.
    tag = " ".join(nfc(f"x{words[:14]}").split())
    with harmless(alice, "/dashboard") as pages:
        answer = alice.api("PATCH", "/api/mood", json={"score": 5, "tags": [tag]})
        assert answer.status_code == 200
    assert alice.moods()[0]["tags"] == [tag]
    exported = alice.get("/settings/export.json").json["moods"]
    assert [tag] in [entry.get("tags") for entry in exported]
    assert as_parsed(tag) in as_parsed(pages[0].text)
    assert as_parsed(tag) in map(as_parsed, pages[0].values)


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(words=WORDS, tag=WORDS)
def test_conversations(alice: Browser, words: str, tag: str) -> None:
    # Blanks around a title are not part of it, and what cannot be seen alone is none.
    words, tag = f"x{words[:150]}".strip(), f"x{tag[:49]}"
    message = {"role": "user", "content": words, "more": {words: [words]}}
    body = {"chatId": "c", "title": words, "summary": words, "tags": [tag], "messages": [message]}
    with harmless(alice, "/conversations/c") as pages:
        assert alice.api("POST", "/api/chat/save", json=body).status_code == 200
    chat = alice.get("/api/chat/c").json
    read = (chat["title"], chat["summary"], chat["tags"], chat["messages"])
    assert read == (words, words, [tag], [message])
    assert alice.stats()["recent_conversations"][0]["summary"] == words
    exported = {
        chat["chatId"]: chat for chat in alice.get("/settings/export.json").json["conversations"]
    }
    assert (exported["c"]["title"], exported["c"]["messages"]) == (words, [message])
    for part in (words, tag):
        assert as_parsed(part) in as_parsed(pages[0].text)
    with harmless(alice, "/dashboard") as seen:
        pass
    assert as_parsed(words) in as_parsed(seen[0].text)


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(words=WORDS)
def test_names(alice: Browser, words: str) -> None:
    name = f"x{words[:60]}".strip()
    form = {"name": name, "timezone": "UTC", "day_start": "0", "theme": "dark"}
    with harmless(alice, "/settings") as pages:
        status = alice.post("/settings", form).status_code
    assert status == 303 or (status == 422 and alice.get("/dashboard").status_code == 200)
    if status == 303:
        kept = alice.get("/settings/export.json").json["account"]["name"]
        assert kept in (name, as_parsed(name))
        assert as_parsed(kept) in map(as_parsed, pages[0].values)
