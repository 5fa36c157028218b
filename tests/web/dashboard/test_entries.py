"""The check-ins beside the form: which are shown, changed in place, deleted and put back."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.html_forms import HtmlForm, read_forms
from tests.web.helpers import HTMX_HEADERS, Browser, RoundTrips, displayed_stats, sign_up

MOOD, UNDO = "/dashboard/mood", "/dashboard/mood/undo"
ON_DASHBOARD = {"page": "dashboard"}
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)


def text(markup: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))).strip()


def lists(page: str) -> dict[str, list[str]]:
    """The check-ins on a page, by the heading of their day, each as text."""
    days = [part.split("</section>")[0] for part in page.split('<div class="day-entries')[1:]]
    return {
        text(re.findall("<h2>(.*?)</h2>", day, re.S)[0]): [
            text(one.split(">", 1)[1].split("<details")[0])
            for one in day.split('<li class="entry"')[1:]
        ]
        for day in days
    }


def entries_url(page: TestResponse) -> str:
    return html.unescape(re.search(r'id="entries"[^>]* hx-get="([^"]+)"', page.text)[1])


def form_to(page: str, ending: str) -> HtmlForm:
    return next(form for form in read_forms(page) if form.action.endswith(ending))


def record(browser: Browser, **mood: Any) -> str:
    """Record an entry; return its id."""
    assert browser.api("PATCH", "/api/mood", json=mood).status_code == 200
    entry_id: str = browser.moods()[0]["id"]
    return entry_id


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_it_shows_todays_check_ins_newest_first_with_all_they_hold(
    alice: Browser, at_noon: Any
) -> None:
    record(alice, score=6, note="Short night.", at="2026-03-12T08:12:00+00:00")
    record(alice, score=7.5, tags=["walk", "<b>"], at="2026-03-12T11:31:00+00:00")
    page = alice.get("/dashboard").text
    assert lists(page)["Today’s check-ins"] == [
        "11:31 7.5 Good walk <b> Saved Undo",
        "08:12 6 All right Short night.",
    ]
    assert "Mean of 2: 6.8" in page
    assert 'href="/history/2026-03-12">Open today<' in page
    assert 'href="/history?tag=walk"' in page


def test_of_a_full_day_it_lists_the_newest_and_leads_to_all(alice: Browser) -> None:
    for hour in range(8):
        record(alice, score=hour, at=f"2026-03-12T0{hour}:00:00+00:00")
        record(alice, score=1, note=f"Day {hour}", at=f"2026-03-11T0{hour}:00:00+00:00")
    page = alice.get("/dashboard").text
    listed = lists(page)
    assert [one[:5] for one in listed["Today’s check-ins"]] == [
        "07:00",
        "06:00",
        "05:00",
        "04:00",
        "03:00",
    ]
    # The one that can be taken back is among them, whatever its time.
    assert [one[:5] for one in listed["Yesterday’s check-ins"]][-1] == "03:00"
    assert "Mean of 8: 3.5" in page
    assert 'href="/history/2026-03-12">Open all 8 of today<' in page
    assert 'href="/history/2026-03-11">Open all 8 of yesterday<' in page
    record(alice, score=9, note="Forgotten", at="2026-03-12T00:30:00+00:00")
    assert lists(alice.get("/dashboard").text)["Today’s check-ins"][-1].startswith("00:30")


def test_before_the_first_one_it_shows_yesterday(alice: Browser) -> None:
    assert "Yesterday" not in "".join(lists(alice.get("/dashboard").text))
    record(alice, score=3, at="2026-03-10T20:00:00+00:00")
    page = alice.get("/dashboard").text
    assert "Yesterday is blank." in page
    assert 'href="/dashboard?day=yesterday">Fill it in<' in page
    assert re.search(r'value="yesterday" checked', alice.get("/dashboard?day=yesterday").text)
    record(alice, score=4, at="2026-03-11T20:00:00+00:00")
    page = alice.get("/dashboard").text
    assert list(lists(page)) == ["Yesterday’s check-ins"]
    assert "Yesterday is blank." not in page


@pytest.mark.parametrize(
    ("count", "heading", "button", "hint"),
    [
        (0, "How are you today?", "Save check-in", "Your first check-in takes ten seconds."),
        (1, "How are you now?", "Add check-in", "Adds a second. The one below stays as it is."),
        (2, "How are you now?", "Add check-in", "Adds a third. The two below stay as they are."),
        (9, "How are you now?", "Add check-in", "Adds another. Those below stay as they are."),
    ],
)
def test_the_form_at_rest_says_what_another_one_does(
    alice: Browser, count: int, heading: str, button: str, hint: str
) -> None:
    for _ in range(count):
        record(alice, score=9)
    page = alice.get("/dashboard").text
    form = text(page.split('id="mood-form"')[1].split("</form>")[0])
    for words in (heading, button, hint):
        assert words in form
    assert 'name="score" min="0" max="10" step="0.5" value="5"' in page
    assert "data-has-score" not in page


def test_a_saved_one_stands_first_with_its_undo_with_a_script_and_without(alice: Browser) -> None:
    record(alice, score=3)
    answer = alice.post(MOOD, {"score": "8", "tags": ["walk"]}, headers=HTMX_HEADERS)
    for page in (answer.text, alice.get("/dashboard").text):
        first, second = lists(page)["Today’s check-ins"]
        assert first == "12:00 8 Good walk Saved Undo"
        assert second == "12:00 3 Low"
    assert 'hx-swap-oob="true"' in answer.text


def test_it_shows_a_save_in_the_one_round_trip_that_makes_it(
    alice: Browser, round_trips: RoundTrips
) -> None:
    alice.get("/dashboard")
    assert alice.token
    form = {"score": "7", "tags": ["walk"], "more_tags": "tea"}
    alice.post(MOOD, form, headers=HTMX_HEADERS)
    round_trips.count = 0
    answer = alice.post(MOOD, form, headers=HTMX_HEADERS)
    assert len(lists(answer.text)["Today’s check-ins"]) == 2
    assert round_trips.count <= 2, "over a Unix socket one more asks whether it is kept"


def test_the_fragment_answers_204_until_a_mood_changes(alice: Browser) -> None:
    url = entries_url(alice.get("/dashboard"))
    assert alice.get(url, headers=HTMX_HEADERS).status_code == 204
    record(alice, score=4)
    answer = alice.get(url, headers=HTMX_HEADERS)
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<section id="entries"')
    assert "How are you now?" in answer.text, "the texts of the form come along"
    assert 'id="mood-form"' not in answer.text
    assert alice.get(entries_url(answer)).status_code == 204


def test_the_fragment_keeps_the_day_of_its_page(app: Flask, at_noon: Any) -> None:
    alice = sign_up(app, "Alice")
    record(alice, score=4, note="on the 12th")
    url = entries_url(alice.get("/dashboard"))
    for days in (1, 10):
        at_noon.move_to(NOON + timedelta(days=days))
        record(alice, score=5, note="later")
        today = lists(alice.get(url).text)["Today’s check-ins"]
        assert ["on the 12th" in one for one in today] == [True]
    saved = {"score": "6", "note": "of that page", "date": "2026-03-12"}
    answer = alice.post(MOOD, saved, headers=HTMX_HEADERS)
    assert len(lists(answer.text)["Today’s check-ins"]) == 2


@pytest.mark.parametrize("day", ["x", "0001-01-01", "1999-12-31"])
def test_the_fragment_knows_no_other_days(alice: Browser, day: str) -> None:
    assert alice.get(f"/dashboard/entries?day={day}").status_code == 400


def test_the_fragment_of_somebody_else_loads_the_page_anew(alice: Browser, bob: Browser) -> None:
    url = entries_url(alice.get("/dashboard"))
    answer = bob.get(url, headers=HTMX_HEADERS)
    assert (answer.headers.get("HX-Refresh"), answer.text) == ("true", "")


def test_it_is_changed_in_place(alice: Browser) -> None:
    entry_id = record(alice, score=7.3, note="before", tags=["walk"])
    form = form_to(alice.get("/dashboard").text, f"/entries/{entry_id}")
    changed = form.fields | {"note": "after", "tags": ["tea"], "score": "4"}
    answer = alice.post(form.action, changed, headers=HTMX_HEADERS)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "aira:refresh")
    assert "4 A little low tea after" in lists(answer.text)["Today’s check-ins"][0]
    [entry] = alice.moods()
    assert (entry["score"], entry["note"], entry["tags"]) == (4, "after", ["tea"])


def test_what_is_refused_in_place_stays_open_as_it_was_typed(alice: Browser) -> None:
    entry_id = record(alice, score=7, note="before")
    form = form_to(alice.get("/dashboard").text, f"/entries/{entry_id}")
    typed = form.fields | {"note": "n" * 281, "tags": ["tea"], "score": "4.5"}
    answer = alice.post(form.action, typed, headers=HTMX_HEADERS)
    assert answer.status_code == 422
    assert "HX-Trigger" not in answer.headers
    assert re.search(r'<details class="entry-change" open>', answer.text)
    again = form_to(answer.text, f"/entries/{entry_id}")
    assert {name: again.fields[name] for name in ("note", "tags", "score")} == {
        "note": "n" * 281,
        "tags": ["tea"],
        "score": "4.5",
    }
    assert alice.moods()[0]["note"] == "before"


def test_it_is_deleted_and_put_back_in_place(alice: Browser) -> None:
    entry_id = record(alice, score=7.3, note="a\nb", tags=["walk", "<b>"])
    before = alice.moods()
    form = form_to(alice.get("/dashboard").text, "/delete")
    answer = alice.post(form.action, form.fields, headers=HTMX_HEADERS)
    assert (answer.status_code, alice.moods()) == (200, [])
    assert "The check-in is deleted." in answer.text
    back = form_to(answer.text, f"/entries/{entry_id}/restore")
    for _ in range(2):
        answer = alice.post(back.action, back.fields, headers=HTMX_HEADERS)
        assert answer.status_code == 200
        assert alice.moods() == before
    assert "The check-in is deleted." not in answer.text


def test_without_a_script_its_forms_lead_back_to_the_dashboard(alice: Browser) -> None:
    entry_id = record(alice, score=7, tags=["walk"])
    before = alice.moods()
    form = form_to(alice.get("/dashboard").text, f"/entries/{entry_id}")
    answer = alice.post(form.action, form.fields)
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    form = form_to(alice.get("/dashboard").text, "/delete")
    assert alice.post(form.action, form.fields).location == "/dashboard"
    page = alice.get("/dashboard").text
    assert "The check-in is deleted." in page
    form = form_to(page, "/restore")
    assert alice.post(form.action, form.fields).location == "/dashboard"
    assert alice.moods() == before
    assert "The check-in is deleted." not in alice.get("/dashboard").text


def test_a_deletion_of_much_fits_into_the_cookie(alice: Browser) -> None:
    letters = "".join(chr(0x1F300 + number * 7 % 700) for number in range(280))
    tags = [letters[number : number + 30] for number in range(0, 240, 30)]
    record(alice, score=7, note=letters, tags=tags)
    before = alice.moods()
    form = form_to(alice.get("/dashboard").text, "/delete")
    answer = alice.post(form.action, form.fields)
    assert len(answer.headers["Set-Cookie"]) < 4096
    form = form_to(alice.get("/dashboard").text, "/restore")
    alice.post(form.action, form.fields)
    assert alice.moods() == before


@pytest.mark.parametrize("page", ["//e.example", "https://e.example", "x", "2026-02-30"])
def test_it_leads_to_no_other_page(alice: Browser, page: str) -> None:
    answer = alice.post(MOOD, {"score": "5", "page": page})
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_undo_on_a_days_page_leads_back_there(alice: Browser) -> None:
    entry_id = record(alice, score=5)
    answer = alice.post(UNDO, {"entry": entry_id, "page": "2026-03-12"})
    assert (answer.location, alice.moods()) == ("/history/2026-03-12", [])


def test_the_poll_stays_small_and_without_the_form(
    alice: Browser, service_client: FlaskClient
) -> None:
    for number in range(9):
        record(
            alice, score=number, note="n" * 280, tags=[f"{number}{tag}" * 15 for tag in "abcdefgh"]
        )
    poll = alice.get("/dashboard/stats")
    assert len(poll.data) < 6 * 1024
    assert "mood-form" not in poll.text
    assert "entry-change" not in poll.text
    assert displayed_stats(poll)["mood_score"] == "8"
