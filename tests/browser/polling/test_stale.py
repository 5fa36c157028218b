"""Bad days in the browser: answers that fail, that are lost, that never come."""

import os
import signal
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.helpers import (
    ConsoleErrors,
    Member,
    expect_mood,
    expect_stat,
    refresh,
    save,
    slider,
)
from tests.support.live_server import LiveServer, eventually

pytestmark = pytest.mark.browser

# What Chromium and htmx say on the console about an answer that failed or never came.
FAILED = (
    "status of 50",
    "Error Code 50",
    "Error Code 20",
    "net::ERR_FAILED",
    "htmx:sendError",
    "htmx:afterRequest",
)
STATS, MOOD, CHARTS = "**/dashboard/stats*", "**/dashboard/mood", "**/dashboard/charts*"


def fail(route: Route) -> None:
    route.fulfill(status=503, body="<h1>We cannot reach your numbers</h1>")


def drop(route: Route) -> None:
    route.abort()


def misdirect(route: Route) -> None:
    route.fulfill(status=500, content_type="text/html", body="<p>Internal Server Error</p>")


def hotel(route: Route) -> None:
    """Somebody in between answers in our place."""
    page = '<h1>Welcome to the hotel</h1><form id="login"><input name="room"></form>'
    route.fulfill(status=200, content_type="text/html", body=page)


def no_content(route: Route) -> None:
    route.fulfill(status=204)


@pytest.mark.parametrize("failure", [fail, drop, misdirect, hotel, no_content])
def test_it_keeps_the_numbers_says_since_when_and_recovers_by_itself(
    member: Member, site: LiveServer, console_errors: ConsoleErrors, failure: Any
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    site.save_chat(member.id, "Before the bad day")
    page.clock.install()
    page.goto("/dashboard")
    stale = page.locator("#stale")
    expect(stale).to_be_hidden()
    shown = page.locator("#updated").inner_text()

    page.route(STATS, failure)
    page.clock.run_for(30_100)
    expect(stale).to_be_visible()
    expect(stale).to_contain_text(f"Showing {shown}")
    expect(page.locator("[role=status]")).to_contain_text("your entries are safe")
    expect_stat(page, "conversations", "1")
    expect_stat(page, "plan", "Free")
    expect(page.locator("#stats")).to_contain_text("Before the bad day")

    stale.get_by_role("button", name="Retry").click()
    page.clock.run_for(60_000)
    expect(stale).to_be_visible()
    expect(stale).to_contain_text(f"Showing {shown}")

    page.unroute(STATS)
    page.clock.run_for(30_100)
    expect(stale).to_be_hidden()
    expect(page.locator("[role=status]")).to_have_text("Up to date again.")


def test_charts_that_failed_are_asked_for_again(
    member: Member, site: LiveServer, console_errors: ConsoleErrors
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.clock.install()
    page.goto("/dashboard")
    page.route(CHARTS, fail)
    site.api("PATCH", f"/api/mood?userId={member.id}", {"score": 8})
    page.clock.run_for(30_100)
    expect(page.locator("#stale")).to_be_visible()
    expect_mood(page, "8")
    page.unroute(CHARTS)
    page.clock.run_for(30_100)
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator(".trend .marks [data-m='8']").first).to_be_visible()


def test_it_calls_no_entry_safe_beside_one_that_is_not(
    member: Member, console_errors: ConsoleErrors
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.goto("/dashboard")
    stale, safe = page.locator("#stale"), "your entries are safe"
    page.route(STATS, fail)
    refresh(page)
    expect(stale).to_contain_text(safe)
    page.route(MOOD, fail)
    page.locator("#mood-save").click()
    expect(page.locator("#mood-failed")).to_contain_text("Not saved")
    expect(stale).to_be_visible()
    expect(stale).to_contain_text("Can’t refresh.")
    expect(stale).not_to_contain_text(safe)
    page.unroute(MOOD)
    save(page)
    expect(page.locator("#mood-failed")).to_be_hidden()
    expect(stale).to_contain_text(safe)


def test_it_calls_no_entry_safe_when_the_numbers_fail_after_it(
    member: Member, console_errors: ConsoleErrors
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.goto("/dashboard")
    page.route(MOOD, fail)
    page.locator("#mood-save").click()
    expect(page.locator("#mood-failed")).to_contain_text("Not saved")
    page.route(STATS, fail)
    refresh(page)
    expect(page.locator("#stale")).to_contain_text("Can’t refresh.")
    expect(page.locator("[role=status]")).not_to_contain_text("safe")


def test_it_recovers_on_retry(member: Member, console_errors: ConsoleErrors) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.goto("/dashboard")
    page.route(STATS, fail)
    refresh(page)
    stale = page.locator("#stale")
    expect(stale).to_be_visible()
    page.unroute(STATS)
    stale.get_by_role("button", name="Retry").click()
    expect(stale).to_be_hidden()


def test_it_survives_a_store_that_hangs(
    member: Member, site: LiveServer, console_errors: ConsoleErrors
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.goto("/dashboard")
    page.locator("#note").fill("Written in the dark")
    os.kill(site.server, signal.SIGSTOP)
    try:
        with page.expect_response(STATS, timeout=2000) as answer:
            refresh(page)
        assert answer.value.status == 503
        expect(page.locator("#stale")).to_be_visible()
        expect_stat(page, "days_active", "1")
        page.locator("#mood-save").click()
        expect(page.locator("#mood-failed")).to_be_visible()
        expect(page.locator("#note")).to_have_value("Written in the dark")
    finally:
        os.kill(site.server, signal.SIGCONT)
    assert eventually(site.answers)
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#stale")).to_be_hidden()
    save(page)
    expect_mood(page, "5")
    history = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    assert [entry.get("note") for entry in history] == ["Written in the dark"]


class Saves:
    """The saves that a page sends; the first ones meet the given fates, later ones go through."""

    def __init__(self, page: Page, *fates: Any) -> None:
        self.ops: list[str] = []
        self._fates = list(fates)
        page.route(MOOD, self._take)

    def _take(self, route: Route) -> None:
        self.ops.extend(parse_qs(route.request.post_data or "")["op"])
        if self._fates:
            self._fates.pop(0)(route)
        else:
            route.continue_()


def write_then_drop(route: Route) -> None:
    assert route.fetch().status == 200
    route.abort()


def fill(page: Page) -> None:
    slider(page).focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.locator("#note").fill("Sun on the balcony")


@pytest.mark.parametrize("fate", [fail, drop, write_then_drop, hotel])
def test_a_save_that_failed_keeps_what_was_typed_and_counts_once(
    member: Member, site: LiveServer, console_errors: ConsoleErrors, fate: Any
) -> None:
    console_errors.expect(*FAILED)
    page = member.page
    page.goto("/dashboard")
    saves = Saves(page, fate, fate)
    fill(page)
    for _ in range(2):
        page.locator("#mood-save").click()
        expect(page.locator("#mood-failed")).to_be_visible()
        expect(slider(page)).to_have_value("9.5")
        expect(page.locator("#note")).to_have_value("Sun on the balcony")
    save(page)
    expect_mood(page, "9.5")
    expect(page.locator("#mood-failed")).to_be_hidden()
    assert len(saves.ops) == 3
    assert len(set(saves.ops)) == 1, "the same operation, sent again"
    moods = site.api("GET", f"/api/mood?userId={member.id}")
    assert moods["stats"]["totalEntries"] == 1
    assert moods["history"][0]["note"] == "Sun on the balcony"


def test_the_next_check_in_is_an_operation_of_its_own(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    saves = Saves(page)
    save(page)
    save(page)
    assert len(set(saves.ops)) == 2
    assert site.api("GET", f"/api/mood?userId={member.id}")["stats"]["totalEntries"] == 2


def test_a_note_that_is_refused_is_kept_with_the_reason(
    member: Member, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 422", "Error Code 422")
    page = member.page
    page.goto("/dashboard")
    page.locator("#note").fill("x" * 281)
    page.locator("#mood-save").click()
    note = page.locator("#note")
    expect(note).to_have_attribute("aria-invalid", "true")
    expect(note).to_have_value("x" * 281)
    expect(note).to_be_focused()
    expect_mood(page, "—")
