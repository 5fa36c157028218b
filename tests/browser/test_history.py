"""The history, its days and the conversations, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Open
from tests.browser.helpers import ConsoleErrors, Member, axe_violations, save, sign_up
from tests.support.live_server import LiveServer, serve

pytestmark = pytest.mark.browser


@pytest.fixture
def day_page(member: Member) -> Page:
    """Somebody with one check-in, on its day's page."""
    member.page.goto("/dashboard")
    save(member.page)
    member.page.goto("/history")
    member.page.get_by_role("link", name="Today").first.click()
    member.page.wait_for_url("**/history/2*")
    return member.page


def test_it_edits_and_deletes_an_entry_and_takes_that_back(day_page: Page) -> None:
    day_page.locator("details summary").first.click()
    day_page.locator('[name="note"]').first.fill("On second thoughts")
    day_page.get_by_role("button", name="Save").first.click()
    expect(day_page.locator("main")).to_contain_text("On second thoughts")
    day_page.locator("details summary").first.click()
    day_page.get_by_role("button", name="Delete").first.click()
    expect(day_page.locator("main")).not_to_contain_text("On second thoughts")
    expect(day_page.locator(".alert")).to_contain_text("The check-in is deleted.")
    assert axe_violations(day_page) == []
    day_page.get_by_role("button", name="Undo").click()
    expect(day_page.locator(".alert")).to_contain_text("The check-in is back.")
    expect(day_page.locator("main")).to_contain_text("On second thoughts")
    day_page.locator("details summary").first.click()
    day_page.get_by_role("button", name="Delete").first.click()
    expect(day_page.locator(".alert")).to_contain_text("The check-in is deleted.")
    day_page.goto("/dashboard")
    expect(day_page.locator('[data-stat="mood_score"]')).to_have_text("—")


def test_it_reads_searches_and_deletes_a_conversation(member: Member, site: LiveServer) -> None:
    page = member.page
    site.save_chat(member.id, "Sleep, and what helps")
    site.save_chat(member.id, "A letter to my sister")
    page.goto("/dashboard")
    page.get_by_role("link", name="A letter to my sister").click()
    expect(page.locator("main")).to_contain_text("Hello")
    assert axe_violations(page) == []
    page.goto("/conversations")
    page.get_by_role("searchbox").fill("SLEEP")
    page.keyboard.press("Enter")
    expect(page.locator("main li")).to_have_count(1)
    page.get_by_role("link", name="Sleep, and what helps").click()
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/conversations")
    expect(page.locator("main li")).to_have_count(1)
    page.goto("/dashboard")
    expect(page.locator('[data-stat="conversations"]')).to_have_text("2")
    expect(page.get_by_role("link", name="Sleep, and what helps")).to_have_count(0)


def test_it_looks_around_with_sample_data_and_leaves_nothing(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="sample data").click()
    page.wait_for_url("**/dashboard")
    expect(page.locator("#charts table").first).to_be_attached()
    page.goto("/history")
    expect(page.locator("main")).to_contain_text("from")
    page.get_by_role("button", name="Log out").first.click()
    page.goto("/dashboard")
    page.wait_for_url("**/login?next=*")


def test_it_keeps_a_theme_that_was_chosen(open_context: Open) -> None:
    context: BrowserContext = open_context(color_scheme="light")
    page = context.new_page()
    sign_up(page)
    page.goto("/settings")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator('input[name="theme"][value="dark"]').check(force=True)
    page.get_by_role("button", name="Save").first.click()
    page.goto("/dashboard")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_it_prints_the_history_in_ink(day_page: Page) -> None:
    day_page.goto("/history")
    day_page.emulate_media(media="print", color_scheme="dark")
    assert day_page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgba(0, 0, 0, 0)",
        "rgb(255, 255, 255)",
    )
    expect(day_page.locator("header nav, #nav").first).to_be_hidden()


def test_it_says_in_words_that_redis_is_away(
    page: Page, tmp_path: Path, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 503")
    env = {"REDIS_URL": "redis://127.0.0.1:1", "SECRET_KEY": "x" * 32}
    away = serve(tmp_path / "data", until="/healthz", **env)
    try:
        page.goto(f"{away.url}/login")
        page.context.add_cookies([{"name": "session", "value": "x", "url": away.url}])
        page.goto(f"{away.url}/readyz")
        expect(page.get_by_role("heading", level=1)).to_contain_text("cannot reach")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert axe_violations(page) == []
    finally:
        away.destroy()
