"""A page left open over midnight: it says that a new day has begun, and nothing typed is lost."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from tests.browser.helpers import Member, log_out, save, sign_up, slider
from tests.conftest import SERVICE_KEY
from tests.support.live_server import free_port

pytestmark = [
    pytest.mark.browser,
    # Static files are left for the collector to close where they are compressed.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOME = ZoneInfo("Europe/Berlin")
NOTE = "Late, and glad of it\nand a second line"
DRAFTS = "Object.keys(sessionStorage).length"


@pytest.fixture
def evening() -> datetime:
    """A minute before midnight where the members live."""
    return datetime.now(HOME).replace(hour=23, minute=59, second=0, microsecond=0)


@pytest.fixture
def traveller(evening: datetime) -> Iterator[Any]:
    with time_machine.travel(evening) as traveller:
        yield traveller


@pytest.fixture
def address(app: Flask, traveller: Any, fast_password_hashing: None) -> Iterator[str]:
    """Where the application answers from a thread, so that its clock is this process's."""
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def member(address: str, open_context: Callable[..., BrowserContext]) -> Member:
    """Somebody who has just signed up, late in the evening."""
    return sign_up(open_context(base_url=address).new_page())


@pytest.fixture
def open_page(member: Member, evening: datetime) -> Page:
    """The dashboard at one minute to midnight, with live updates off."""
    member.page.clock.install(time=evening)
    member.page.goto("/dashboard")
    member.page.locator("label:has(#live-updates)").click()
    return member.page


@pytest.fixture
def pass_midnight(traveller: Any, evening: datetime) -> Callable[[Page], None]:
    def run(page: Page) -> None:
        traveller.move_to(evening + timedelta(minutes=2))
        page.clock.run_for(70_000)

    return run


def strip(page: Page) -> Any:
    return page.locator("#new-day")


def entries(app: Flask, member: Member) -> list[tuple[str, float, str]]:
    """The day, score and note of each entry, newest first."""
    answer = app.test_client().get(
        f"/api/mood?userId={member.id}", headers={"Authorization": f"Bearer {SERVICE_KEY}"}
    )
    return [
        (
            datetime.fromisoformat(entry["timestamp"]).astimezone(HOME).date().isoformat(),
            entry["score"],
            entry.get("note", ""),
        )
        for entry in answer.get_json()["history"]
    ]


def test_it_says_so_at_midnight_and_saves_on_the_day_that_it_shows(
    app: Flask, member: Member, open_page: Page, evening: datetime, pass_midnight: Any
) -> None:
    open_page.locator("#note").fill(NOTE)
    open_page.clock.run_for(20_000)
    expect(strip(open_page)).to_be_hidden()
    pass_midnight(open_page)
    expect(strip(open_page)).to_be_visible()
    expect(open_page.locator("[role=status]")).to_have_text("A new day has begun.")
    save(open_page)
    assert entries(app, member) == [(evening.date().isoformat(), 5, NOTE)]
    expect(strip(open_page)).to_be_visible()


def test_open_today_keeps_what_was_typed_for_that_page_alone(
    app: Flask, member: Member, open_page: Page, evening: datetime, pass_midnight: Any
) -> None:
    open_page.locator("#note").fill(NOTE)
    slider(open_page).focus()
    open_page.keyboard.press("ArrowRight")
    pass_midnight(open_page)
    strip(open_page).get_by_role("link", name="Open today").click()
    expect(strip(open_page)).to_be_hidden()
    expect(open_page.locator("#note")).to_have_value(NOTE)
    expect(slider(open_page)).to_have_value("5.5")
    expect(slider(open_page)).to_have_attribute("aria-valuetext", "5.5 of 10, All right")
    assert open_page.evaluate(DRAFTS) == 0
    open_page.locator("label:has([name=day][value=yesterday])").click()
    open_page.locator("label:has([name=day][value=today])").click()
    save(open_page)
    tomorrow = evening.date() + timedelta(days=1)
    assert entries(app, member) == [(tomorrow.isoformat(), 5.5, NOTE)]
    open_page.goto("/dashboard")
    expect(open_page.locator("#note")).to_have_value("")


def test_open_today_keeps_a_note_without_a_score(open_page: Page, pass_midnight: Any) -> None:
    open_page.locator("#note").fill(NOTE)
    pass_midnight(open_page)
    strip(open_page).get_by_role("link", name="Open today").click()
    expect(open_page.locator("#note")).to_have_value(NOTE)
    expect(slider(open_page)).to_have_attribute("aria-valuetext", "Not logged")
    open_page.reload()
    expect(open_page.locator("#note")).to_have_value("")


def test_nobody_else_sees_what_was_typed(open_page: Page, pass_midnight: Any) -> None:
    open_page.locator("#note").fill(NOTE)
    pass_midnight(open_page)
    other = open_page.context.new_page()
    other.goto("/settings")
    log_out(other)
    sign_up(other)
    strip(open_page).get_by_role("link", name="Open today").click()
    expect(strip(open_page)).to_be_hidden()
    expect(open_page.locator("#note")).to_have_value("")
    assert open_page.evaluate(DRAFTS) == 0


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-7), timedelta(hours=7)])
def test_a_wrong_clock_of_the_device_does_not_matter(
    member: Member, evening: datetime, wrong_by: timedelta
) -> None:
    page = member.page
    page.clock.install(time=evening + wrong_by)
    page.goto("/dashboard")
    page.locator("label:has(#live-updates)").click()
    page.clock.run_for(20_000)
    expect(strip(page)).to_be_hidden()
    page.clock.run_for(50_000)
    expect(strip(page)).to_be_visible()


@pytest.mark.parametrize("event", ["document, 'visibilitychange'", "window, 'pageshow'"])
def test_a_device_that_slept_over_midnight_says_so_when_it_wakes(
    open_page: Page, evening: datetime, event: str
) -> None:
    open_page.clock.set_system_time(evening + timedelta(hours=8))
    target, name = event.split(", ")
    open_page.evaluate(f"{target}.dispatchEvent(new Event({name}, {{bubbles: true}}))")
    expect(strip(open_page)).to_be_visible()


def test_open_today_in_another_tab_leaves_what_was_typed_where_it_is(
    open_page: Page, pass_midnight: Any
) -> None:
    open_page.locator("#note").fill(NOTE)
    pass_midnight(open_page)
    with open_page.context.expect_page() as opened:
        strip(open_page).get_by_role("link", name="Open today").click(modifiers=["Control"])
    expect(opened.value.locator("#note")).to_have_value("")
    assert open_page.evaluate(DRAFTS) == 0
    expect(open_page.locator("#note")).to_have_value(NOTE)
