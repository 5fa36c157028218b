"""What was said in a conversation: its Markdown is laid out, and does nothing else."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from redis import Redis

from stats.conversations import save_conversation
from stats.web.templating.markdown import LENGTH, NESTING
from tests.web.helpers import Browser

URL = "/conversations"
Tags = list[tuple[str, dict[str, str | None]]]
LINK_TYPES = "noopener noreferrer nofollow"
RICH = """# Plan

A *quiet* **week**, ~~no~~ `code`
and a second line

- tea
  - green

> she said

| day | mood |
|:---:|-----:|
| Mon | 7 |

```
one < two
```
"""


Show = Callable[..., str]


@pytest.fixture
def shown(alice: Browser, valkey: Redis) -> Show:
    """Save a conversation of one message; return that message's part of its page."""

    def show(content: Any, role: str = "assistant") -> str:
        message = {"role": role, "content": content}
        save_conversation(valkey, alice.user_id, [message], chat_id="c1", title="T")
        page = alice.get(f"{URL}/c1")
        assert page.status_code == 200
        return page.text.partition("<ol>")[2].rpartition("</ol>")[0]

    return show


class Elements(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, piece: str) -> None:
        super().__init__()
        self.tags: Tags = []
        self.text = ""
        self.feed(piece)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def links(piece: str) -> list[tuple[str | None, str | None]]:
    return [(held["href"], held.get("rel")) for tag, held in Elements(piece).tags if tag == "a"]


def test_it_lays_out_what_models_write(shown: Show) -> None:
    said = shown(RICH)
    for part in (
        '<h3 dir="auto">Plan</h3>',
        "<em>quiet</em> <strong>week</strong>, <s>no</s> <code>code</code><br>",
        '<blockquote dir="auto">',
        '<td class="align-right">7</td>',
        "one &lt; two",
    ):
        assert part in said
    assert re.search(r'<ul dir="auto">\s*<li>tea\s*<ul>\s*<li>green', said)


@pytest.mark.parametrize(("level", "tag"), [(1, "h3"), (2, "h4"), (3, "h5"), (4, "h6"), (6, "h6")])
def test_a_heading_stands_below_those_of_the_page(shown: Show, level: int, tag: str) -> None:
    assert f'<{tag} dir="auto">Sleep</{tag}>' in shown("#" * level + " Sleep")


def test_what_people_and_models_say_is_treated_alike(shown: Show) -> None:
    for content in ("**calm**", [{"type": "text", "text": "**calm**"}]):
        for role in ("user", "assistant", "system"):
            assert "<strong>calm</strong>" in shown(content, role)


@pytest.mark.parametrize("content", [5, True, {"text": "here"}, {"x": 1}])
def test_content_of_any_shape_has_a_page(shown: Show, content: Any) -> None:
    said = Elements(shown(content)).text.split()
    assert said == ["Aira", *(["here"] if content == {"text": "here"} else [])]


def test_a_part_without_a_text_shows_nothing(shown: Show) -> None:
    said = shown([{"type": "image"}, {"text": 5}, None, "here"])
    assert Elements(said).text.split() == ["Aira", "here"]


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<b style="color:red">x</b>',
        "a <!-- comment --> b",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](vbscript:x) [x](file:///etc/passwd) [x](data:text/html,x) [x](//evil.example)",
        "[x](/settings/delete) [x](settings)",
        "<javascript:alert(1)>",
        "![x](data:image/png;base64,AAAA)",
        "![x](javascript:alert(1))",
        '[x](<a" onclick="alert(1)>)',
    ],
)
def test_what_is_no_text_and_no_safe_link_stays_text(shown: Show, evil: str) -> None:
    said = Elements(shown(evil))
    assert {tag for tag, _ in said.tags} <= {"li", "h2", "div", "p"}
    assert not [held for _, held in said.tags if set(held) - {"dir", "class"}]


def test_a_link_tells_nobody_where_it_was_followed(shown: Show) -> None:
    said = shown(
        '[a](https://a.example/?q="&b=1 "t") <https://b.example> [c](HTTP://c.example) <m@d.ex>',
    )
    assert links(said) == [
        ("https://a.example/?q=%22&b=1", LINK_TYPES),
        ("https://b.example", LINK_TYPES),
        ("HTTP://c.example", LINK_TYPES),
        ("mailto:m@d.ex", LINK_TYPES),
    ]


def test_a_picture_is_its_words_and_loads_nothing(shown: Show) -> None:
    said = shown(
        "![A *boat*](https://a.example/b.png) ![](https://a.example/c.png) "
        "[![The shore](https://a.example/d.png)](https://a.example)",
    )
    assert "<img" not in said
    assert links(said) == [
        ("https://a.example/b.png", LINK_TYPES),
        ("https://a.example/c.png", LINK_TYPES),
        ("https://a.example", LINK_TYPES),
    ]
    for words in ("A boat", "https://a.example/c.png", "The shore"):
        assert f">{words}</a>" in said


def test_each_block_finds_its_own_direction(shown: Show) -> None:
    said = shown("Hello\n\nשלום\n\n- שלום\n\n1. one\n\n> x\n\n# y\n\n| z |\n|---|")
    blocks = [tag for tag, held in Elements(said).tags if held.get("dir") == "auto"]
    assert blocks == ["h2", "p", "p", "ul", "ol", "blockquote", "h3", "table"]


@pytest.mark.parametrize(
    "deep",
    ["> " * NESTING + "deep", "".join(f"{'  ' * n}- deep{n}\n" for n in range(NESTING))],
)
def test_nothing_that_was_said_is_left_out(shown: Show, deep: str) -> None:
    assert deep.strip() in shown(deep).replace("&gt;", ">")


def test_the_definition_of_a_link_is_shown(shown: Show) -> None:
    assert "[1]: https://a.example" in shown("As it says [1].\n\n[1]: https://a.example")


def test_what_is_beyond_the_length_stays_as_it_is(shown: Show) -> None:
    half = "**b** " + "word " * (LENGTH // 5 - 2)
    said = shown([{"text": text} for text in (half, half + half, "**after**")])
    assert said.count("<strong>b</strong>") == 1
    assert "**b**" in said
    assert '<p class="unformatted" dir="auto">**after**</p>' in said


def test_the_stored_text_stays_as_it_was_said(alice: Browser, shown: Show) -> None:
    shown(RICH)
    assert alice.get("/api/chat/c1").json["messages"][0]["content"] == RICH
    (exported,) = alice.get("/settings/export.json").json["conversations"]
    assert exported["messages"][0]["content"] == RICH


def test_titles_and_summaries_are_no_markdown(alice: Browser) -> None:
    body = {
        "chatId": "c2",
        "title": "**T**",
        "summary": "_s_",
        "messages": [{"role": "user", "content": "x"}],
    }
    assert alice.api("POST", "/api/chat/save", json=body).status_code == 200
    for page in (URL, f"{URL}?q=t", "/dashboard", f"{URL}/c2"):
        text = alice.get(page).text
        assert ("**T**" in text) != (page == "/dashboard")
        assert ("_s_" in text) == (page != f"{URL}/c2")
