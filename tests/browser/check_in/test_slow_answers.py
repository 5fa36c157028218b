"""What somebody does while an answer is under way through a slow line: it wins."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.helpers import (
    ConsoleErrors,
    Member,
    expect_at_rest,
    expect_mood,
    last_entry,
    sign_up,
    slider,
    undo_button,
)
from tests.support.live_server import LiveServer
from tests.support.slow_line import SlowLine

pytestmark = pytest.mark.browser


@pytest.fixture
def slow_member(
    visit: Callable[[bool], Page], line: SlowLine, console_errors: ConsoleErrors
) -> Member:
    """Somebody whose dashboard is open, at the end of a line that has become slow."""
    # A save ends the poll before it, of which htmx complains.
    console_errors.expect("htmx:afterRequest", "htmx:sendAbort")
    member = sign_up(visit(True))
    assert member.id
    member.page.goto("/dashboard")
    line.latency = 0.6
    return member


def entries(site: LiveServer, member: Member) -> list[tuple[float, str | None]]:
    """The entries, oldest first."""
    history: list[dict[str, Any]] = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return [(entry["score"], entry.get("note")) for entry in reversed(history)]


def test_a_note_typed_meanwhile_stays(slow_member: Member, site: LiveServer) -> None:
    page, note = slow_member.page, slow_member.page.locator("#note")
    page.locator("#mood-save").click()
    note.focus()
    page.keyboard.type("Sun on the balcony")
    for _ in range(7):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#mood-saved")).to_be_visible()
    expect(page.locator("[role=status]")).to_have_text("Saved.")
    expect(note).to_have_value("Sun on the balcony")
    expect(note).to_be_focused()
    page.keyboard.type("wide ")
    expect(note).to_have_value("Sun on the wide balcony")
    page.locator("#mood-save").click()
    expect(note).to_have_value("")
    assert entries(site, slow_member) == [(5, None), (5, "Sun on the wide balcony")]


def test_a_note_that_was_sent_is_gone_when_it_is_saved(slow_member: Member) -> None:
    page = slow_member.page
    page.locator("#note").fill("Sun")
    page.locator("#mood-save").click()
    expect(page.locator("#mood-saved")).to_be_visible()
    expect(page.locator("#note")).to_have_value("")


def test_a_second_save_meanwhile_counts(slow_member: Member, site: LiveServer) -> None:
    page = slow_member.page
    page.locator("#mood-save").click()
    slider(page).focus()
    page.keyboard.press("End")
    expect(page.locator("#mood-save")).to_be_enabled()
    page.locator("#mood-save").click()
    expect(last_entry(page)).to_contain_text("10 Very good")
    expect(page.locator("[role=status]")).to_have_text("Saved.")
    expect_mood(page, "10")
    expect_at_rest(page)
    assert entries(site, slow_member) == [(5, None), (10, None)]


def test_a_slider_moved_meanwhile_stays_until_it_is_saved(
    slow_member: Member, site: LiveServer
) -> None:
    page = slow_member.page
    page.locator("#mood-save").click()
    slider(page).focus()
    page.keyboard.press("Home")
    expect(last_entry(page)).to_contain_text("5 In between")
    expect(slider(page)).to_have_value("0")
    expect(slider(page)).to_have_attribute("aria-valuetext", "0 of 10, Very low")
    expect_mood(page, "5")
    assert entries(site, slow_member) == [(5, None)]


def test_two_presses_of_the_same_save_count_once(slow_member: Member, site: LiveServer) -> None:
    page, held = slow_member.page, list[Route]()
    page.route("**/dashboard/mood", lambda route: held.append(route))
    for _ in range(2):
        page.locator("#mood-save").click(force=True)
        expect(page.locator("#mood-save")).to_be_disabled()
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator("#mood-saved")).to_be_visible()
    expect_mood(page, "5")
    assert entries(site, slow_member) == [(5, None)]


def test_a_note_stays_while_something_is_taken_back(slow_member: Member, site: LiveServer) -> None:
    page = slow_member.page
    page.locator("#mood-save").click()
    expect(undo_button(page)).to_be_visible()
    page.locator("#note").fill("Sun")
    undo_button(page).click()
    page.locator("#note").press_sequentially(" and rain")
    expect(page.locator("[role=status]")).to_have_text("Taken back.")
    expect(page.locator("#note")).to_have_value("Sun and rain")
    assert entries(site, slow_member) == []
