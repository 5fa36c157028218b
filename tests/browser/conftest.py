"""A real Chromium in front of the real application, which runs as a process of its own."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.helpers import CHROMIUM_FLAGS, ConsoleErrors, Member, sign_up
from tests.support.live_server import LiveServer, serve
from tests.support.slow_line import SlowLine

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The running application; when it has been interrupted, nothing of it may be left."""
    site = serve(tmp_path_factory.mktemp("site") / "data")
    try:
        yield site
        assert site.press_ctrl_c() == 0
        assert site.leftover_pids() == set()
    finally:
        site.destroy()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is: `CHROMIUM` names it, or it is on the path."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert path, "no Chromium on this machine: install one, or name it in CHROMIUM"
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> Iterator[ConsoleErrors]:
    """Fails the test for whatever a page complains of; `watch.expect(…)` names what it may."""
    console_errors = ConsoleErrors()
    yield console_errors
    assert console_errors.complaints() == []


@pytest.fixture
def open_context(
    browser: Browser, site: LiveServer, console_errors: ConsoleErrors
) -> Iterator[Callable[..., BrowserContext]]:
    """Make fresh, watched contexts, which end with the test."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        defaults = {
            "base_url": site.url,
            "timezone_id": "Europe/Berlin",
            "locale": "en-GB",
            "reduced_motion": "reduce",
        }
        context = browser.new_context(**{**defaults, **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        console_errors.attach(context)
        opened.append(context)
        return context

    yield make
    console_errors.stop()  # closing a page breaks off what it was asking for
    for context in opened:
        context.close()


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A visitor's page, nothing loaded yet."""
    return open_context().new_page()


@pytest.fixture
def member(page: Page) -> Member:
    """Somebody who has just signed up and whose page shows nothing yet."""
    return sign_up(page)


@pytest.fixture
def line(site: LiveServer) -> Iterator[SlowLine]:
    """The way to the site; it is fast until its latency is set."""
    line = SlowLine(site.port)
    yield line
    line.close()


@pytest.fixture
def visit(
    open_context: Callable[..., BrowserContext], line: SlowLine, console_errors: ConsoleErrors
) -> Callable[[bool], Page]:
    """Open a browser at the end of the line."""
    console_errors.expect("net::ERR_ABORTED")

    def open_page(script: bool) -> Page:
        context = open_context(base_url=line.url, java_script_enabled=script)
        return context.new_page()

    return open_page
