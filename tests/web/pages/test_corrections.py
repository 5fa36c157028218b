"""What a day's page mends: a deletion, an entry of a clock that ran ahead; its first day."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from redis import Redis
from werkzeug.test import TestResponse

from tests.web.helpers import Browser, log_in, sign_up

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


def hidden_fields(page: TestResponse, action: str) -> dict[str, str]:
    """Return the hidden fields of the form with this action."""
    form = page.text.split(f'action="{action}"')[1].split("</form>")[0]
    parts = form.split('<input type="hidden" name="')[1:]
    return {part.split('"')[0]: part.split('value="')[1].split('"')[0] for part in parts}


def delete(browser: Browser, entry_id: str) -> TestResponse:
    """Delete an entry and return the page that follows."""
    answer = browser.post(f"/history/entries/{entry_id}/delete")
    assert answer.status_code == 303
    return browser.get(answer.location)


def test_it_puts_a_deleted_check_in_back_once(alice: Browser) -> None:
    alice.api("PATCH", "/api/mood", json={"score": 7.3, "note": "line <one>\nline two"})
    [before] = alice.moods()
    page = delete(alice, before["id"])
    assert alice.moods() == []
    action = f"/history/entries/{before['id']}/restore"
    fields = hidden_fields(page, action) | {"note": before["note"]}
    for _ in range(2):
        assert alice.post(action, fields).status_code == 303
    assert alice.moods() == [before]


def test_it_offers_that_once(alice: Browser) -> None:
    alice.post("/dashboard/mood", {"score": "7"})
    [entry] = alice.moods()
    assert "/restore" in delete(alice, entry["id"]).text
    day = entry["timestamp"][:10]
    assert "/restore" not in alice.get(f"/history/{day}").text


@pytest.mark.parametrize("score", ["", "11", "NaN"])
def test_it_puts_nothing_back_that_is_no_score(alice: Browser, score: str) -> None:
    assert alice.post("/history/entries/1773000000000/restore", {"score": score}).status_code == 400
    assert alice.moods() == []


def test_it_reaches_and_removes_what_a_clock_that_ran_ahead_has_left(app: Flask) -> None:
    with time_machine.travel(NOW, tick=False) as traveller:
        alice = sign_up(app, "Alice")
        traveller.shift(3 * 86400)
        alice.post("/dashboard/mood", {"score": "7"})
        traveller.shift(-3 * 86400)
        alice = log_in(app, "Alice")
        assert "/history/2026-03-15" in alice.get("/history").text
        page = alice.get("/history/2026-03-15")
        [entry] = alice.moods()
        assert f"/history/entries/{entry['id']}/delete" in page.text
        alice.post(f"/history/entries/{entry['id']}/delete")
        assert alice.moods() == []
        assert alice.get("/history/2026-03-15").status_code == 404


def test_its_first_day_leads_to_no_day_before(alice: Browser, valkey: Redis) -> None:
    page = alice.get("/history/2000-01-01").text
    assert "1999" not in page
    assert alice.get("/history/1999-12-31").status_code == 404
