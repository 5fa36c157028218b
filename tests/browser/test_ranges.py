"""The history's ranges in a browser: what goes with good days, tables, filter, ways, widths."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import axe_violations, save

pytestmark = pytest.mark.browser


@pytest.fixture
def robin(page: Page) -> Page:
    """Somebody who looks around in a year with tags."""
    page.goto("/")
    page.get_by_role("button", name="sample data").first.click()
    page.wait_for_url("**/dashboard")
    return page


@pytest.mark.parametrize("shown", ["Year", "Month", "Week", "a tag", "the dashboard"])
def test_every_range_is_accessible_and_narrow_enough(robin: Page, shown: str) -> None:
    if shown != "the dashboard":
        robin.goto("/history?tag=walk" if shown == "a tag" else "/history")
    if shown in ("Month", "Week"):
        robin.get_by_role("link", name=shown, exact=True).click()
    for summary in robin.locator(".finding summary, .tag-notes summary").all():
        summary.click()
    for width in (320, 768, 1280):
        robin.set_viewport_size({"width": width, "height": 900})
        assert robin.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
    for scheme in ("light", "dark"):
        robin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe_violations(robin) == []


def test_one_walks_from_the_year_to_a_week_and_back(robin: Page) -> None:
    robin.goto("/history")
    expect(robin.locator("#goes")).to_contain_text("They say what was, not why.")
    robin.get_by_role("link", name="Month", exact=True).click()
    expect(robin.locator(".trend")).to_be_visible()
    robin.get_by_role("link", name="The month before").press("Enter")
    robin.wait_for_url("**/history/month/*")
    robin.get_by_role("link", name="Week", exact=True).click()
    robin.get_by_role("link", name="The week before").click()
    expect(robin.locator(".week-days > ol > li")).to_have_count(7)
    robin.get_by_role("link", name="The week after").click()
    robin.get_by_role("link", name="Year", exact=True).click()
    expect(robin.locator(".year")).to_be_visible()


def test_the_days_with_a_tag_are_listed(robin: Page) -> None:
    robin.goto("/history")
    robin.get_by_label("Days with").select_option("walk")
    robin.get_by_role("button", name="Show").click()
    robin.wait_for_url("**/history?tag=walk#days")
    heading = robin.locator("#days h2")
    expect(heading).to_have_text(re.compile(r"\d+ days with walk"))
    days = int(heading.inner_text().split()[0])
    expect(robin.locator("#days li")).to_have_count(days)
    expect(robin.locator(".year [data-m]:has(a)")).to_have_count(days)


def test_every_chart_has_a_table(robin: Page) -> None:
    robin.goto("/history")
    for card in robin.locator(".finding").all():
        card.get_by_text("Show as a table").click()
        expect(card.get_by_role("table")).to_be_visible()
    weekdays = robin.get_by_role("table", name="Mood by weekday")
    expect(weekdays.get_by_role("row")).to_have_count(8)


BOXES = """selector => [...document.querySelectorAll(selector)].map((one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    return [left, top, right, bottom];
})"""


@pytest.mark.parametrize("width", [768, 1280])
@pytest.mark.parametrize("shown", ["/history", "/history?tag=walk"])
def test_the_days_run_down_each_column(robin: Page, width: int, shown: str) -> None:
    robin.goto(shown)
    robin.set_viewport_size({"width": width, "height": 900})
    boxes = robin.evaluate(BOXES, "#days li")
    half = (len(boxes) + 1) // 2
    for column in (boxes[:half], boxes[half:]):
        assert len({left for left, *_ in column}) == 1
        assert sorted(top for _, top, *_ in column) == [top for _, top, *_ in column]
    assert [top for _, top, *_ in boxes[half:]] == [top for _, top, *_ in boxes[: len(boxes) // 2]]
    assert boxes[half][0] > boxes[0][2]
    lines = robin.locator("#days li").evaluate_all(
        "all => all.map((one) => parseFloat(getComputedStyle(one).borderBottomWidth) > 0)"
    )
    assert [n for n, line in enumerate(lines) if not line] == [half - 1, len(boxes) - 1]


@pytest.mark.parametrize("width", [768, 1120, 1280])
def test_cards_beside_each_other_begin_and_end_together(robin: Page, width: int) -> None:
    """No hole is left below one of them, and one padding puts their headings on one line."""
    robin.goto("/history")
    robin.set_viewport_size({"width": width, "height": 900})
    cards = robin.evaluate(BOXES, ".history-grid .card")
    for _, top, _, bottom in cards:
        beside = [card for card in cards if card[1] < bottom and top < card[3]]
        assert {(card[1], card[3]) for card in beside} == {(top, bottom)}
    padding = robin.locator(".history-grid .card").evaluate_all(
        "all => [...new Set(all.map((card) => getComputedStyle(card).padding))]"
    )
    assert padding == ["24px"]


CENTRES = """selector => [...document.querySelectorAll(selector)].map((one) => {
    const box = one.getBoundingClientRect();
    return box.left + box.width / 2;
})"""


@pytest.mark.parametrize("month", ["2", "3", "4", "now"])
def test_the_days_of_a_month_lie_over_their_dots(robin: Page, month: str) -> None:
    if month == "now":
        save(robin)
        robin.goto("/history")
        robin.get_by_role("link", name="Month", exact=True).click()
        assert axe_violations(robin) == []
    else:
        robin.goto(recent_month(robin, int(month)))
    for width in (320, 1280):
        robin.set_viewport_size({"width": width, "height": 900})
        links = robin.evaluate(CENTRES, ".trend .days a")
        dots = robin.evaluate(CENTRES, ".trend .marks circle:not(.ring)")
        assert links
        assert links == pytest.approx(dots, abs=1)


def recent_month(page: Page, month: int) -> str:
    """The address of such a month in the year up to today."""
    year, now = page.evaluate("[new Date().getFullYear(), new Date().getMonth() + 1]")
    return f"/history/month/{year - (month >= now)}-{month:02}"
