"""Which day a check-in is for and counts: five days in one tab, a page left open over midnight."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from stats.activity.calendar import Calendar
from stats.activity.clock import Clock
from tests.web.helpers import HTMX_HEADERS, Browser, displayed_stats, field_error, sign_up

MOOD, UNDO = "/dashboard/mood", "/dashboard/mood/undo"
EVENING = datetime(2026, 12, 31, 20, tzinfo=UTC)
MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def traveller() -> Any:
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


def by_form(browser: Browser, day: date) -> None:
    browser.post(MOOD, {"score": "7", "date": day.isoformat()}, headers=HTMX_HEADERS)


def by_api(browser: Browser, day: date) -> None:
    browser.api("PATCH", "/api/mood", json={"score": 7})


def days(browser: Browser) -> list[str]:
    """The day of each entry, oldest first, in UTC."""
    moments = sorted(entry["timestamp"] for entry in browser.moods())
    return [moment[:10] for moment in moments]


@pytest.mark.parametrize("check_in", [by_form, by_api])
def test_it_counts_a_day_for_each_check_in_of_a_tab_left_open(
    app: Flask, traveller: Any, check_in: Any
) -> None:
    alice = sign_up(app, "Alice")
    for day in range(5):
        traveller.move_to(EVENING + day * timedelta(days=1))
        check_in(alice, (EVENING + day * timedelta(days=1)).date())
    stats = alice.stats()
    assert (stats["streak"], stats["days_active"], stats["longest_streak"]) == (5, 5, 5)


def test_it_counts_a_check_in_of_the_service_key(service_client: Any, traveller: Any) -> None:
    for day in range(3):
        traveller.move_to(EVENING + day * timedelta(days=1))
        answer = service_client.patch("/api/mood?userId=u", json={"score": 5})
        assert answer.get_json()["data"]["streak"] == day + 1


def test_it_counts_no_entry_about_another_moment(service_client: Any, traveller: Any) -> None:
    service_client.patch("/api/mood?userId=u", json={"score": 5})
    traveller.shift(86400)
    at = (EVENING + timedelta(hours=23)).isoformat()
    stats = service_client.patch("/api/mood?userId=u", json={"score": 5, "at": at}).get_json()[
        "data"
    ]
    assert (stats["days_active"], stats["streak"]) == (1, 1)


def test_it_means_the_days_of_the_page_by_today_and_yesterday(app: Flask, traveller: Any) -> None:
    alice = sign_up(app, "Alice")
    traveller.move_to(MIDNIGHT + timedelta(seconds=1))
    form = {"score": "7", "date": "2026-12-31"}
    alice.post(MOOD, form | {"day": "yesterday"}, headers=HTMX_HEADERS)
    alice.post(MOOD, form, headers=HTMX_HEADERS)
    assert days(alice) == ["2026-12-30", "2026-12-31"]
    assert alice.stats()["days_active"] == 1
    assert alice.get("/history/2026-12-31").status_code == 200


def test_it_keeps_the_day_of_the_page_in_the_form_that_is_answered(
    app: Flask, traveller: Any
) -> None:
    alice = sign_up(app, "Alice")
    traveller.move_to(MIDNIGHT + timedelta(seconds=1))
    answer = alice.post(MOOD, {"score": "7", "date": "2026-12-31"}, headers=HTMX_HEADERS)
    assert 'name="date" value="2026-12-31"' in answer.text
    assert 'name="date" value="2027-01-01"' in alice.get("/dashboard").text


def test_it_finds_room_for_many_at_the_end_of_a_day(app: Flask, traveller: Any) -> None:
    alice = sign_up(app, "Alice")
    traveller.move_to(MIDNIGHT + timedelta(seconds=1))
    for score in range(9):
        alice.post(MOOD, {"score": str(score), "date": "2026-12-31"}, headers=HTMX_HEADERS)
    assert days(alice) == ["2026-12-31"] * 9


def test_it_takes_a_page_that_is_ahead_for_one_of_now(app: Flask, traveller: Any) -> None:
    alice = sign_up(app, "Alice")
    alice.post(MOOD, {"score": "7", "date": "2027-01-05"}, headers=HTMX_HEADERS)
    alice.post(MOOD, {"score": "7", "date": "2027-01-05", "day": "yesterday"}, headers=HTMX_HEADERS)
    assert days(alice) == ["2026-12-30", "2026-12-31"]


def test_it_takes_any_day_of_the_last_366(app: Flask, traveller: Any) -> None:
    alice = sign_up(app, "Alice", timezone="America/St_Johns")
    for back in (1, 30, 200, 366):
        day = (EVENING - timedelta(days=back)).date().isoformat()
        assert alice.post(MOOD, {"score": "7", "day": day}).status_code == 303
        assert f"/history/{day}" in alice.get(f"/history/{day}").request.path
        assert "One check-in" in alice.get(f"/history/{day}").text
    assert alice.stats()["days_active"] == 1


@pytest.mark.parametrize(
    "form",
    [
        {"day": "2025-12-29"},
        {"day": "2027-01-01"},
        {"day": "tomorrow"},
        {"day": "2026-02-30"},
        {"date": "31 December"},
    ],
)
def test_it_refuses_other_days_and_keeps_what_was_typed(
    app: Flask, traveller: Any, form: dict[str, str]
) -> None:
    alice = sign_up(app, "Alice")
    answer = alice.post(MOOD, {"score": "7.5", "note": "kept", **form}, headers=HTMX_HEADERS)
    assert answer.status_code == 422
    assert field_error(answer, "day")
    assert "kept" in answer.text
    assert alice.moods() == []


def test_it_takes_back_the_entry_beside_the_button(alice: Browser, service_client: Any) -> None:
    answer = alice.post(MOOD, {"score": "10"}, headers=HTMX_HEADERS)
    entry = answer.text.split('name="entry" value="')[1].split('"')[0]
    body = {"score": 2, "note": "from the chat"}
    service_client.patch(f"/api/mood?userId={alice.user_id}", json=body)
    alice.post(UNDO, {"entry": entry}, headers=HTMX_HEADERS)
    assert [(mood["score"], mood.get("note")) for mood in alice.moods()] == [(2, "from the chat")]
    assert displayed_stats(alice.get("/dashboard"))["mood_score"].startswith("2")


@pytest.mark.parametrize("entry", ["", "x", "-1", "1" * 20, "١٢"])
def test_it_takes_nothing_back_without_an_entry(alice: Browser, entry: str) -> None:
    alice.post(MOOD, {"score": "10"})
    assert alice.post(UNDO, {"entry": entry}).status_code == 400
    assert len(alice.moods()) == 1


def test_undo_of_a_repeated_answer_stands_beside_the_entry_that_it_takes_back(
    alice: Browser,
) -> None:
    """What was recorded last may be another tab's entry by now."""
    alice.post(MOOD, {"score": "10", "op": "one"}, headers=HTMX_HEADERS)
    alice.post(MOOD, {"score": "4", "op": "two"}, headers=HTMX_HEADERS)
    answer = alice.post(MOOD, {"score": "10", "op": "one"}, headers=HTMX_HEADERS)
    [entry] = [one for one in answer.text.split('<li class="entry"') if 'id="mood-undo"' in one]
    last = alice.moods()[0]
    assert last["score"] == 4
    assert f'id="entry-{last["id"]}"' in entry
    assert f'name="entry" value="{last["id"]}"' in entry


def test_it_finds_the_time_of_day_on_a_day_of_another_length() -> None:
    """At 02:30 on 30 March there is no 02:30 on the 29th in Berlin: it is still that day."""
    now = datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    days = Calendar(Clock("Europe/Berlin"))
    at = days.same_time_on(date(2026, 3, 29), now)
    assert at is not None
    assert days.day_of(at) == date(2026, 3, 29)


@pytest.mark.parametrize(("day_start", "ends"), [("0", 23), ("4", 27)])
def test_the_page_holds_the_moment_at_which_its_day_ends(
    app: Flask, traveller: Any, day_start: str, ends: int
) -> None:
    """At 20:00 UTC on 31 December it is 21:00 in Berlin."""
    alice = sign_up(app, "Alice", timezone="Europe/Berlin")
    alice.post("/settings", {"name": "A", "timezone": "Europe/Berlin", "day_start": day_start})
    end = int((EVENING.replace(hour=0) + timedelta(hours=ends)).timestamp() * 1000)
    assert f'datetime="2026-12-31" data-ends="{end}"' in alice.get("/dashboard").text
