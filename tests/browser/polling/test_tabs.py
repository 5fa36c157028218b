"""Tabs from before a new log-in."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.helpers import (
    PASSWORD,
    ConsoleErrors,
    Member,
    expect_mood,
    log_out,
    save,
    sign_up,
    slider,
)
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

MOOD = "**/dashboard/mood"


@pytest.fixture(autouse=True)
def stale_tokens_are_expected(console_errors: ConsoleErrors) -> None:
    console_errors.expect("status of 400", "Error Code 400")


def log_in_anew(page: Page, site: LiveServer, member: Member) -> None:
    """Log the member in again by a link from Aira, in another tab."""
    tab = page.context.new_page()
    tab.goto(site.api("POST", f"/api/users/{member.id}/link")["url"])
    tab.get_by_role("button", name="Go to my dashboard").click()
    expect(tab.locator("#stats")).to_be_visible()
    tab.close()


def scores(site: LiveServer, member: Member) -> list[float]:
    history = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return [entry["score"] for entry in history]


def test_save_saves_and_goes_on_saving(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    log_in_anew(page, site, member)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    slider(page).focus()
    page.keyboard.press("End")
    page.locator("#note").fill("Sun")
    save(page)
    expect_mood(page, "10")
    expect(page.locator("[role=status]")).to_have_text("Saved.")
    save(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[role=status]")).to_have_text("Taken back.")
    statuses = [answer.status for answer in answers if "/dashboard/mood" in answer.url]
    assert statuses == [400, 200, 200, 200]
    assert scores(site, member) == [10]


def test_undo_takes_back(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    save(page)
    log_in_anew(page, site, member)
    page.get_by_role("button", name="Undo").click()
    expect_mood(page, "—")
    assert scores(site, member) == []


def test_what_is_refused_for_ever_is_not_sent_for_ever(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    sent: list[str] = []

    def refuse(route: object) -> None:
        sent.append("mood")
        headers = {"X-CSRFToken": "another", "X-Aira": "1"}
        route.fulfill(status=400, headers=headers)  # type: ignore[attr-defined]

    page.route(MOOD, refuse)
    page.locator("#note").fill("Sun")
    page.locator("#mood-save").click()
    expect(page.locator("#mood-failed")).to_be_visible()
    expect(page.locator("#note")).to_have_value("Sun")
    assert len(sent) == 2


def test_log_out_logs_out(member: Member, site: LiveServer) -> None:
    page = member.page
    page.goto("/dashboard")
    log_in_anew(page, site, member)
    log_out(page)
    page.goto("/dashboard")
    page.wait_for_url("**/login?next=%2Fdashboard")


def test_the_page_of_somebody_else_records_nothing_and_is_loaded_anew(
    member: Member, site: LiveServer
) -> None:
    page = member.page
    page.goto("/dashboard")
    tab = page.context.new_page()
    tab.goto("/dashboard")
    log_out(tab)
    other = sign_up(tab)
    page.locator("#note").fill("A secret")
    page.locator("#mood-save").click()
    expect(page.locator("h1")).to_contain_text(other.name)
    expect(page.locator("#note")).to_have_value("")
    assert scores(site, other) == scores(site, member) == []


def test_without_a_script_the_check_in_is_one_press_away(
    open_context: Callable[..., BrowserContext], site: LiveServer
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    member = sign_up(page)
    page.goto("/dashboard")
    log_in_anew(page, site, member)
    page.locator("#note").fill("Sun\nand rain")
    page.locator("#mood-save").click()
    expect(page.locator("h1")).to_have_text("One more press")
    expect(page.locator("main")).to_contain_text(f"You are logged in as {member.name}.")
    assert scores(site, member) == []
    page.get_by_role("button", name="Go on").click()
    expect_mood(page, "5")
    [entry] = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    assert entry["note"] == "Sun\nand rain"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_two_tabs_at_the_door_both_lead_in(
    open_context: Callable[..., BrowserContext], script: bool
) -> None:
    context = open_context(java_script_enabled=script)
    member = sign_up(context.new_page())
    member.page.goto("/dashboard")
    log_out(member.page)
    tabs = [context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto("/login?next=%2Fhistory")
    for tab in tabs:
        tab.locator("[name=email]").fill(member.email)
        tab.locator("[name=password]").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        tab.wait_for_url("**/history")
