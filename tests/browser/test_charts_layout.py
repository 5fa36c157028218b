"""How the charts and the grid are laid out at every width, and with large text."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts_page import BOX, Box, box_of, look_around

pytestmark = pytest.mark.browser

WIDTHS = (320, 360, 390, 768, 1120, 1280)


@pytest.fixture
def dashboard(page: Page) -> Page:
    return look_around(page)


def boxes(page: Page, selector: str) -> list[Box]:
    found: list[Box] = page.locator(selector).evaluate_all(f"all => all.map({BOX})")
    return found


def inside(inner: Box, outer: Box) -> bool:
    ends = outer["x"] + outer["width"]
    return inner["x"] >= outer["x"] and inner["x"] + inner["width"] <= ends


def gaps(row: list[Box]) -> list[float]:
    """How far each box lies to the right of the one before."""
    ordered = sorted(row, key=lambda box: box["x"])
    return [b["x"] - a["x"] - a["width"] for a, b in pairwise(ordered)]


def label_boxes(page: Page, selector: str) -> list[Box]:
    """The boxes of texts, not of the cells in which they stand."""
    measure = f"""elements => elements.map((element) => {{
        const range = document.createRange(); range.selectNodeContents(element);
        return ({BOX})(range); }})"""
    found: list[Box] = page.locator(selector).evaluate_all(measure)
    return [box for box in found if box["width"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_charts_fit_and_nothing_in_them_meets(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 900})
    expect(dashboard.locator(".x-axis text").first).to_be_visible()
    year = box_of(dashboard.locator(".year"))
    squares = boxes(dashboard, ".year td a")
    assert len(squares) == 365
    assert {(box["width"], box["height"]) for box in squares} == {(squares[0]["width"],) * 2}
    assert all(inside(box, year) for box in squares)
    rows = {box["y"] for box in squares}
    assert len(rows) == (7 if width >= 768 else 21)
    names = label_boxes(dashboard, ".year [scope=col]")
    assert len(names) >= 11
    assert all(inside(name, year) for name in names)
    for y in {name["y"] for name in names}:
        assert min(gaps([name for name in names if name["y"] == y])) >= 4
    dashboard.wait_for_function(
        """() => { const shown = [...document.querySelectorAll('.x-axis text:not([hidden])')]
            .map((label) => label.getBoundingClientRect());
            return shown.slice(1).every((box, i) => box.left - shown[i].right >= 8); }"""
    )
    assert dashboard.locator(".x-axis text").last.is_visible()
    plot = box_of(dashboard.locator(".plot"))
    ends = [box["x"] + box["width"] for box in squares]
    assert min(box["x"] for box in squares) == pytest.approx(plot["x"], abs=0.1), "one axis"
    assert max(ends) == pytest.approx(plot["x"] + plot["width"], abs=0.5), "flush at the end"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_words_below_a_number_stay_in_its_tile(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 900})
    mood = dashboard.locator(".tiles dl > div").nth(1)
    expect(mood.locator("dt")).to_have_text("Mood yesterday")
    expect(mood.locator(".caption")).to_have_text(re.compile(r"^7-day mean [\d.]+$"))
    tile = box_of(mood)
    assert all(
        inside(box, tile)
        for box in label_boxes(dashboard, ".tiles div:nth-child(2) > :is(dt, .caption)")
    )


def test_the_grid_of_a_wide_page(dashboard: Page) -> None:
    for width in (1120, 1280):
        dashboard.set_viewport_size({"width": width, "height": 900})
        box = {
            name: box_of(dashboard.locator(f".{name}").first)
            for name in ("checkin", "tiles", "recent", "plan", "trend", "year")
        }
        assert box["tiles"]["y"] == box["checkin"]["y"]
        foot = box["plan"]["y"] + box["plan"]["height"]
        assert box["checkin"]["y"] + box["checkin"]["height"] == pytest.approx(foot, abs=0.1)
        full = box["plan"]["x"] + box["plan"]["width"] - box["checkin"]["x"]
        for chart in ("trend", "year"):
            assert box[chart]["x"] == box["checkin"]["x"]
            assert box[chart]["width"] == pytest.approx(full, abs=0.1)
            assert box[chart]["y"] > foot
        dashboard.mouse.wheel(0, 5000)
        dashboard.wait_for_function("() => scrollY > 200")
        below = box_of(dashboard.locator(".plan"))
        assert below["y"] + below["height"] <= box_of(dashboard.locator(".trend"))["y"]
        dashboard.evaluate("scrollTo(0, 0)")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plan_card_is_filled(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 900})
    card, body, meter = (
        box_of(dashboard.locator(one))["width"] for one in (".plan", ".plan-body", ".meter")
    )
    padding = 2 * float(
        dashboard.locator(".plan").evaluate(
            "card => parseFloat(getComputedStyle(card).paddingLeft)"
        )
    )
    assert body == pytest.approx(card - padding - 2, abs=0.1)
    assert meter == pytest.approx(body, abs=0.1)


@pytest.mark.parametrize("path", ["/dashboard", "/"])
def test_large_text_never_scrolls_sideways(dashboard: Page, path: str) -> None:
    if path == "/":
        dashboard.context.clear_cookies()
    dashboard.goto(path)
    dashboard.set_viewport_size({"width": 360, "height": 900})
    dashboard.evaluate("document.documentElement.style.fontSize = '200%'")
    assert dashboard.evaluate("document.documentElement.scrollWidth") <= 360
