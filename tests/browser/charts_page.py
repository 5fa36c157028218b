"""What the tests of the charts share: somebody with a year of moods, and where things lie."""

from datetime import date, timedelta

from playwright.sync_api import Locator, Page

Box = dict[str, float]
BOX = """element => {
    const {x, y, width, height} = element.getBoundingClientRect();
    return {x, y, width, height}; }"""


def look_around(page: Page) -> Page:
    """Open the dashboard of somebody with a year of moods."""
    page.goto("/")
    page.get_by_role("button", name="sample data").click()
    page.wait_for_url("**/dashboard")
    return page


def box_of(element: Locator) -> Box:
    """Where an element lies on the screen."""
    box: Box = element.evaluate(BOX)
    return box


def today_of(page: Page) -> date:
    return date.fromisoformat(page.locator("#stats").get_attribute("data-today") or "")


def day(page: Page, chart: str, ago: int) -> Locator:
    """The link of a day in `.year` or `.trend`."""
    return page.locator(f'{chart} .days a[href$="/{today_of(page) - timedelta(ago)}"]')
