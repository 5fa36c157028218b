"""Two presses of one button through a slow line, with a script and without."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.helpers import PASSWORD, ConsoleErrors, Member, sign_up
from tests.support.live_server import LiveServer
from tests.support.slow_line import SlowLine
from tests.support.two_factor import totp_code

pytestmark = pytest.mark.browser

BETWEEN_PRESSES_MS = 130
# A page that is being left can be asked nothing: it leaves a note for the next one.
WATCH_BUTTONS = """addEventListener('click', ({target}) => setTimeout(() => {
    const resting = target.ariaDisabled === 'true' ? 'resting' : 'ready';
    const focused = document.activeElement === target ? 'focused' : 'left';
    sessionStorage.setItem('pressed', `${resting} ${focused}`);
}))"""
SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
LATENCIES = pytest.mark.parametrize("latency", [0.2, 0.6])


def press_twice(line: SlowLine, page: Page, button: Locator) -> None:
    """Press where the button is, and there again before any answer has come."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    with line.holding_answers():
        for _ in range(2):
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.wait_for_timeout(BETWEEN_PRESSES_MS)


@SCRIPTS
@LATENCIES
def test_a_sign_in_link_leads_in(
    visit: Callable[[bool], Page],
    member: Member,
    site: LiveServer,
    line: SlowLine,
    script: bool,
    latency: float,
) -> None:
    link = site.api("POST", f"/api/users/{member.id}/link")["url"]
    page = visit(script)
    page.goto(line.url + link.removeprefix(site.url))
    line.latency = latency
    press_twice(line, page, page.get_by_role("button", name="Go to my dashboard"))
    expect(page.locator("h1")).to_contain_text(member.name)
    page.goto("/settings")
    expect(page.locator("[name=name]")).to_have_value(member.name)


@SCRIPTS
@LATENCIES
def test_two_factor_shows_its_recovery_codes(
    visit: Callable[[bool], Page], line: SlowLine, script: bool, latency: float
) -> None:
    page = visit(script)
    sign_up(page)
    page.goto("/settings/two-factor")
    secret = page.locator(".value").inner_text().replace(" ", "")
    page.locator("#on-code").fill(totp_code(secret, int(time.time())))
    page.locator("#on-current_password").fill(PASSWORD)
    line.latency = latency
    press_twice(line, page, page.get_by_role("button", name="Switch on"))
    codes = page.locator("#recovery-codes")
    expect(codes).to_be_visible()
    assert len(set(codes.input_value().split())) == 10
    page.goto("/settings/two-factor")
    expect(page.locator("main")).to_contain_text("10 recovery codes are left")


@SCRIPTS
def test_a_deletion_says_goodbye(
    visit: Callable[[bool], Page], line: SlowLine, script: bool
) -> None:
    page = visit(script)
    member = sign_up(page)
    page.goto("/settings")
    page.locator("summary", has_text="Delete").click()
    page.locator("[name=confirm]").fill(member.email)
    line.latency = 0.6
    press_twice(line, page, page.locator("form:has([name=confirm]) [type=submit]"))
    expect(page.locator("main")).to_contain_text("Your account and everything in it are gone")


def test_a_button_rests_while_its_form_is_under_way(
    visit: Callable[[bool], Page], line: SlowLine
) -> None:
    page, held = visit(True), list[Route]()

    def hold(route: Route) -> None:
        held.append(route) if route.request.method == "POST" else route.continue_()

    sign_up(page)
    page.goto("/settings")
    page.route("**/settings", hold)
    page.evaluate(WATCH_BUTTONS)
    button = page.locator("form:has([name=timezone]) [type=submit]").first
    press_twice(line, page, button)
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator(".alert-success")).to_be_visible()
    assert page.evaluate("sessionStorage.pressed") == "resting focused"
    expect(button).to_be_enabled()


def test_a_button_is_ready_again_when_the_form_has_failed(
    visit: Callable[[bool], Page], console_errors: ConsoleErrors
) -> None:
    console_errors.expect("net::ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
    page = visit(True)
    sign_up(page)
    page.goto("/dashboard")
    page.route("**/dashboard/mood", lambda route: route.abort())
    page.locator("#mood-save").click()
    expect(page.locator("#mood-failed")).to_be_visible()
    expect(page.locator("#mood-save")).to_be_enabled()
    expect(page.locator("#mood-save")).to_be_focused()
