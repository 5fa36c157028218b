"""Tags as chips: typed and chosen by keyboard, eight at most, kept while an answer is under way."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.helpers import (
    ConsoleErrors,
    Member,
    axe_violations,
    last_entry,
    save,
    sign_up,
    undo_button,
)
from tests.support.live_server import LiveServer
from tests.support.slow_line import SlowLine

pytestmark = pytest.mark.browser


@pytest.fixture
def dashboard(member: Member) -> Page:
    member.page.goto("/dashboard")
    return member.page


def chosen(page: Page) -> list[str]:
    """The tags that are chosen on the check-in form."""
    values: list[str] = page.evaluate(
        "[...document.querySelectorAll('#mood-form .chip :checked')].map((input) => input.value)"
    )
    return values


def type_tags(page: Page, text: str) -> None:
    page.locator("#tags-more").focus()
    page.keyboard.type(text)


def stored(site: LiveServer, member: Member) -> list[list[str]]:
    history = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return [entry.get("tags", []) for entry in history]


def test_enter_and_comma_make_chips_and_keep_the_focus(
    dashboard: Page, site: LiveServer, member: Member
) -> None:
    type_tags(dashboard, "tea,Walk,")
    dashboard.keyboard.type("slow  morning")
    dashboard.keyboard.press("Enter")
    expect(dashboard.locator("#tags-more")).to_be_focused()
    expect(dashboard.locator("#tags-more")).to_have_value("")
    assert sorted(chosen(dashboard)) == ["slow morning", "tea", "walk"]
    dashboard.keyboard.press("Shift+Tab")
    expect(dashboard.locator(".chip input[value='slow morning']")).to_be_focused()
    dashboard.keyboard.press("Space")
    assert sorted(chosen(dashboard)) == ["tea", "walk"]
    assert axe_violations(dashboard) == []
    save(dashboard)
    assert sorted(stored(site, member)[0]) == ["tea", "walk"]
    expect(last_entry(dashboard).locator(".tags")).to_contain_text("tea")
    assert chosen(dashboard) == []


def test_what_is_typed_and_no_chip_yet_is_saved_too(
    dashboard: Page, site: LiveServer, member: Member
) -> None:
    type_tags(dashboard, "one, two")
    save(dashboard)
    assert sorted(stored(site, member)[0]) == ["one", "two"]


def test_at_eight_nothing_more_can_be_chosen(dashboard: Page) -> None:
    more = dashboard.locator("#tags-more")
    type_tags(dashboard, "a,b,c,d,e,f,g,")
    expect(more).to_be_visible()
    dashboard.keyboard.type("h,")
    expect(more).to_be_hidden()
    expect(dashboard.locator("#mood-form .chips-full")).to_have_text("Eight at most")
    expect(dashboard.locator(".chip input[value=h]")).to_be_focused()
    expect(dashboard.locator(".chip input[value=walk]")).to_be_disabled()
    dashboard.keyboard.press("Space")
    expect(more).to_be_visible()
    expect(dashboard.locator(".chip input[value=walk]")).to_be_enabled()


def test_what_there_is_no_room_for_stays_in_the_field(dashboard: Page) -> None:
    type_tags(dashboard, "a,b,c,d,e,f,g,")
    dashboard.keyboard.insert_text("h, i, j")
    dashboard.keyboard.press("Enter")
    assert len(chosen(dashboard)) == 8
    expect(dashboard.locator("#tags-more")).to_have_value("i, j")


def test_tags_chosen_while_an_answer_is_under_way_stay(
    visit: Callable[[bool], Page],
    site: LiveServer,
    line: SlowLine,
    console_errors: ConsoleErrors,
) -> None:
    console_errors.expect("htmx:afterRequest", "htmx:sendAbort")
    member = sign_up(visit(True))
    page = member.page
    page.goto("/dashboard")
    type_tags(page, "tea,")
    line.latency = 0.6
    page.locator("#mood-save").click()
    page.locator(".chip", has_text="walk").click()
    type_tags(page, "half a wo")
    expect(page.locator("#mood-saved")).to_be_visible()
    expect(page.locator("#tags-more")).to_have_value("half a wo")
    assert sorted(chosen(page)) == ["tea", "walk"]
    line.latency = 0
    assert stored(site, member) == [["tea"]]
    undo_button(page).click()
    expect(page.locator("[role=status]")).to_have_text("Taken back.")
    expect(page.locator("#tags-more")).to_have_value("half a wo")
    assert sorted(chosen(page)) == ["tea", "walk"]


def test_the_other_day_begins_without_those_that_were_not_touched(dashboard: Page) -> None:
    dashboard.locator(".chip", has_text="walk").click()
    dashboard.locator("label:has([name=day][value=yesterday])").click()
    assert chosen(dashboard) == ["walk"], "what was chosen goes along"


def test_without_a_script_the_field_takes_several(
    open_context: Callable[..., BrowserContext], site: LiveServer
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    member = sign_up(page)
    page.goto("/dashboard")
    page.locator(".chip", has_text="walk").click()
    page.locator("#tags-more").fill("tea, slow morning")
    page.locator("#mood-save").click()
    expect(last_entry(page)).to_contain_text("slow morning")
    assert stored(site, member) == [["walk", "tea", "slow morning"]]


def test_nine_are_refused_with_the_reason_and_the_focus_on_the_field(
    dashboard: Page, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 422", "Error Code 422")
    type_tags(dashboard, "a,b,c,d,e,f,g,")
    dashboard.keyboard.insert_text("h")
    dashboard.locator(".chip", has_text="walk").click()
    dashboard.locator("#mood-save").click()
    expect(dashboard.locator("#tags-error")).to_have_text("8 tags at most.")
    expect(dashboard.locator("#tags-more")).to_be_focused()
    expect(dashboard.locator("#tags-more")).to_have_value("h")
    assert len(chosen(dashboard)) == 8
