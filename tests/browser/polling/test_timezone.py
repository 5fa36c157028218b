"""A device in another time zone: asked once, taken or left; the press of a link carries it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.helpers import Member, sign_up
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


def offer(page: Page) -> Locator:
    return page.locator("#timezone-offer")


def travel(open_context: Callable[..., BrowserContext], member: Member, timezone: str) -> Page:
    """Return the page of the same member in a browser that is in another time zone."""
    context = open_context(timezone_id=timezone)
    context.add_cookies(member.page.context.cookies())
    page = context.new_page()
    page.goto("/dashboard")
    return page


def test_it_asks_a_traveller_and_follows(
    member: Member, open_context: Callable[..., BrowserContext]
) -> None:
    member.page.goto("/dashboard")
    expect(offer(member.page)).to_be_hidden()
    page = travel(open_context, member, "Asia/Tokyo")
    expect(offer(page)).to_contain_text("Your device says Tokyo. Use it?")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("Your days follow the time in Tokyo now.")).to_be_visible()
    expect(offer(page)).to_be_hidden()
    member.page.reload()
    expect(offer(member.page)).to_contain_text("Your device says Berlin.")


def test_it_asks_once_and_again_only_elsewhere(
    member: Member, open_context: Callable[..., BrowserContext]
) -> None:
    page = travel(open_context, member, "America/Lima")
    page.get_by_role("button", name="Not now").click()
    expect(offer(page)).to_be_hidden()
    page.reload()
    expect(page.locator("#stats")).to_be_visible()
    expect(offer(page)).to_be_hidden()


def test_it_knows_two_names_of_one_zone(
    site: LiveServer, open_context: Callable[..., BrowserContext]
) -> None:
    """Browsers say Asia/Calcutta where the list of zones has Asia/Kolkata as well."""
    page = open_context(timezone_id="Asia/Calcutta").new_page()
    sign_up(page)
    page.goto("/settings")
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.locator("#profile").get_by_role("button", name="Save").click()
    page.goto("/dashboard")
    expect(page.locator("#stats")).to_be_visible()
    expect(offer(page)).to_be_hidden()


def test_the_press_of_a_link_carries_the_zone(
    site: LiveServer, open_context: Callable[..., BrowserContext]
) -> None:
    site.api("POST", "/api/login?userId=came-by-link")
    link = site.api("POST", "/api/users/came-by-link/link")["url"]
    page = open_context(timezone_id="Asia/Tokyo").new_page()
    page.goto(link)
    page.get_by_role("button", name="Go to my dashboard").click()
    expect(page.locator("#stats")).to_be_visible()
    expect(offer(page)).to_be_hidden()
    page.goto("/settings")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
