"""Opened and saved as it is: what Chromium itself does to a slider and to a note."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Open
from tests.browser.helpers import Member, expect_mood, save, sign_up, slider
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

LINES = "line one\nline two"


def record(site: LiveServer, member: Member, **mood: Any) -> None:
    site.api("PATCH", f"/api/mood?userId={member.id}", mood)


def entries(site: LiveServer, member: Member) -> list[tuple[float, str]]:
    history = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return [(entry["score"], entry.get("note", "")) for entry in history]


def open_entry(page: Page) -> Any:
    """Open the day's page and the form of its first entry."""
    page.goto("/history")
    page.get_by_role("link", name="Today").first.click()
    page.locator("details summary").first.click()
    return page.locator(".edit-form").first


def open_on_day(page: Page) -> Any:
    return open_entry(page).locator("[name=score]")


def open_on_dashboard(page: Page) -> Any:
    """Open the form of the first entry where it stands beside the check-in form."""
    page.goto("/dashboard")
    page.locator("#entries summary").first.click()
    return page.locator("#entries .range").first


def saved(page: Page) -> None:
    expect(page.locator(".alert-success")).to_contain_text("Saved.")


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("note", [LINES, f"\n{LINES}", "👩‍🚀\n\n🌧️"])
def test_a_check_in_that_is_saved_unchanged_stays(
    open_context: Open, site: LiveServer, note: str, script: bool
) -> None:
    context: BrowserContext = open_context(java_script_enabled=script)
    member = sign_up(context.new_page())
    record(site, member, score=7.3, note=note)
    form = open_entry(member.page)
    expect(form.locator("[name=note]")).to_have_value(note)
    form.get_by_role("button", name="Save").click()
    saved(member.page)
    assert entries(site, member) == [(7.3, note)]
    shown = member.page.locator(".entry-note").inner_text()
    assert shown.split("\n") == note.strip("\n").split("\n"), "with its lines"


def test_an_entry_beside_the_form_is_saved_as_it_is(member: Member, site: LiveServer) -> None:
    page = member.page
    record(site, member, score=6.7, tags=["walk", "z"])
    expect(open_on_dashboard(page)).to_have_attribute("aria-valuetext", "6.7 of 10, Good")
    page.locator("#entries [name=note]").fill(LINES)
    page.locator("#entries").get_by_role("button", name="Save").click()
    expect(page.locator("#entries .entry-note")).to_contain_text("line two")
    assert entries(site, member) == [(6.7, LINES)]
    assert site.api("GET", f"/api/mood?userId={member.id}")["history"][0]["tags"] == ["walk", "z"]


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [("ArrowRight", "7.5", "8"), ("ArrowLeft", "7", "6.5"), ("End", "10", "10")],
)
def test_the_first_movement_goes_to_half_points(
    member: Member, site: LiveServer, key: str, first: str, second: str
) -> None:
    page = member.page
    record(site, member, score=7.4 if key == "ArrowLeft" else 7.1)
    for open_slider in (open_on_day, open_on_dashboard):
        score = open_slider(page)
        score.focus()
        for value in (first, second):
            page.keyboard.press(key)
            expect(score).to_have_value(value)


def test_the_buttons_go_to_the_next_half_point(member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    lower = page.get_by_role("button", name="Half a point lower")
    higher = page.get_by_role("button", name="Half a point higher")
    higher.click()
    expect(slider(page)).to_have_value("5.5")
    expect(slider(page)).to_have_attribute("aria-valuetext", "5.5 of 10, All right")
    for value in ("5", "4.5"):
        lower.click()
        expect(slider(page)).to_have_value(value)


def test_the_other_day_begins_in_the_middle(member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    page.locator("label:has([name=day][value=yesterday])").click()
    page.locator("label:has([name=day][value=today])").click()
    expect(slider(page)).to_have_value("5")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Not logged")
    page.locator("label:has([name=day][value=yesterday])").click()
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    expect(slider(page)).to_have_value("5.5")


def test_it_says_how_much_of_a_note_is_left_as_the_server_counts(
    member: Member, site: LiveServer
) -> None:
    page = member.page
    page.goto("/dashboard")
    note, left = page.locator("#note"), page.locator("#note-left")
    expect(left).to_be_empty()
    note.fill("a")
    expect(left).to_have_text("279 left")
    note.fill("😀" * 220 + "  \n")
    expect(left).to_have_text("60 left")
    expect(page.locator("[role=status]")).to_be_empty()
    note.fill("😀" * 219 + "\na")
    expect(left).to_have_text("59 left")
    expect(page.locator("[role=status]")).to_have_text("59 characters left")
    note.fill("😀" * 279)
    expect(left).to_have_text("1 left")
    note.fill("😀" * 292)
    expect(left).to_have_text("12 characters too many")
    note.fill("😀" * 278 + "\na")
    expect(left).to_have_text("0 left")
    save(page)
    assert entries(site, member) == [(5, "😀" * 278 + "\na")]
    expect(left).to_be_empty()


def test_control_and_enter_saves_a_note(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    page.locator("#note").fill("A walk")
    page.keyboard.press("Enter")
    page.keyboard.type("and rain")
    page.keyboard.press("Control+Enter")
    expect_mood(page, "5")
    assert entries(site, member) == [(5, "A walk\nand rain")]
