"""A device whose clock is wrong: what is now is the server's to say."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import Member
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

HOURS = [-3, 0, 3]


def set_clock(page: Page, hours: int) -> None:
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("path", ["/conversations", "/dashboard"])
def test_what_was_said_just_now_was_said_just_now(
    member: Member, site: LiveServer, path: str, hours: int
) -> None:
    site.save_chat(member.id, "A walk")
    set_clock(member.page, hours)
    member.page.goto(path)
    time = member.page.locator("time[data-relative]")
    expect(time).to_have_text("Just now")
    member.page.clock.run_for(120_000)
    expect(time).to_have_text("2 minutes ago" if path == "/conversations" else "Just now")


@pytest.mark.parametrize("hours", HOURS)
def test_a_poll_says_what_is_now_too(member: Member, site: LiveServer, hours: int) -> None:
    """The clock was put right, or wrong, while the page was open."""
    member.page.clock.install()
    member.page.goto("/dashboard")
    member.page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=hours))
    site.save_chat(member.id, "A walk")
    with member.page.expect_response("**/dashboard/stats*"):
        member.page.evaluate("htmx.trigger(document.body, 'aira:refresh')")
    expect(member.page.locator("time[data-relative]")).to_have_text("Just now")
