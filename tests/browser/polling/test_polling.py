"""What the open page does by itself: polls, other tabs, hidden tabs, log-out, back."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.helpers import (
    CHROMIUM_FLAGS,
    POLL_COUNTER_SCRIPT,
    ConsoleErrors,
    Member,
    expect_mood,
    expect_stat,
    log_out,
    refresh,
    save,
    sign_up,
    slider,
)
from tests.support.live_server import LiveServer, eventually

pytestmark = pytest.mark.browser

HIDE = """
window.hide = (hidden) => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
    Object.defineProperty(document, 'visibilityState',
        {configurable: true, get: () => hidden ? 'hidden' : 'visible'});
    document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
};
"""
# Leaves a note when the page comes out of the back/forward cache, whatever it does then.
NOTE_RETURN = """addEventListener('pageshow', (event) => {
    if (event.persisted) sessionStorage.returned = 'yes';
})"""
RETURNED = "sessionStorage.getItem('returned')"
MINUTE = 60_000


@pytest.fixture
def ticking_page(member: Member) -> Page:
    """A dashboard whose clock the test can push forward, and which counts its polls."""
    page = member.page
    page.context.add_init_script(POLL_COUNTER_SCRIPT)
    page.context.add_init_script(HIDE)
    page.clock.install()
    page.goto("/dashboard")
    return page


def polls(page: Page) -> int:
    return int(page.evaluate("window.polls"))


def test_it_polls_twice_a_minute_and_is_told_when_nothing_changed(ticking_page: Page) -> None:
    assert polls(ticking_page) == 0
    for number in range(1, 5):
        with ticking_page.expect_response("**/dashboard/stats*") as answer:
            ticking_page.clock.run_for(30_000)
        assert answer.value.status == 204
        assert polls(ticking_page) == number
    expect_stat(ticking_page, "days_active", "1")


def test_it_shows_a_conversation_on_the_next_poll(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    site.save_chat(member.id, "About <b>bread</b> & butter")
    site.api("PATCH", f"/api/mood?userId={member.id}", {"score": 8.5})
    expect_stat(ticking_page, "conversations", "0")
    expect_mood(ticking_page, "—")
    loaded = ticking_page.evaluate("performance.timeOrigin")
    ticking_page.clock.run_for(30_100)
    expect_stat(ticking_page, "conversations", "1")
    expect_mood(ticking_page, "8.5")
    expect(ticking_page.locator("#stats")).to_contain_text("About <b>bread</b> & butter")
    assert ticking_page.evaluate("performance.timeOrigin") == loaded, "without a reload"
    assert polls(ticking_page) == 1


def test_a_link_to_a_conversation_keeps_the_focus(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    site.save_chat(member.id, "About bread")
    ticking_page.clock.run_for(30_100)
    link = ticking_page.get_by_role("link", name="About bread")
    link.focus()
    for number in range(2):
        site.save_chat(member.id, f"About butter {number}")
        ticking_page.clock.run_for(30_100)
        expect_stat(ticking_page, "conversations", str(number + 2))
        expect(link).to_be_focused()
    site.save_chat(member.id, "About jam")
    ticking_page.clock.run_for(30_100)
    expect(link).to_have_count(0)
    expect(ticking_page.locator("#stats :focus")).to_have_count(1)


def test_whatever_can_have_focus_in_a_swapped_part_has_an_id(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    site.save_chat(member.id, "About bread")
    mood = {"score": 8, "note": "n", "tags": ["walk", "slept well"]}
    site.api("PATCH", f"/api/mood?userId={member.id}", mood)
    ticking_page.reload()
    save(ticking_page)
    nameless = "#stats, #charts, #mood-form, #entries"
    focusable = "a[href], button, input:not([type=hidden]), textarea, summary, [tabindex]"
    found = ticking_page.locator(nameless).locator(focusable)
    assert found.count() > 8
    assert found.evaluate_all("all => all.filter(it => !it.id).map(it => it.outerHTML)") == []


def test_it_asks_for_its_charts_when_moods_have_changed_alone(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    requested: list[str] = []
    ticking_page.on("request", lambda request: requested.append(request.url))
    site.api("PATCH", f"/api/mood?userId={member.id}", {"score": 8.5})
    ticking_page.clock.run_for(30_100)
    expect(ticking_page.locator(".trend .marks [data-m='9']").first).to_be_visible()
    ticking_page.locator("#trend-table").click()
    site.save_chat(member.id, "About bread")
    ticking_page.clock.run_for(30_100)
    expect_stat(ticking_page, "conversations", "1")
    assert len([url for url in requested if "/dashboard/charts" in url]) == 1
    site.api("PATCH", f"/api/mood?userId={member.id}", {"score": 2})
    ticking_page.clock.run_for(30_100)
    expect(ticking_page.locator(".trend .marks [data-m='5']").first).to_be_visible()
    expect(ticking_page.locator(".trend details")).to_have_attribute("open", "")


def test_a_check_in_moves_numbers_and_charts_in_this_tab_and_another(ticking_page: Page) -> None:
    other = ticking_page.context.new_page()
    other.goto("/dashboard")
    slider(other).focus()
    other.keyboard.press("End")
    save(other)
    for page in (other, ticking_page):
        if page is ticking_page:
            ticking_page.clock.run_for(30_100)
        expect_mood(page, "10")
        expect(page.locator(".trend .marks [data-m='10']").first).to_be_visible()
        expect(page.locator(".year td[aria-current]")).to_have_attribute("data-m", "10")


def test_it_shows_what_another_tab_saved_on_the_next_poll(ticking_page: Page) -> None:
    other = ticking_page.context.new_page()
    other.goto("/dashboard")
    slider(other).focus()
    other.keyboard.press("End")
    save(other)
    expect_mood(other, "10")
    expect_mood(ticking_page, "—")
    said = ticking_page.locator("#score-output")
    expect(said).to_have_text("Not logged today", use_inner_text=True)
    expect(slider(ticking_page)).to_have_attribute("aria-valuetext", "Not logged")
    ticking_page.clock.run_for(30_100)
    expect_mood(ticking_page, "10")
    expect(said).to_have_text("Another one, if you like", use_inner_text=True)
    expect(slider(ticking_page)).to_have_attribute("aria-valuetext", "Choose a place on the line")


def test_it_goes_to_the_login_page_when_another_tab_logged_out(
    ticking_page: Page, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("401")
    other = ticking_page.context.new_page()
    other.goto("/settings")
    log_out_here = other.get_by_role("button", name="Log out", exact=True)
    log_out_here.click()
    other.wait_for_url(lambda url: "/settings" not in url)
    assert "/dashboard" in ticking_page.url
    with ticking_page.expect_response("**/dashboard/stats*") as answer:
        ticking_page.clock.run_for(30_100)
    assert answer.value.status == 401
    assert answer.value.headers["hx-redirect"] == "/login?next=%2Fdashboard"
    ticking_page.wait_for_url("**/login?next=%2Fdashboard")
    expect(ticking_page.locator("[name=password]")).to_be_visible()


def test_it_does_not_poll_while_hidden_and_refreshes_when_shown(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    ticking_page.evaluate("hide(true)")
    site.save_chat(member.id, "While nobody looked")
    ticking_page.clock.run_for(5 * MINUTE)
    assert polls(ticking_page) == 0
    expect_stat(ticking_page, "conversations", "0")
    ticking_page.evaluate("hide(false)")
    expect_stat(ticking_page, "conversations", "1")
    assert polls(ticking_page) == 1
    ticking_page.clock.run_for(MINUTE)
    assert polls(ticking_page) > 1, "and polls on"


def test_a_refresh_that_is_wanted_just_after_a_swap_is_not_lost(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    site.save_chat(member.id, "So that there is something to swap")
    ticking_page.evaluate(
        """document.addEventListener('htmx:afterSwap', () => queueMicrotask(
            () => htmx.trigger(document.body, 'aira:refresh')), {once: true})"""
    )
    refresh(ticking_page)
    assert eventually(lambda: polls(ticking_page) == 2, 5)


def test_it_leaves_off_polling_when_live_updates_are_off(ticking_page: Page) -> None:
    live = ticking_page.get_by_role("switch", name="Live updates")
    ticking_page.locator("label", has=live).click()
    expect(live).not_to_be_checked()
    ticking_page.clock.run_for(5 * MINUTE)
    assert polls(ticking_page) == 0
    ticking_page.reload()
    expect(live).not_to_be_checked()
    ticking_page.locator("label", has=live).click()
    expect(live).to_be_checked()
    assert eventually(lambda: polls(ticking_page) == 1, 5)


def test_a_poll_never_changes_what_is_stored(
    ticking_page: Page, member: Member, site: LiveServer
) -> None:
    before = site.api("GET", f"/api/dashboard?userId={member.id}")
    for _ in range(3):
        with ticking_page.expect_response("**/dashboard/stats*"):
            refresh(ticking_page)
    assert site.api("GET", f"/api/dashboard?userId={member.id}") == before


def test_it_shows_nothing_private_when_going_back_after_log_out(member: Member) -> None:
    page = member.page
    page.goto("/settings")
    page.goto("/dashboard")
    expect(page.locator("h1")).to_contain_text(member.name)
    log_out(page)
    for step in (page.go_back, page.go_back, page.go_forward, page.go_forward):
        step()
        page.wait_for_load_state()
        expect(page.locator("#stats")).to_have_count(0)
        assert member.name not in page.content()


def test_it_is_not_kept_in_the_back_forward_cache(
    browser: Browser, chromium_path: str, site: LiveServer
) -> None:
    # Playwright switches that cache off unless told not to. A page that comes out of it is not
    # loaded again, for which `go_back` would wait.
    with_cache = browser.browser_type.launch(
        executable_path=chromium_path,
        args=CHROMIUM_FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    try:
        page = with_cache.new_context(base_url=site.url).new_page()
        page.goto("/htmx.min.js")
        page.evaluate(NOTE_RETURN)
        page.goto("/login")
        page.evaluate("history.back()")
        page.wait_for_url("**/htmx.min.js", wait_until="commit")
        assert eventually(lambda: page.evaluate(RETURNED), 5), "the cache works here"
        page.evaluate("sessionStorage.clear()")

        member = sign_up(page)
        page.goto("/dashboard")
        page.evaluate(NOTE_RETURN)
        log_out(page)
        page.evaluate("history.back()")
        page.wait_for_url("**/login?next=%2Fdashboard", wait_until="commit")
        expect(page.locator("[name=password]")).to_be_visible()
        assert page.evaluate(RETURNED) is None
        assert member.name not in page.content()
    finally:
        with_cache.close()
