"""The days of the charts in a browser: by mouse, keyboard and finger, and without a script."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.charts_page import box_of, day, look_around
from tests.browser.helpers import Member, refresh, save

pytestmark = pytest.mark.browser


@pytest.fixture
def dashboard(page: Page) -> Page:
    return look_around(page)


def test_arrows_go_through_the_days_from_one_tab_stop(dashboard: Page) -> None:
    dashboard.locator(".trend summary").focus()
    dashboard.keyboard.press("Tab")
    expect(day(dashboard, ".year", 0)).to_be_focused()
    for key, ago in (
        ("ArrowLeft", 7),
        ("ArrowUp", 8),
        ("PageUp", 36),
        ("ArrowDown", 35),
        ("Home", 364),
        ("ArrowLeft", 364),
        ("PageDown", 336),
        ("ArrowRight", 329),
        ("End", 0),
        ("ArrowDown", 0),
        ("PageUp", 28),
    ):
        dashboard.keyboard.press(key)
        expect(day(dashboard, ".year", ago)).to_be_focused()
    expect(dashboard.locator(".year .days a:not([tabindex])")).to_have_count(1)
    dashboard.keyboard.press("Shift+Tab")
    expect(dashboard.locator(".trend summary")).to_be_focused()
    dashboard.keyboard.press("Tab")
    expect(day(dashboard, ".year", 28)).to_be_focused()
    there = day(dashboard, ".year", 28).get_attribute("href")
    dashboard.keyboard.press("Enter")
    dashboard.wait_for_url(f"**{there}")


def test_the_trend_goes_by_days_to_its_sides(dashboard: Page) -> None:
    day(dashboard, ".trend", 0).focus()
    for key, ago in (("ArrowLeft", 1), ("ArrowUp", 8), ("ArrowRight", 7), ("PageUp", 7)):
        dashboard.keyboard.press(key)
        expect(day(dashboard, ".trend", ago)).to_be_focused()
    ring = dashboard.locator(".trend .chosen-ring")
    dot = dashboard.locator(".trend .marks circle").nth(29 - 7)
    expect(ring).to_have_count(1)
    assert ring.get_attribute("cx") == dot.get_attribute("cx")
    assert ring.get_attribute("cy") == dot.get_attribute("cy")
    expect(dashboard.locator(".trend .day-line")).to_have_text(
        day(dashboard, ".trend", 7).inner_text()
    )
    dashboard.keyboard.press("Home")
    expect(day(dashboard, ".trend", 29)).to_be_focused()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("chart", [".year", ".trend"])
def test_pointing_at_a_day_says_what_it_holds_where_the_count_stood(
    dashboard: Page, chart: str, width: int
) -> None:
    dashboard.set_viewport_size({"width": width, "height": 900})
    count, line = (dashboard.locator(f"{chart} .card-header {p}") for p in ("p", ".day-line"))
    card = dashboard.locator(chart)
    at_rest, height = count.inner_text(), box_of(card)["height"]
    link = day(dashboard, chart, 11)
    link.hover()
    expect(line).to_have_text(link.text_content() or "")
    expect(dashboard.locator(f"{chart} .card-header p:visible")).to_have_count(1)
    assert re.match(r"[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} · (Not logged|[\d.]+ )", line.inner_text())
    assert box_of(card)["height"] == height, "nothing jumps"
    dashboard.locator("h1").hover()
    expect(line).to_have_count(0)
    expect(count).to_have_text(at_rest)


@pytest.fixture
def phone(open_context: Callable[..., BrowserContext]) -> Page:
    context = open_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
    return look_around(context.new_page())


@pytest.mark.parametrize("chart", [".year", ".trend"])
def test_a_first_tap_tells_and_a_second_opens(phone: Page, chart: str) -> None:
    height = box_of(phone.locator(chart))["height"]
    first, second = day(phone, chart, 12), day(phone, chart, 3)
    first.tap()
    expect(phone.locator(f"{chart} .day-line span")).to_have_text(first.text_content() or "")
    second.tap()
    expect(phone.locator(f"{chart} .day-line span")).to_have_text(second.text_content() or "")
    assert box_of(phone.locator(chart))["height"] == height, "nothing jumps"
    assert phone.url.endswith("/dashboard")
    there = second.get_attribute("href")
    second.tap()
    phone.wait_for_url(f"**{there}")


def test_a_tapped_day_opens_by_its_line_too(phone: Page) -> None:
    link = day(phone, ".year", 40)
    link.tap()
    opens = phone.locator(".year .day-line").get_by_role("link", name="Open", exact=True)
    assert box_of(opens)["height"] >= 44
    phone.locator("h1").tap()
    expect(phone.locator(".day-line")).to_have_count(0)
    link.tap()
    there = link.get_attribute("href")
    opens.tap()
    phone.wait_for_url(f"**{there}")


def test_a_sliding_finger_moves_on(phone: Page) -> None:
    start, end = (day(phone, ".year", ago) for ago in (28, 14))
    start.scroll_into_view_if_needed()
    begin, stop = box_of(start), box_of(end)
    finger = phone.context.new_cdp_session(phone)

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": begin["x"] + 5, "y": begin["y"] + 5})
    for step in range(1, 9):
        x = begin["x"] + (stop["x"] - begin["x"]) * step / 8
        touch("touchMove", {"x": x + 5, "y": begin["y"] + 5})
    touch("touchEnd")
    expect(phone.locator(".year .day-line span")).to_have_text(end.text_content() or "")
    assert phone.url.endswith("/dashboard")


def test_a_chart_that_comes_anew_keeps_the_focus_on_its_day(member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    day(page, ".year", 0).focus()
    page.keyboard.press("ArrowLeft")
    old = page.locator("#charts").element_handle()
    other = page.context.new_page()
    other.goto("/dashboard")
    save(other)
    refresh(page)
    page.wait_for_function("old => !old.isConnected", arg=old)
    expect(page.locator(".year td[aria-current]")).to_have_attribute("data-m", "5")
    expect(day(page, ".year", 7)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(day(page, ".year", 0)).to_be_focused()
    expect(page.locator(".year .day-line span")).to_contain_text("5 In between")


def test_what_stands_for_the_line_does_not_cover_the_days(member: Member) -> None:
    member.page.goto("/dashboard")
    save(member.page)
    expect(member.page.locator(".placeholder-text")).to_be_visible()
    there = day(member.page, ".trend", 15).get_attribute("href")
    day(member.page, ".trend", 15).click()
    member.page.wait_for_url(f"**{there}")


def test_without_script_days_are_links_and_two_tab_stops(
    open_context: Callable[..., BrowserContext],
) -> None:
    plain = look_around(open_context(java_script_enabled=False).new_page())
    assert plain.locator(".days a").count() == 30 + 365
    expect(plain.locator(".days a:not([tabindex])")).to_have_count(2)
    there = day(plain, ".year", 100).get_attribute("href")
    day(plain, ".year", 100).click()
    plain.wait_for_url(f"**{there}")


def test_a_square_of_the_landing_page_opens_the_sample(page: Page) -> None:
    page.goto("/")
    square = page.locator(".year td a").nth(100)
    square.hover()
    expect(page.locator(".year .day-line span")).to_have_text(square.text_content() or "")
    square.click()
    page.wait_for_url("**/dashboard")
