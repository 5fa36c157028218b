"""Check-ins beside the form and on a day's page: changed in place, and nothing typed is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.charts_page import Box, box_of
from tests.browser.helpers import (
    ConsoleErrors,
    Member,
    axe_violations,
    expect_mood,
    last_entry,
    refresh,
    save,
    sign_up,
    slider,
    undo_button,
)
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

WIDTH = "document.documentElement.scrollWidth - innerWidth"


def record(site: LiveServer, member: Member, **mood: Any) -> None:
    site.api("PATCH", f"/api/mood?userId={member.id}", mood)


def history(site: LiveServer, member: Member) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return entries


def day_before(days: int) -> str:
    return (datetime.now(ZoneInfo("Europe/Berlin")) - timedelta(days=days)).date().isoformat()


@pytest.fixture
def with_entry(member: Member, site: LiveServer) -> None:
    """The page shows the dashboard of somebody with one check-in of today."""
    record(site, member, score=6, note="before", tags=["walk"])
    member.page.goto("/dashboard")


def open_change(page: Page) -> Any:
    last_entry(page).locator("summary").click()
    return last_entry(page).locator(".edit-form")


@pytest.mark.usefixtures("with_entry")
def test_it_is_changed_in_place_and_the_focus_goes_back(
    page: Page, site: LiveServer, member: Member
) -> None:
    page.locator("#note").fill("half a thought")
    form = open_change(page)
    assert axe_violations(page) == []
    form.locator(".range").focus()
    page.keyboard.press("End")
    form.locator("[name=note]").fill("after")
    form.locator(".chip-field").fill("tea")
    page.keyboard.press("Enter")
    form.get_by_role("button", name="Save").click()
    expect(last_entry(page)).to_contain_text("10 Very good")
    expect(last_entry(page).locator("summary")).to_be_focused()
    expect(page.locator("[role=status]")).to_have_text("Saved.")
    expect_mood(page, "10")
    expect(page.locator("#note")).to_have_value("half a thought")
    [entry] = history(site, member)
    assert (entry["score"], entry["note"], sorted(entry["tags"])) == (10, "after", ["tea", "walk"])


@pytest.mark.usefixtures("with_entry")
def test_escape_closes_it_and_the_focus_goes_back(page: Page) -> None:
    form = open_change(page)
    form.locator("[name=note]").focus()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(last_entry(page).locator("summary")).to_be_focused()


@pytest.mark.usefixtures("with_entry")
def test_it_is_deleted_and_put_back(page: Page, site: LiveServer, member: Member) -> None:
    before = history(site, member)
    open_change(page)
    last_entry(page).get_by_role("button", name="Delete").click()
    expect(page.locator("[role=status]")).to_have_text("The check-in is deleted.")
    expect(page.locator("#put-back")).to_be_focused()
    expect_mood(page, "—")
    expect(page.locator("#mood-heading")).to_contain_text("How are you today?")
    assert history(site, member) == []
    page.locator("#put-back").click()
    expect(last_entry(page).locator("summary")).to_be_focused()
    expect_mood(page, "6")
    assert history(site, member) == before


@pytest.mark.usefixtures("with_entry")
def test_what_is_refused_is_kept_with_the_reason(page: Page, console_errors: ConsoleErrors) -> None:
    console_errors.expect("status of 422", "Error Code 422")
    form = open_change(page)
    form.locator("[name=note]").fill("x" * 281)
    form.get_by_role("button", name="Save").click()
    expect(last_entry(page).locator("[role=alert]")).to_contain_text("280 characters at most")
    expect(last_entry(page).locator("[name=note]")).to_have_value("x" * 281)


@pytest.mark.usefixtures("with_entry")
def test_a_change_that_fails_says_so_and_keeps_what_was_typed(
    page: Page, site: LiveServer, member: Member, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("net::ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
    form = open_change(page)
    form.locator("[name=note]").fill("after")

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/history/entries/*", fail)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".change-failed")).to_contain_text("Not done")
    expect(form.locator("[name=note]")).to_have_value("after")
    page.unroute("**/history/entries/*", fail)
    form.get_by_role("button", name="Save").click()
    expect(last_entry(page)).to_contain_text("after")
    assert history(site, member)[0]["note"] == "after"


@pytest.mark.usefixtures("with_entry")
def test_one_that_is_being_changed_stays_when_others_come(
    page: Page, site: LiveServer, member: Member
) -> None:
    form = open_change(page)
    note = form.locator("[name=note]")
    note.fill("half a ")
    record(site, member, score=9, note="from elsewhere")
    refresh(page)
    expect(page.locator(".entry-note", has_text="from elsewhere")).to_be_visible()
    expect(page.locator(".edit-form:visible [name=note]")).to_have_value("half a ")
    page.keyboard.type("thought")
    save(page)
    expect(page.locator("#entries .day-entries:visible .entry")).to_have_count(3)
    expect(page.locator(".edit-form:visible [name=note]")).to_have_value("half a thought")
    page.locator(".edit-form:visible").get_by_role("button", name="Save").click()
    expect(page.locator(".entry-note", has_text="half a thought")).to_be_visible()
    assert history(site, member)[2]["note"] == "half a thought"


def test_one_of_another_tab_changes_the_words_of_the_form_and_not_the_slider(
    member: Member, site: LiveServer
) -> None:
    page = member.page
    page.goto("/dashboard")
    expect(page.locator("#mood-heading")).to_contain_text("How are you today?")
    slider(page).focus()
    page.keyboard.press("End")
    record(site, member, score=3)
    refresh(page)
    expect(page.locator("#mood-heading")).to_contain_text("How are you now?")
    expect(page.locator("#mood-hint")).to_contain_text("Adds a second. The one below stays")
    expect(slider(page)).to_have_value("10")
    expect(slider(page)).to_be_focused()


@pytest.mark.usefixtures("with_entry")
def test_the_list_follows_the_toggle(page: Page, site: LiveServer, member: Member) -> None:
    expect(page.get_by_role("heading", name="Today’s check-ins")).to_be_visible()
    page.locator("label:has([name=day][value=yesterday])").click()
    expect(page.get_by_role("heading", name="Today’s check-ins")).to_be_hidden()
    expect(page.locator("#entries")).to_contain_text("Yesterday is blank.")
    page.locator("#fill-yesterday").click()
    expect(slider(page)).to_be_focused()
    save(page)
    expect(page.get_by_role("heading", name="Yesterday’s check-ins")).to_be_visible()
    undo_button(page).click()
    expect(page.locator("[role=status]")).to_have_text("Taken back.")
    assert [entry["score"] for entry in history(site, member)] == [6]


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_past_day_takes_a_check_in_and_gives_it_back(
    open_context: Callable[..., BrowserContext], site: LiveServer, script: bool
) -> None:
    page = open_context(java_script_enabled=script).new_page()
    member = sign_up(page)
    page.goto(f"/history/{day_before(40)}")
    slider(page).focus()
    page.keyboard.press("Home")
    page.locator("#note").fill("Remembered")
    page.locator("#tags-more").fill("walk, tea")
    page.locator("#mood-save").click()
    expect(last_entry(page)).to_contain_text("0 Very low")
    assert page.url.endswith(day_before(40))
    [entry] = site.api("GET", f"/api/mood?userId={member.id}&days=60")["history"]
    assert (entry["note"], sorted(entry["tags"])) == ("Remembered", ["tea", "walk"])
    stats = site.api("GET", f"/api/dashboard?userId={member.id}")["data"]
    assert (stats["days_active"], stats["streak"]) == (1, 1)
    undo_button(page).click()
    expect(page.locator(".blank-day")).to_be_visible()
    assert page.url.endswith(day_before(40))
    if script:
        assert axe_violations(page) == []


@pytest.mark.usefixtures("with_entry")
def test_arrow_keys_go_a_day_when_nothing_has_the_focus(page: Page) -> None:
    page.goto(f"/history/{day_before(5)}")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/{day_before(6)}")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/{day_before(5)}")
    page.locator("#note").focus()
    page.keyboard.press("ArrowLeft")
    page.locator("#note").fill("a")
    assert page.url.endswith(day_before(5))


@pytest.mark.usefixtures("with_entry")
def test_nothing_is_wider_than_a_small_phone(page: Page, site: LiveServer, member: Member) -> None:
    record(site, member, score=7, note="w" * 280, tags=["w" * 30, "m" * 30, *"abcdef"])
    page.set_viewport_size({"width": 320, "height": 700})
    for url in ("/dashboard", f"/history/{day_before(0)}", f"/history/{day_before(9)}"):
        page.goto(url)
        assert page.evaluate(WIDTH) <= 0, url
        for summary in page.locator(".entry-change summary").all():
            summary.click()
        assert page.evaluate(WIDTH) <= 0, url


@pytest.mark.parametrize("width", [320, 360, 767])
def test_change_stands_beside_the_time_whatever_is_said(
    page: Page, site: LiveServer, member: Member, width: int
) -> None:
    for words in ({}, {"tags": ["walk"]}, {"note": "A letter came."}, {"note": "a", "tags": ["b"]}):
        record(site, member, score=4, **words)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"/history/{day_before(0)}")
    entries = page.locator(".entry").all()
    assert len(entries) == 4
    places = {round(box_of(one.locator("summary"))["x"]) for one in entries}
    assert len(places) == 1
    for one in entries:
        time, change = (box_of(one.locator(part)) for part in (".entry-time", "summary"))
        assert middle(change) == pytest.approx(middle(time), abs=3)


def middle(box: Box) -> float:
    return box["y"] + box["height"] / 2
