"""Every flow with scripts switched off: links, forms, redirects."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.helpers import (
    PASSWORD,
    ConsoleErrors,
    expect_mood,
    expect_stat,
    fill_sign_up,
    last_entry,
    log_out,
    slider,
    undo_button,
)
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(open_context: Callable[..., BrowserContext]) -> Page:
    return open_context(java_script_enabled=False).new_page()


def press(page: Page, name: str) -> None:
    """Press a button and be on the page that its form leads to."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def save(page: Page) -> None:
    page.locator("#mood-save").click()
    page.wait_for_load_state()


def test_it_signs_up_sets_a_mood_and_takes_it_back(plain: Page, site: LiveServer) -> None:
    member = fill_sign_up(plain)
    expect_stat(plain, "days_active", "1")
    expect_mood(plain, "—")
    slider(plain).focus()
    for _ in range(5):
        plain.keyboard.press("ArrowRight")
    plain.locator("#note").fill("Pen and paper")
    save(plain)
    assert plain.url.endswith("/dashboard")
    expect_mood(plain, "7.5")
    expect(last_entry(plain)).to_contain_text("7.5 Good")
    expect(last_entry(plain)).to_contain_text("Saved")
    expect(slider(plain)).to_have_value("5")
    (entry,) = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    assert (entry["score"], entry["note"]) == (7.5, "Pen and paper")

    undo_button(plain).click()
    expect_mood(plain, "—")
    assert site.api("GET", f"/api/mood?userId={member.id}")["history"] == []


def test_it_fills_in_yesterday_and_refreshes_by_a_link(plain: Page, site: LiveServer) -> None:
    member = fill_sign_up(plain)
    plain.locator("label:has([name=day][value=yesterday])").click()
    slider(plain).focus()
    plain.keyboard.press("End")
    save(plain)
    expect_mood(plain, "10")
    site.save_chat(member.id, "About the sea")
    plain.get_by_role("link", name="Refresh").click()
    expect_stat(plain, "conversations", "1")
    expect(plain.locator("#stats")).to_contain_text("About the sea")


def test_a_note_that_is_too_long_comes_back_with_the_reason(
    plain: Page, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 422")
    fill_sign_up(plain)
    note = plain.locator("#note")
    note.fill("x" * 281)
    save(plain)
    expect(note).to_have_attribute("aria-invalid", "true")
    expect(note).to_have_value("x" * 281)


def test_it_changes_settings_logs_out_and_in_again(plain: Page) -> None:
    member = fill_sign_up(plain)
    plain.goto("/settings")
    plain.locator("[name=name]").fill("Ada")
    plain.locator("[name=timezone]").select_option("Asia/Tokyo")
    plain.locator("form:has([name=timezone]) [type=submit]").click()
    expect(plain.locator("[name=name]")).to_have_value("Ada")
    expect(plain.locator("[name=timezone]")).to_have_value("Asia/Tokyo")

    log_out(plain)
    plain.goto("/settings")
    plain.wait_for_url("**/login?next=%2Fsettings")
    plain.locator("[name=email]").fill(member.email)
    plain.locator("[name=password]").fill(PASSWORD)
    press(plain, "Log in")
    plain.wait_for_url("**/settings")
    plain.goto("/dashboard")
    expect(plain.locator("h1")).to_have_text(re.compile(r"Good \w+, Ada"))


def test_it_logs_out_everywhere_else(
    plain: Page, open_context: Callable[..., BrowserContext]
) -> None:
    member = fill_sign_up(plain)
    elsewhere = open_context(java_script_enabled=False).new_page()
    elsewhere.goto("/login")
    elsewhere.locator("[name=email]").fill(member.email)
    elsewhere.locator("[name=password]").fill(PASSWORD)
    press(elsewhere, "Log in")
    elsewhere.wait_for_url("**/dashboard")
    plain.goto("/settings")
    press(plain, "Log out everywhere else")
    elsewhere.goto("/dashboard")
    elsewhere.wait_for_url("**/login?next=%2Fdashboard")
    plain.goto("/dashboard")
    expect_stat(plain, "days_active", "1")
