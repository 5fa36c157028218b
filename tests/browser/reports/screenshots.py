"""The pictures in the README: `make screenshots` makes them anew from sample data."""

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUMS
from tests.browser.helpers import CHROMIUM_FLAGS, sign_up
from tests.support.live_server import serve

DOCS = Path("docs")


def main() -> None:
    """Write docs/*.png."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = serve(Path(folder) / "data")
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
            take(browser, site.url)
            browser.close()
            site.press_ctrl_c()
        finally:
            site.destroy()


def take(browser: Browser, url: str) -> None:
    """Take the four pictures."""
    used(browser, url, "dashboard", 1280, "light")
    used(browser, url, "dashboard-dark", 1280, "dark")
    used(browser, url, "dashboard-phone", 360, "light")
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_up(page)
    page.goto("/dashboard")
    page.locator("#stats").wait_for()
    page.screenshot(path=DOCS / "dashboard-new.png", full_page=True)
    context.close()


def used(browser: Browser, url: str, name: str, width: int, scheme: str) -> None:
    """Picture the dashboard of somebody who has used it for a year and has just checked in."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        timezone_id="Europe/London",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="sample data").click()
    page.wait_for_url("**/dashboard")
    page.locator("#score").fill("7.5")
    page.locator("#mood-save").click()
    page.locator("#mood-saved").wait_for()
    page.locator('[data-stat="mood_score"]', has_text="7.5").wait_for()
    page.screenshot(path=DOCS / f"{name}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    main()
