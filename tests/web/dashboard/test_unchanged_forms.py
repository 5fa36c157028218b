"""A form that is opened and saved as it is changes nothing: tenths, lines, emoji, white space."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stats.web.templating.entries import LISTED
from tests.support.html_forms import HtmlForm, as_sent, read_forms
from tests.web.helpers import HTMX_HEADERS, Browser, field_error

MOOD = "/dashboard/mood"
TENTHS = [tenths / 10 for tenths in range(101)]
NOTES = [
    "one line",
    "line one\nline two",
    "\na line break first",
    "  spaces around  ",
    "carriage\r\nreturn",
    "a\ttab",
    "👩‍🚀 and\n\n🌧️",
    "</textarea><b>&amp;\n",
    "\u202eright to left",
    "x" * 140 + "\n" * 20 + "😀" * 120,
]


def record(browser: Browser, **mood: Any) -> None:
    assert browser.api("PATCH", "/api/mood", json=mood).status_code == 200


def entries(browser: Browser) -> list[tuple[float, str]]:
    """The entries as they are stored, newest first."""
    history = browser.get("/api/mood?limit=1000").json["history"]
    return [(entry["score"], entry.get("note", "")) for entry in history]


def edit_forms(browser: Browser) -> list[HtmlForm]:
    """The edit forms of all entries on the page of 2 March."""
    return entry_forms(browser.get("/history/2026-03-02").text)


def entry_forms(page: str) -> list[HtmlForm]:
    """The forms of a page that change an entry."""
    forms = [form for form in read_forms(page) if "score" in form.fields]
    return [form for form in forms if form.action.startswith("/history/entries/")]


def mood_form(page: str) -> dict[str, str]:
    [form] = [form for form in read_forms(page) if form.action == MOOD]
    return form.fields


@pytest.fixture
def on_2_march(alice: Browser) -> Any:
    """Record moods of which each has a minute of its own on 2 March."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def record_all(moods: list[tuple[float, str]]) -> None:
        for number, (score, note) in enumerate(moods):
            at = (noon + timedelta(minutes=number)).isoformat()
            record(alice, score=score, note=note, at=at)

    return record_all


@pytest.mark.parametrize("moods", [[(s, "") for s in TENTHS], [(7.3, note) for note in NOTES]])
def test_an_entry_stays_as_it_is(alice: Browser, on_2_march: Any, moods: Any) -> None:
    on_2_march(moods)
    before = alice.get("/api/mood?limit=1000&days=3660").json["history"]
    forms = edit_forms(alice)
    assert len(forms) == len(moods)
    for form in forms:
        assert alice.post(form.action, form.fields).status_code == 303
    assert alice.get("/api/mood?limit=1000&days=3660").json["history"] == before


def test_an_entry_of_today_stays_as_it_is_on_the_dashboard(alice: Browser) -> None:
    tags = ["walk", "Café", "c", "d", "e", "f", "g", "h"]
    moods = list(zip(TENTHS, NOTES, strict=False))
    for number, (score, note) in enumerate(moods, 1):
        record(alice, score=score, note=note, tags=tags)
        before = alice.moods()
        forms = entry_forms(alice.get("/dashboard").text)
        assert len(forms) == min(number, LISTED)
        assert alice.post(forms[0].action, forms[0].fields, headers=HTMX_HEADERS).status_code == 200
        assert alice.moods() == before
    assert len(before) == len(moods)


@pytest.mark.parametrize(
    "tags",
    [
        ["z", "walk", "a"],
        ["WALK", "cafe"],
        ["one, two", "three"],
        ["\u202eright", "👣"],
        ['"><b>', "&amp;"],
        list("hgfedcba"),
    ],
)
def test_tags_keep_their_order_and_spelling(alice: Browser, tags: list[str]) -> None:
    record(alice, score=5, tags=["walk", "Café", "a", "b", "c", "d"])
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC).isoformat()
    record(alice, score=5, tags=tags, at=noon)
    [form] = edit_forms(alice)
    assert alice.post(form.action, form.fields).status_code == 303
    stored = alice.get("/api/mood?limit=1000&days=3660").json["history"][-1]
    assert stored["tags"] == tags


def test_a_form_without_tags_to_choose_changes_none(alice: Browser) -> None:
    record(alice, score=5, tags=["walk"])
    [entry] = alice.moods()
    alice.post(f"/history/entries/{entry['id']}", {"score": "6", "note": "n"})
    assert alice.moods() == [entry | {"score": 6, "note": "n"}]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS])
def test_a_note_comes_back_from_a_refused_form_as_it_was(
    alice: Browser, note: str, headers: dict[str, str]
) -> None:
    typed = {"score": "6.7", "note": as_sent(note), "day": "2001-01-01"}
    answer = alice.post(MOOD, typed, headers=headers)
    assert answer.status_code == 422
    alice.post(MOOD, mood_form(answer.text) | {"day": "today"})
    assert entries(alice) == [(6.7, note.replace("\r\n", "\n").strip())]


def test_an_entry_that_is_refused_comes_back_as_it_was(alice: Browser, on_2_march: Any) -> None:
    on_2_march([(7.3, "line one\nline two")])
    [form] = edit_forms(alice)
    answer = alice.post(form.action, form.fields | {"note": as_sent("one\ntwo" * 50)})
    assert answer.status_code == 422
    [again] = entry_forms(answer.text)
    assert again.fields["note"] == as_sent("one\ntwo" * 50)
    assert again.fields["score"] == "7.3"


def test_a_note_counts_with_its_line_breaks_as_one_character_each(alice: Browser) -> None:
    form = {"score": "5", "note": as_sent("a\n" * 139 + "bc")}
    assert alice.post(MOOD, form).status_code == 303
    answer = alice.post(MOOD, {"score": "5", "note": as_sent("a\n" * 140 + "b")})
    assert field_error(answer, "note")
    assert len(entries(alice)) == 1


@pytest.mark.parametrize(("score", "step"), [(7, "0.5"), (7.5, "0.5"), (0, "0.5"), (7.3, "0.1")])
def test_a_score_between_half_points_alone_has_a_finer_step(
    alice: Browser, score: float, step: str
) -> None:
    record(alice, score=score)
    day = datetime.now(UTC).date().isoformat()
    for page in ("/dashboard", f"/history/{day}"):
        assert f'max="10" step="{step}" value="{score:g}"' in alice.get(page).text
