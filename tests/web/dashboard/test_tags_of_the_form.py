"""The tags of a check-in form: those chosen and those typed, what is refused, what is offered."""

import html
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.html_forms import read_forms
from tests.web.helpers import HTMX_HEADERS, Browser, field_error

MOOD = "/dashboard/mood"
CHIP = re.compile(r'<input type="checkbox" name="tags" value="([^"]*)"[^>]*?( checked)?>')


def chips(page: TestResponse) -> list[str]:
    """The tags that the check-in form offers."""
    form = page.text.split('id="mood-form"')[1].split("</form>")[0]
    return [html.unescape(tag) for tag, _ in CHIP.findall(form)]


def suggested(page: TestResponse) -> list[str]:
    [options] = re.findall(r'<datalist id="tag-list">(.*?)</datalist>', page.text)
    return [html.unescape(tag) for tag in re.findall(r'value="([^"]*)"', options)]


def tags_of(browser: Browser) -> list[list[str]]:
    return [entry.get("tags", []) for entry in browser.moods()]


@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({"tags": ["walk", "friends"]}, ["walk", "friends"]),
        ({"more_tags": "tea, slept well ,,  cooking"}, ["tea", "slept well", "cooking"]),
        ({"tags": ["walk"], "more_tags": "Walk,tea"}, ["walk", "tea"]),
        ({"more_tags": "شاي، قراءة"}, ["شاي", "قراءة"]),
        ({"tags": ["one, two"]}, ["one, two"]),
        ({"tags": ["", " "], "more_tags": " , "}, []),
        ({"tags": ['<b>"', "&amp;"]}, ['<b>"', "&amp;"]),
    ],
)
def test_it_takes_what_was_chosen_and_what_was_typed(
    alice: Browser, form: dict[str, object], kept: list[str], headers: dict[str, str]
) -> None:
    answer = alice.post(MOOD, {"score": "5", **form}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    assert tags_of(alice) == [kept]


@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"tags": [*"abcdefg"], "more_tags": "h, i"}, "8 tags at most."),
        ({"tags": ["walk"], "more_tags": "x" * 31}, "A tag can have 30 characters at most."),
        ({"tags": ["a\0b"]}, "tags holds a character that cannot be stored."),
    ],
)
def test_it_says_beside_the_field_what_will_not_do_and_keeps_everything(
    alice: Browser, form: dict[str, Any], sentence: str, headers: dict[str, str]
) -> None:
    words = {"score": "6.5", "note": "kept", "day": "yesterday"}
    answer = alice.post(MOOD, {**words, **form}, headers=headers)
    assert answer.status_code == 422
    assert field_error(answer, "tags") == sentence
    [again] = [one for one in read_forms(answer.text) if one.action == MOOD]
    given = {name: again.fields[name] for name in words}
    assert given == words
    assert again.fields["more_tags"] == form.get("more_tags", "")
    assert sorted(again.fields["tags"]) == sorted(form["tags"])
    assert alice.moods() == []


def test_it_offers_the_common_ones_first_and_then_ones_own_last_used_first(
    alice: Browser,
) -> None:
    common = ["walk", "friends", "family", "work", "reading", "slept well"]
    assert chips(alice.get("/dashboard")) == common
    alice.post(MOOD, {"score": "5", "tags": ["Work", "tea"]})
    assert chips(alice.get("/dashboard")) == ["Work", "tea", "walk", "friends", "family", "reading"]
    alice.post(MOOD, {"score": "5", "more_tags": "a, b, c, d, e, f, tea"})
    page = alice.get("/dashboard")
    assert chips(page) == ["a", "b", "c", "d", "e", "f"]
    assert suggested(page) == ["tea", "Work", "walk", "friends", "family", "reading", "slept well"]


def test_what_was_taken_back_is_offered_no_more(alice: Browser) -> None:
    alice.post(MOOD, {"score": "5", "tags": ["tea"]})
    [entry] = alice.moods()
    assert "tea" in chips(alice.get("/dashboard"))
    alice.post("/dashboard/mood/undo", {"entry": entry["id"]})
    assert "tea" not in chips(alice.get("/dashboard"))


def test_nobody_is_offered_the_tags_of_others(alice: Browser, bob: Browser) -> None:
    alice.post(MOOD, {"score": "5", "tags": ["mine alone"]})
    assert "mine alone" not in bob.get("/dashboard").text


def test_the_same_op_with_other_tags_is_another_check_in(alice: Browser) -> None:
    form = {"score": "5", "op": "one", "tags": ["walk"]}
    for _ in range(2):
        assert alice.post(MOOD, form).status_code == 303
    assert alice.post(MOOD, form | {"tags": ["tea"]}).status_code == 422
    assert tags_of(alice) == [["walk"]]
